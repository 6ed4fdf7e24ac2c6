"""What 'hershy run' is given, read and made a job."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import typer

from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import MAX_INPUT_BYTES, SandboxJob, SandboxLimits

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Given:
    """As on the command line; ``limits`` by their names on the wire."""

    words: Sequence[str]
    image: str
    env: Mapping[str, str]
    stdin: str | None
    files: Sequence[str]
    collect: Sequence[str]
    limits: Mapping[str, float]

    @property
    def is_command(self) -> bool:
        """Whether the words are one of the image's commands, and not the name of a file with code and arguments."""
        return bool(self.image) and self.words[0] != STDIN and not self.words[0].endswith(".py")


def job_of(given: Given) -> SandboxJob:
    """Raises a usage error for what cannot be read, and for what breaks a rule of the domain."""
    if not given.words:
        raise typer.BadParameter(
            "give a file with Python code, - for stdin; or --image IMAGE -- COMMAND", param_hint="FILE"
        )
    reads_code = not given.is_command
    if reads_code and given.words[0] == given.stdin == STDIN:
        raise typer.BadParameter("stdin cannot be both the code and its input", param_hint="--input")
    try:
        return SandboxJob(
            code=_code(given.words[0]) if reads_code else None,
            command=() if reads_code else given.words,
            image=given.image,
            args=given.words[1:] if reads_code else (),
            files=_files(given.files),
            stdin=b"" if given.stdin is None else _content("--input", given.stdin),
            env=given.env,
            collect=given.collect,
            limits=_limits(given.limits),
        )
    except InvalidValue as error:
        raise typer.BadParameter(str(error)) from error


def _code(file: str) -> str:
    try:
        return _content("FILE", file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(
            f"{file} is not UTF-8: {error.reason} at byte {error.start}", param_hint="FILE"
        ) from error


def _files(given: Sequence[str]) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    for text in given:
        before, equals, after = text.rpartition("=")
        path, name = (before, after) if equals and not Path(text).exists() else (text, Path(text).name)
        if name in files:
            raise typer.BadParameter(
                f"{name} is given twice; name one of them another, with PATH=NAME", param_hint="--file"
            )
        files[name] = _content("--file", path)
    return files


def _content(option: str, path: str) -> bytes:
    """At most one byte more than any job may hold, whatever the file is."""
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(MAX_INPUT_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from error


def _limits(given: Mapping[str, float]) -> SandboxLimits:
    limits = dict(given)
    seconds = limits.pop("timeout_s", None)
    time = {} if seconds is None else {"timeout": timedelta(seconds=seconds)}
    return SandboxLimits(**time, **limits)  # type: ignore[arg-type] # SandboxLimits looks at each itself
