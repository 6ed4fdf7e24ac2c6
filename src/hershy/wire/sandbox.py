"""Code that runs once, as the HTTP API has it: what is sent, and what is answered."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from hershy.core.texts import require_utf8
from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.sandbox.domain.risk import LintFinding, Reason, Verdict

from .plan import About, Body
from .reading import require_known


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Content(Body):
    """Text, or any bytes in base64. Text alone may stand in its place."""

    content: str
    encoding: Encoding | str = Encoding.UTF_8


@dataclass(frozen=True, slots=True)
class FileView:
    """``encoding``: ``utf-8``, or ``base64`` for what is not. ``size`` in bytes."""

    content: str
    encoding: Encoding | str
    size: int = 0


@dataclass(frozen=True, slots=True)
class NewRun(Body):
    """What is run, once: Python ``code``, or the ``command`` of an image; what is left out is left to the Host.

    Raises InvalidValue for a name in ``limits`` that there is not.
    """

    code: Annotated[str | None, About("Python, run as `main.py`")] = None
    files: Annotated[Mapping[str, str | Content] | None, About("laid into `/work`, by relative POSIX path")] = None
    command: Sequence[str] | None = None
    image: Annotated[str | None, About("one that the engine has; the Host's own for Python without it")] = None
    args: Annotated[Sequence[str] | None, About("for `code`")] = None
    stdin: str | Content | None = None
    env: Mapping[str, str] | None = None
    collect: Annotated[Sequence[str] | None, About("files and folders of `/work` to bring back; `.` is all")] = None
    limits: Annotated[
        SandboxLimits | Mapping[str, float] | None, About("what is left out is as the Host has it", of=SandboxLimits)
    ] = None
    check: Annotated[bool | None, About("false: run it whatever it scores")] = None
    threshold: Annotated[int | None, About("refuse code of so many points and above")] = None

    def __post_init__(self) -> None:
        require_known("limits", self.limits, SandboxLimits)


@dataclass(frozen=True, slots=True)
class NewScore(Body):
    """What is looked at: ``code``, ``files`` whose names end in ``.py``, or both."""

    code: Annotated[str | None, About("Python, as `main.py`")] = None
    files: Annotated[Mapping[str, str | Content] | None, About("by relative POSIX path")] = None


@dataclass(frozen=True, slots=True)
class RiskInfo:
    """How risky code looks. ``threshold`` None: it is run whatever its score.

    ``unreadable`` says why it could not be read; ``lint`` is what another tool has found, which gives no points.
    """

    SCHEMA: ClassVar[str] = "RiskView"

    score: int
    verdict: Verdict | str
    threshold: int | None = None
    unreadable: str = ""
    reasons: Sequence[Reason] = ()
    lint: Sequence[LintFinding] = ()


@dataclass(frozen=True, slots=True)
class RunView:
    """How a run has ended. Code that was refused is a result too, its outcome ``refused``."""

    outcome: Outcome | str
    message: str
    stdout: Annotated[str, About("what is not UTF-8 is U+FFFD; the bytes are in `stdout_base64` then")]
    stderr: str
    duration_s: float
    files: Mapping[str, FileView]
    exit_code: int | None = None
    stdout_base64: Annotated[str | None, About("only where `stdout` is not all of it")] = None
    stderr_base64: Annotated[str | None, About("likewise")] = None
    output_is_cut: bool = False
    cpu_time_s: float | None = None
    peak_memory_bytes: int | None = None
    exception: PythonError | None = None
    files_left_out: Sequence[str] = ()
    was_warm: bool = False
    runtime: str = ""
    risk: RiskInfo | None = None


def encoded(content: bytes | str) -> str | Content:
    """Text as it is, and so are bytes that are UTF-8; others in base64."""
    if isinstance(content, str):
        return content
    try:
        return content.decode()
    except UnicodeDecodeError:
        return Content(in_base64(content), Encoding.BASE64)


def decoded(content: str | Content | FileView, what: str) -> bytes:
    """Raises InvalidValue, naming ``what``, for what is not base64 or cannot be UTF-8."""
    if isinstance(content, str):
        content = Content(content)
    if content.encoding == Encoding.BASE64:
        return from_base64(content.content, what)
    require_utf8(what, content.content)
    return content.content.encode()


def in_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def from_base64(text: str, what: str) -> bytes:
    """Raises InvalidValue, naming ``what``."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidValue(f"{what}: is not base64: {str(error)[:1].lower()}{str(error)[1:]}") from error
