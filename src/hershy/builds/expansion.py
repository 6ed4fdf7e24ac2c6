"""How large variables make a Dockerfile: the engine expands them in its own memory, before any limit on steps holds.

``ENV A=$A$A``, thirty times, is a gigabyte. What is computed here is an upper bound, never the value.
"""

import re

from hershy.errors import InvalidValue

from .dockerfile import Dockerfile, Instruction

MAX_VARIABLES_CHARS = 1024 * 1024
"""Of all values together."""
MAX_COPIED_CHARS = 64 * 1024 * 1024
"""Of the values that all ``RUN`` steps together are given: each has a copy of every one."""
MAX_EXPANDED_CHARS = 4 * 1024 * 1024
"""Of one instruction with its here-documents."""
FROM_ELSEWHERE_CHARS = 1024
"""What the value of a variable that the Dockerfile does not set, but its base image may, is taken to have."""

_REFERENCE = re.compile(r"\$\{?(\w+)")
_REPLACEMENT = re.compile(r"\$\{\w+/")
_ASSIGNED = re.compile(r"(?<!\w)(\w++)=")  # a run of letters is looked at once
_QUOTING = str.maketrans("", "", "'\"\\`")


def require_small(dockerfile: Dockerfile, longest_build_arg: int) -> None:
    """Raise InvalidValue, naming the line, where variables may make more than the bounds above."""
    lengths: dict[str, int] = {}
    copied = 0
    for instruction in dockerfile.instructions:
        size = _expanded_chars(instruction, lengths)
        if size > MAX_EXPANDED_CHARS:
            raise _refusal(instruction)
        if instruction.word in ("ARG", "ENV"):
            for name in _assigned(instruction):
                lengths[name] = max(lengths.get(name, 0), size, longest_build_arg)
            if sum(lengths.values()) > MAX_VARIABLES_CHARS:
                raise _refusal(instruction)
        elif instruction.word == "RUN":
            copied += sum(lengths.values())
            if copied > MAX_COPIED_CHARS:
                raise _refusal(instruction)


def _expanded_chars(instruction: Instruction, lengths: dict[str, int]) -> int:
    size = 0
    for text in (instruction.rest, *(value or "" for _, value in instruction.flags), *instruction.documents):
        size += len(text) + sum(lengths.get(name, FROM_ELSEWHERE_CHARS) for name in _REFERENCE.findall(text))
        if _REPLACEMENT.search(text):  # every character of one may be replaced by all of another
            size *= size
    return size


def _assigned(instruction: Instruction) -> set[str]:
    plain = instruction.rest.translate(_QUOTING)
    return {*_ASSIGNED.findall(plain), *_first_word(plain)}


def _first_word(text: str) -> list[str]:
    match = re.search(r"\w+", text)
    return [match[0]] if match else []


def _refusal(instruction: Instruction) -> InvalidValue:
    return InvalidValue(
        f"dockerfile, line {instruction.line}: variables may grow too large here", remedy="put long texts into files"
    )
