"""Reads a Dockerfile as builders do, as far as telling what it would fetch needs.

Where builders differ, or where this reader would have to guess, it raises InvalidValue: whoever wrote the Dockerfile
may have meant it to be read in two ways. Time is proportional to the text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from hershy.errors import InvalidValue

# fmt: off
INSTRUCTIONS = frozenset([
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
])
# fmt: on
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What builders take for white space. Python's own ``str.split`` and ``splitlines`` know more."""
BLANK = re.compile(r"[\t\v\f\r ]+")

MAX_INSTRUCTIONS = 1000
MAX_FLAGS = 100
"""Of one instruction."""

_WITH_HERE_DOCUMENTS = frozenset({"ADD", "COPY", "RUN"})
_DIRECTIVE = re.compile(r"(#|//)\s*+([a-zA-Z][a-zA-Z0-9]*+)\s*+=\s*+(.+)")
_HERE_DOCUMENT = re.compile(r"\d*<<(-?)([^<]+)", re.DOTALL)
_HERE_NAME = re.compile(r"([\"']?)(\w+)\1", re.ASCII)
_BLANKS = re.compile(f"[{SPACE}]+")
_ONE_WORD = re.compile(r"\$\{[^\s'\"<>{}$`\\]*\}")
"""What stays a part of one word, whatever a builder makes of it."""
_PLAIN_VARIABLE = re.compile(r"\$\{\w+(?::?[-+?][^\s'\"<>{}$`\\]*)?\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Instruction:
    """``flags`` are the leading ``--name=value`` (a value missing is None), ``rest`` what follows them.

    ``line`` is the number of its first line, from 1; ``documents`` are its here-documents in which a builder replaces
    variables: those of ``RUN`` are the shell's, and quoted ones are taken as they stand.
    """

    word: str
    flags: Sequence[tuple[str, str | None]]
    rest: str
    line: int
    documents: Sequence[str] = ()

    @property
    def exec_form(self) -> Sequence[str] | None:
        """The strings of a JSON array, if that is what follows; else None."""
        if not self.rest.startswith("["):
            return None
        try:
            value = json.loads(self.rest)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None

    @property
    def triggered(self) -> "Instruction":
        """What ``ONBUILD`` holds back for the image's children."""
        return _instruction(self.rest, self.line)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """``frontend`` is the image that a ``syntax`` directive names, in any form that BuildKit takes."""

    instructions: Sequence[Instruction]
    frontend: str | None
    escape: str = "\\"

    @classmethod
    def parse(cls, text: str) -> "Dockerfile":
        """Raises InvalidValue, naming the line, for what could be read in two ways, and for too much of it."""
        text = text.removeprefix("\ufeff")
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        directives = _directives(lines)
        frontend = directives.get("syntax", "").split(" ")[0] or None
        if text.lstrip(SPACE).startswith("{"):
            frontend = "{…}"  # JSON can name one too, and is nothing else that a builder would read
        escape = directives.get("escape", "\\")
        if escape not in ("\\", "`"):
            raise doubt(1, f"the escape directive must be a backslash or a backtick, not {escape!r:.80}")
        instructions = tuple(islice(_instructions(lines, escape), MAX_INSTRUCTIONS + 1))
        if len(instructions) > MAX_INSTRUCTIONS:
            raise doubt(instructions[-1].line, f"more than {MAX_INSTRUCTIONS} instructions")
        return cls(instructions, frontend, escape)


def doubt(line: int, what: str, remedy: str = "") -> InvalidValue:
    return InvalidValue(f"dockerfile, line {line}: {what}", remedy=remedy)


def _directives(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    has_first_line = lines[0].startswith("#!")
    is_plain = not has_first_line  # so that every builder, old or new, still looks for directives
    for number, line in enumerate(lines[has_first_line:], start=1 + has_first_line):
        match = _DIRECTIVE.fullmatch(line.strip(SPACE))
        if match is None:
            break
        name, value = match[2].lower(), match[3].strip()
        is_plain = is_plain and line.startswith("#") and name in ("syntax", "escape")
        if name == "escape" and value != "\\" and not is_plain:
            raise doubt(number, "only some builders would read this escape directive", "make it the first line")
        if match[1] == "#" or name == "syntax":
            found.setdefault(name, value)
    return found


def _instructions(lines: Sequence[str], escape: str) -> Iterator[Instruction]:
    numbered = iter(enumerate(lines, start=1))
    for number, raw in numbered:
        line = raw.lstrip(SPACE)
        if line.startswith("#"):
            continue
        text, goes_on = _without_continuation(line, escape, number)
        if not goes_on and not text:
            continue
        pieces = [text]
        while goes_on and (following := next(numbered, None)) is not None:
            stripped = following[1].lstrip(SPACE)
            if stripped and not stripped.startswith("#"):
                text, goes_on = _without_continuation(following[1], escape, following[0])
                pieces.append(text)
        whole = "".join(pieces)
        instruction = _instruction(whole, number)
        documents = []
        for it in _here_documents(instruction, whole, escape):
            text = _here_document(numbered, it, number)
            if it.is_expanded:
                documents.append(text)
        yield replace(instruction, documents=tuple(documents))


def _without_continuation(line: str, escape: str, number: int) -> tuple[str, bool]:
    text = line.rstrip(" \t")
    if not text.endswith(escape):
        return line, False
    if text.endswith(escape * 2):
        raise doubt(number, f"builders differ on whether a line ends at '{escape * 2}'", "put something after it")
    return text[:-1], True


def _instruction(text: str, line: int) -> Instruction:
    word, *arguments = BLANK.split(text.strip(SPACE), maxsplit=1)
    rest = arguments[0].lstrip(SPACE) if arguments else ""
    flags: list[tuple[str, str | None]] = []
    while rest.startswith("--"):
        if len(flags) == MAX_FLAGS:
            raise doubt(line, f"more than {MAX_FLAGS} flags")
        flag, *arguments = re.split(f"[{SPACE}]+", rest, maxsplit=1)
        if not flag.isascii() or any(char in flag for char in "'\"\\`"):
            raise doubt(line, f"write the flag {flag!r:.80} without quotes, escapes and characters beyond ASCII")
        rest = arguments[0] if arguments else ""
        if flag == "--":
            break
        name, has_value, value = flag[2:].partition("=")
        flags.append((name, value if has_value else None))
    return Instruction(word.upper(), flags, rest.rstrip(SPACE), line)


@dataclass(frozen=True, slots=True)
class _HereDocument:
    """``name`` is the line that ends it; ``has_tabs``: tabs before that are not counted."""

    name: str
    has_tabs: bool
    is_expanded: bool


def _here_documents(instruction: Instruction, text: str, escape: str) -> Iterator[_HereDocument]:
    candidates = [word for word in _BLANKS.split(text) if _may_begin_document(word)]
    if not candidates:
        return
    subject = instruction.triggered if instruction.word == "ONBUILD" else instruction
    if subject.word not in _WITH_HERE_DOCUMENTS or subject.exec_form is not None:
        return
    if "${" in _ONE_WORD.sub("", text) or any("${" in _PLAIN_VARIABLE.sub("", word) for word in candidates):
        raise doubt(instruction.line, "'<<' together with '${…}' that holds more than a name and a plain default")
    for word in _words(text, escape, instruction.line):
        match = _HERE_DOCUMENT.fullmatch(word)
        if match is None:
            continue
        name = _HERE_NAME.fullmatch(match[2])
        if name is None or name[2].upper() in INSTRUCTIONS:
            raise doubt(instruction.line, f"end the here-document {word!r:.80} with a plain word, such as EOF")
        yield _HereDocument(name[2], bool(match[1]), is_expanded=subject.word != "RUN" and not name[1])


def _may_begin_document(word: str) -> bool:
    """Whether a builder might take ``word``, which may be a part of a quoted one, for the beginning of one.

    Not ``<<`` by itself, nor ``<<<``, nor what has anything but digits before it, unless braces could make that vanish.
    """
    before, operator, after = word.partition("<<")
    if not operator or not after.removeprefix("-") or ("<" in after and "${" not in after):
        return False
    return not before.strip("0123456789") or "${" in before or "}" in before


def _words(text: str, escape: str, line: int) -> Iterator[str]:
    """The words of a shell command line, with their quotes and escapes."""
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
        if char == escape and quote != "'":
            word.append(next(chars, ""))
        elif char in "'\"" and quote in ("", char):
            quote = "" if quote else char
    if quote:
        raise doubt(line, f"'<<' on a line whose {quote} is not closed")
    if word:
        yield "".join(word)


def _here_document(lines: Iterator[tuple[int, str]], document: _HereDocument, line: int) -> str:
    body: list[str] = []
    for _, text in lines:
        if (text.lstrip("\t") if document.has_tabs else text) == document.name:
            return "\n".join(body)
        body.append(text)
    raise doubt(line, f"the here-document {document.name} has no end")
