"""The names of labels that a Dockerfile sets: those that begin with ``hershy.`` are hershy's own."""

from collections.abc import Iterator

from .dockerfile import SPACE, Dockerfile, Instruction, doubt

RESERVED = "hershy."
_QUOTING = str.maketrans("", "", "'\"\\`")


def require_own_labels(dockerfile: Dockerfile) -> None:
    """Raise InvalidValue, naming the line, for a ``LABEL`` of hershy's, or whose name only a builder could tell."""
    for instruction in dockerfile.instructions:
        subject = instruction.triggered if instruction.word == "ONBUILD" else instruction
        if subject.word == "LABEL":
            for name in _names(subject, dockerfile.escape):
                _require(name, instruction.line)


def _require(written: str, line: int) -> None:
    name = written.translate(_QUOTING)
    if name.lower().startswith(RESERVED):
        raise doubt(line, f"LABEL {name!r:.80}: labels that begin with '{RESERVED}' are hershy's own")
    if "$" in name:
        raise doubt(line, f"LABEL {name!r:.80}: write the label's name out, so that it can be told before the build")


def _names(instruction: Instruction, escape: str) -> Iterator[str]:
    # Builders differ on whether an escape counts inside single quotes; a name in either reading is one.
    for escapes_in in ("\"'", '"'):
        words = list(_words(instruction.rest, escape, escapes_in))
        if words and "=" not in words[0]:
            yield words[0]  # the old form: a name, and all the rest is its value
        else:
            yield from (word.partition("=")[0] for word in words)


def _words(text: str, escape: str, escapes_in: str) -> Iterator[str]:
    word: list[str] = []
    quote = ""
    chars = iter(text)
    for char in chars:
        if not quote and char in SPACE:
            if word:
                yield "".join(word)
            word = []
            continue
        word.append(char)
        if char == escape and (not quote or quote in escapes_in):
            word.append(next(chars, ""))
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
    if word:
        yield "".join(word)
