"""The bodies of the sandbox's calls: what may be in them, and how they are read."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator

from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits

from .bodies import Body, Seconds, durations, parse_object, validated


class Content(Body):
    """Text, or any bytes in base64. Text alone may stand in its place."""

    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"

    def to_bytes(self, what: str) -> bytes:
        """Raises InvalidValue, naming ``what``."""
        if self.encoding == "utf-8":
            return self.content.encode()
        try:
            return base64.b64decode(self.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidValue(f"{what}: is not base64: {str(error)[:1].lower()}{str(error)[1:]}") from error


class LimitsBody(Body):
    """Bounds of the run; what is left out is as the Host has it."""

    timeout_s: Seconds | None = Field(None, description="wall-clock time")
    cpus: float | None = Field(None, description="cores; 0.5 is half of one")
    memory_bytes: int | None = Field(None, description="all there is, what lies in `/work` included")
    pids: int | None = None
    open_files: int | None = None
    output_bytes: int | None = Field(None, description="standard output and standard error together")
    work_bytes: int | None = Field(None, description="what `/work` holds")
    files_bytes: int | None = Field(None, description="what is collected")


def _as_object(value: object) -> object:
    return {"content": value} if isinstance(value, str) else value


class _Sources(Body):
    code: str | None = Field(None, description="Python, run as `main.py`")
    files: dict[str, Content] | None = Field(None, description="laid into `/work`, by relative POSIX path")

    @field_validator("files", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        return {path: _as_object(it) for path, it in value.items()} if isinstance(value, dict) else value

    def contents(self) -> Mapping[str, bytes]:
        return {path: it.to_bytes(f"files[{path!r:.80}]") for path, it in (self.files or {}).items()}


class NewRun(_Sources):
    """What is run, once: Python ``code``, or the ``command`` of an image."""

    command: list[str] | None = None
    image: str | None = Field(None, description="one that the engine has; the Host's own for Python without it")
    args: list[str] | None = Field(None, description="for `code`")
    stdin: Content | None = None
    env: dict[str, str] | None = None
    collect: list[str] | None = Field(None, description="files and folders of `/work` to bring back; `.` is all of it")
    limits: LimitsBody | None = None
    # Called so here, `check` would hide a method of every model.
    is_checked: bool | None = Field(None, alias="check", description="false: run it whatever it scores")
    threshold: int | None = Field(None, description="refuse code of so many points and above")

    @field_validator("stdin", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        return _as_object(value)

    def to_job(self) -> SandboxJob:
        """Raises InvalidValue where a value breaks a rule of the domain."""
        return SandboxJob(
            self.code,
            self.command or (),
            self.image or "",
            self.args or (),
            self.contents(),
            self.stdin.to_bytes("stdin") if self.stdin else b"",
            self.env or {},
            self.collect or (),
            SandboxLimits(**durations(self.limits)),
        )


class NewScore(_Sources):
    """What is looked at: ``code``, ``files`` whose names end in ``.py``, or both."""

    def to_job(self) -> SandboxJob:
        """As something that could be run. Raises InvalidValue."""
        files = self.contents()
        if self.code is None and not any(path.endswith(".py") for path in files):
            raise InvalidValue("code is required, or files with one among them whose name ends in .py")
        return SandboxJob(self.code, () if self.code is not None else ("python3",), files=files)


@dataclass(frozen=True, slots=True)
class Asked:
    """``threshold`` None: the Host's own."""

    job: SandboxJob
    check: bool
    threshold: int | None


def read_run(body: bytes) -> Asked:
    """Raises InvalidValue, its message one sentence naming the field."""
    run = validated(NewRun, parse_object(body))
    return Asked(run.to_job(), run.is_checked is not False, run.threshold)


def read_score(body: bytes) -> SandboxJob:
    """Raises InvalidValue likewise."""
    return validated(NewScore, parse_object(body)).to_job()
