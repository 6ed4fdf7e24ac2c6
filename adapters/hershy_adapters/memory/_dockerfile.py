"""Reads a Dockerfile as far as the in-memory builder acts on it."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hershy.errors import BuildError

# fmt: off
_INSTRUCTIONS = frozenset([
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
])
# fmt: on
_WITH_HERE_DOCUMENTS = frozenset({"ADD", "COPY", "RUN"})
_HERE_DOCUMENT = re.compile(r"<<(-?)([\"']?)(\w+)\2")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s*")


@dataclass(frozen=True, slots=True)
class Instruction:
    """``flags`` are the leading ``--name=value``; ``arguments`` the rest of the line, an exec form joined."""

    word: str
    flags: Sequence[str]
    arguments: str
    text: str


def parse(dockerfile: str) -> Sequence[Instruction]:
    """The instructions in order. Raises BuildError for what a real builder does not accept either."""
    instructions: list[Instruction] = []
    for number, line in _logical_lines(dockerfile):
        word, _, rest = line.partition(" ")
        word = word.upper()
        if word not in _INSTRUCTIONS:
            raise BuildError(f"dockerfile parse error on line {number}: unknown instruction: {word}")
        if word not in ("FROM", "ARG") and not any(each.word == "FROM" for each in instructions):
            raise BuildError(f"no build stage in current context: {word} on line {number} comes before FROM")
        if not rest.strip():
            raise BuildError(f"dockerfile parse error on line {number}: {word} requires at least one argument")
        instructions.append(_instruction(word, rest.strip(), line))
    if not any(each.word == "FROM" for each in instructions):
        raise BuildError("the Dockerfile has no FROM, so there is nothing to build")
    return instructions


def _instruction(word: str, rest: str, text: str) -> Instruction:
    flags = []
    while flag := _FLAG.match(rest):
        flags.append(flag[1])
        rest = rest[flag.end() :]
    if rest.startswith("["):
        # What is not an exec form after all is a shell command, as a real builder takes it.
        with suppress(ValueError, TypeError):
            rest = " ".join(json.loads(rest))
    return Instruction(word, flags, rest, text)


def _logical_lines(dockerfile: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined, comments and here-documents dropped, each with its first line's number."""
    lines = iter(enumerate(dockerfile.splitlines(), start=1))
    joined, first = "", 0
    for number, raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        first = first if joined else number
        if line.endswith("\\"):
            joined += line[:-1].rstrip() + " "
            continue
        joined += line
        yield first, re.sub(r"\s+", " ", joined, count=1)
        if joined.split(None, 1)[0].upper() in _WITH_HERE_DOCUMENTS:
            for dash, _, end in _HERE_DOCUMENT.findall(joined):
                _skip_here_document(lines, end, has_indent=bool(dash))
        joined = ""
    if joined:
        yield first, joined.rstrip()


def _skip_here_document(lines: Iterator[tuple[int, str]], end: str, *, has_indent: bool) -> None:
    for _, line in lines:
        if (line.lstrip("\t") if has_indent else line) == end:
            return
