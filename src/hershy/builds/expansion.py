"""How large variables make a Dockerfile: the engine expands them in its own memory, before any limit on steps holds.

``ENV A=$A$A``, thirty times, is a gigabyte. What is computed here is an upper bound, never the value. Only what the
builder expands counts: the text of a ``RUN`` is the shell's, in the step, with the step's limits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hershy.errors import InvalidValue

from .dockerfile import Dockerfile, Instruction

MAX_VARIABLES_CHARS = 1024 * 1024
"""Of all values together."""
MAX_COPIED_CHARS = 64 * 1024 * 1024
"""Of the values that all ``RUN`` steps together are given: each has a copy of every one."""
MAX_EXPANDED_CHARS = 4 * 1024 * 1024
"""Of one instruction with its here-documents, and of all that ``ONBUILD`` has repeated."""
FROM_ELSEWHERE_CHARS = 1024
"""What the value of a variable that the Dockerfile does not set, but its base image may, is taken to have."""

_LEFT_TO_THE_STEP = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK", "MAINTAINER", "RUN", "SHELL"})
_REFERENCE = re.compile(r"\$\{?(\w+)")
_REPLACEMENT = re.compile(r"\$\{\w+/")
_PLAIN_REPLACEMENT = re.compile(r"\$\{(\w+)//?[^/{}$]*+/([^/{}$]*+)\}")
_PAIR = re.compile(r"""(\w++)=((?:[^\s"'\\`]|"[^"\\`]*+"|'[^'\\`]*+')*+)(?:\s++|$)""")
_ASSIGNED = re.compile(r"(?<!\w)(\w++)=")  # a run of letters is looked at once
_QUOTING = str.maketrans("", "", "'\"\\`")


def require_small(dockerfile: Dockerfile, longest_build_arg: int) -> None:
    """Raise InvalidValue, naming the line, where variables may make more than the bounds above."""
    growth = _Growth(longest_build_arg)
    triggers: list[Instruction] = []
    for instruction in dockerfile.instructions:
        if instruction.word == "FROM":  # of an earlier stage too: a builder then carries out what that one held back
            growth.repeat(triggers, instruction)
        if instruction.word == "ONBUILD":
            triggers.append(replace(instruction.triggered, documents=instruction.documents))
            growth.add(triggers[-1])
        else:
            growth.add(instruction)


class _Growth:
    """The most that the variables can hold after the instructions added so far."""

    def __init__(self, longest_build_arg: int) -> None:
        self._longest_build_arg = longest_build_arg
        self._lengths: dict[str, int] = {}
        self._total = self._copied = 0
        self._repeated = 0

    def add(self, instruction: Instruction) -> None:
        """Raises InvalidValue, naming the instruction's line."""
        if self._expanded(instruction) > MAX_EXPANDED_CHARS:
            raise _refusal(instruction)
        if instruction.word in ("ARG", "ENV"):
            least = self._longest_build_arg if instruction.word == "ARG" else 0
            for name, text in _assignments(instruction):
                self._set(name, max(self._size(text), least))
            if self._total > MAX_VARIABLES_CHARS:
                raise _refusal(instruction)
        elif instruction.word == "RUN":
            self._copied += self._total
            if self._copied > MAX_COPIED_CHARS:
                raise _refusal(instruction)

    def repeat(self, triggers: Sequence[Instruction], at: Instruction) -> None:
        """Raises InvalidValue, naming the line of ``at`` or of a trigger."""
        self._repeated += sum(len(it.rest) for it in triggers)
        if self._repeated > MAX_EXPANDED_CHARS:
            raise _refusal(at)
        for trigger in triggers:
            self.add(trigger)

    def _set(self, name: str, length: int) -> None:
        before = self._lengths.get(name, 0)
        self._lengths[name] = max(before, length)
        self._total += self._lengths[name] - before

    def _expanded(self, instruction: Instruction) -> int:
        texts = [*(value or "" for _, value in instruction.flags), *instruction.documents]
        if instruction.word not in _LEFT_TO_THE_STEP:
            texts.append(instruction.rest)
        return sum(map(self._size, texts))

    def _size(self, text: str) -> int:
        if "$" not in text:
            return len(text)
        plain = _PLAIN_REPLACEMENT.sub("", text)
        size = len(plain) + sum(map(self._length, _REFERENCE.findall(plain)))
        if _REPLACEMENT.search(plain):  # every character of one may be replaced by all of another
            size *= size
        replaced = ((self._length(name), len(by)) for name, by in _PLAIN_REPLACEMENT.findall(text))
        return size + sum((length + 1) * (by + 1) for length, by in replaced)

    def _length(self, name: str) -> int:
        return self._lengths.get(name, FROM_ELSEWHERE_CHARS)


def _assignments(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """Each name with the text of its value; with all of the instruction's where it cannot be told apart."""
    at, pairs = 0, []
    while match := _PAIR.match(instruction.rest, at):
        pairs.append((match[1], match[2]))
        at = match.end()
    if pairs and at == len(instruction.rest):
        # Of a name that is given again and again the longest value is the most, where none refers to another.
        yield from pairs if "$" in instruction.rest else dict(sorted(pairs, key=_length_of_value)).items()
    else:
        for name in _assigned(instruction.rest):
            yield name, instruction.rest


def _length_of_value(pair: tuple[str, str]) -> int:
    return len(pair[1])


def _assigned(text: str) -> set[str]:
    plain = text.translate(_QUOTING)
    return {*_ASSIGNED.findall(plain), *_first_word(plain)}


def _first_word(text: str) -> list[str]:
    match = re.search(r"\w+", text)
    return [match[0]] if match else []


def _refusal(instruction: Instruction) -> InvalidValue:
    return InvalidValue(
        f"dockerfile, line {instruction.line}: variables may grow too large here", remedy="put long texts into files"
    )
