"""What a Dockerfile would have a builder fetch: images, frontends and files from the network."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .dockerfile import BLANK, SPACE, Dockerfile, Instruction

# Their values depend on the machine that builds.
# fmt: off
_PLATFORM_ARGS = frozenset([
    "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT", "TARGETPLATFORM", "TARGETOS", "TARGETARCH",
    "TARGETVARIANT", "TARGETSTAGE", "TARGETOSVERSION", "BUILDOSVERSION",
])
# fmt: on
_VARIABLE = re.compile(
    r"\$(?:(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<how>:?[-+?])(?P<word>[^${}]*))?\})", re.ASCII
)
_ARG = re.compile(r"([A-Za-z_]\w*)(?:=(?:\"([^\"\\`]*)\"|'([^'\\`$]*)'|([^\s\"'\\`]*)))?(?:[\t\v\f\r ]+|$)", re.ASCII)
_SCRATCH = "scratch"
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*+://|github\.com/", re.IGNORECASE)


class Fetched(StrEnum):
    IMAGE = "image"
    FRONTEND = "frontend"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Source:
    """``name`` is an image's name or a URL with every variable replaced; None where only a builder could tell."""

    kind: Fetched
    name: str | None
    line: int
    written: str


def sources_of(dockerfile: Dockerfile, build_args: Mapping[str, str]) -> Iterator[Source]:
    """Every source in the Dockerfile's order, those of ``ONBUILD`` and of stages that nothing needs included."""
    if dockerfile.frontend is not None:
        yield Source(Fetched.FRONTEND, dockerfile.frontend, 1, f"syntax={dockerfile.frontend}")
    variables = _GlobalArgs(build_args)
    stages: set[str] = set()
    count = 0
    for instruction in dockerfile.instructions:
        if instruction.word == "FROM":
            words = BLANK.split(instruction.rest)
            name = variables.expand(words[0])
            if name is None or (name != _SCRATCH and name.lower() not in stages):
                yield Source(Fetched.IMAGE, name, instruction.line, f"FROM {words[0]}")
            stages.add(str(count))
            count += 1
            if len(words) == 3 and words[1].upper() == "AS":
                stages.add(words[2].lower())
        elif instruction.word == "ARG" and not count:
            variables.declare(instruction.rest)
        else:
            yield from _of_step(instruction, stages)


def _of_step(instruction: Instruction, stages: set[str]) -> Iterator[Source]:
    match instruction.word:
        case "ONBUILD":
            yield from _of_step(instruction.triggered, set())  # its children have stages of their own
        case "FROM":  # after ONBUILD; builders refuse it, and this does not depend on that
            yield Source(Fetched.IMAGE, None, instruction.line, "ONBUILD FROM")
        case "COPY" | "ADD" | "RUN":
            for flag, value in instruction.flags:
                yield from _of_flag(flag, value, instruction, stages)
            if instruction.word == "ADD":
                yield from _of_add(instruction)


def _of_flag(flag: str, value: str | None, instruction: Instruction, stages: set[str]) -> Iterator[Source]:
    written = f"{instruction.word} --{flag}={value}"
    if flag == "from":
        named = [value]
    elif flag == "mount":
        fields = [field.partition("=") for field in (value or "").split(",")]
        named = [found for key, _, found in fields if key.strip(SPACE).lower() == "from"]
    else:
        return
    for name in named:
        if name is None or "$" in name:  # builders that take variables here do so with those of the stage
            yield Source(Fetched.IMAGE, None, instruction.line, written)
        elif name.lower() not in stages and name not in ("", _SCRATCH):
            yield Source(Fetched.IMAGE, name, instruction.line, written)


def _of_add(instruction: Instruction) -> Iterator[Source]:
    words = instruction.exec_form or re.split(f"[{SPACE}]+", instruction.rest)
    for word in words[:-1]:
        plain = re.sub(r"[\"'\\`]", "", word)
        before, dollar, _ = plain.partition("$")
        written = f"ADD {word}"
        if dollar and not before.startswith(("/", "./")):
            # A variable may come from the image that the stage is built on.
            yield Source(Fetched.FILE, None, instruction.line, written)
        elif _is_remote(plain):
            yield Source(Fetched.FILE, plain if plain == word else None, instruction.line, written)


def _is_remote(text: str) -> bool:
    """Whether a builder would fetch it: a URL, or a repository's address as git writes it (``user@host:path``)."""
    _, at, host = text.partition("/")[0].partition("@")
    return _REMOTE.match(text) is not None or (bool(at) and ":" in host)


class _GlobalArgs:
    """The build arguments declared before the first ``FROM``: all that ``FROM`` can refer to."""

    def __init__(self, build_args: Mapping[str, str]) -> None:
        self._build_args = build_args
        self._values: dict[str, str | None] = {}  # "" and None: declared without a value, and beyond this reader
        self._all_readable = True

    def declare(self, rest: str) -> None:
        at = 0
        while at < len(rest):
            match = _ARG.match(rest, at)
            if match is None:
                self._all_readable = False
                return
            self._set(match)
            at = match.end()

    def _set(self, match: re.Match[str]) -> None:
        name, double, single, plain = match.groups()
        if name in _PLATFORM_ARGS:
            self._values[name] = None
        elif name in self._build_args:
            self._values[name] = self._build_args[name]
        elif single is not None:
            self._values[name] = single
        else:
            self._values[name] = self.expand(double if double is not None else plain or "")

    def expand(self, word: str) -> str | None:
        """The word with its variables replaced; None where a builder might come to something else."""
        if not word.isascii() or re.search(r"[\"'\\`]", word):
            return None
        decided = True

        def value_of(match: re.Match[str]) -> str:
            nonlocal decided
            name = match["bare"] or match["name"]
            value = self._values.get(name) if self._all_readable else None
            if value is None:
                decided = False
                return ""
            how, default = match["how"] or "", match["word"] or ""
            if how in ("-", "+") and not value:  # empty, or not set at all?
                decided = False
            if how.endswith("-"):
                return value or default
            if how.endswith("+"):
                return default if value else ""
            return value

        literal = "".join(_VARIABLE.split(word)[:: _VARIABLE.groups + 1])
        expanded = _VARIABLE.sub(value_of, word)
        return expanded if decided and "$" not in literal else None
