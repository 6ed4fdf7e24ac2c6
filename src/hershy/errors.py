"""Every error hershy raises, in this process and as a client of a Host, as one tree.

    HershyError
    ├── InvalidValue (also ValueError)          a value breaks its type's rules; nothing has changed
    │   ├── ConfigurationError                  settings name something that does not exist or does not fit
    │   ├── TooLarge                            a request is larger than the Host accepts
    │   └── UnfitDirectory                      a directory cannot be built from
    ├── Unauthorized                            nobody has been told apart: no token, or one that is not valid
    ├── Forbidden                               this caller may not do that
    ├── NotFound
    │   ├── ProgramNotFound                     no program has this id
    │   ├── TokenNotFound                       no API token has this id
    │   ├── ContainerNotFound                   the runtime has no such container
    │   └── ImageNotFound                       the image of this build is gone
    ├── Conflict
    │   ├── IllegalTransition                   the state machine has no row for (state, event)
    │   │   ├── ProgramNotRunning               stop or restart of a program that is not running
    │   │   └── ProgramNotReady                 the proxy was asked for a program that is not Ready
    │   ├── AlreadyExists                       an id is registered twice
    │   ├── StaleVersion                        somebody else saved this program first
    │   ├── PortHeld                            another process holds the publish port
    │   └── StorageInUse                        another Host holds the storage root
    ├── ProgramFailed                           a program waited for has ended up in Error or Stopped instead
    ├── QuotaExceeded                           a limit is reached (ports, programs, calls)
    ├── BuildError                              the image could not be built; carries the last output lines
    ├── RuntimeFailure                          the engine refused or failed an operation on a container
    │   └── ContractViolation                   the engine made a container that breaks a security contract
    ├── Unavailable                             a dependency does not answer
    │   ├── EngineUnavailable                   the container engine does not answer
    │   ├── RepositoryUnavailable               the database does not answer, or cannot write
    │   ├── HostUnreachable                     no Host answers at the client's URL
    │   │   └── HostTimeout                     … within the deadline; it may still carry the request out
    │   └── ProgramUnreachable                  the program does not answer through the proxy
    │       └── ProgramTimeout                  … within its deadline
    ├── DeadlineExceeded (also TimeoutError)    an operation of hershy's own ran out of time
    │   └── WaitTimeout                         a program did not reach a state in time; it goes on
    ├── HostFailure                             the Host answered with a status that stands for nothing above
    └── UnexpectedAnswer                        what answers at the client's URL does not speak the Host API

Adapters translate their vendor's errors into these and keep the cause (``raise … from``). A client raises what the Host
has raised: the type's name travels in the answer, and ``FIELDS`` with it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, SupportsInt

FIELDS = ("program_id", "state", "event", "remedy", "detail")
"""What an error tells beside its message, where it knows; each is a text."""


class HershyError(Exception):
    """Root of the tree: catch this to catch everything hershy raises on purpose.

    ``message`` is what is wrong, ``detail`` more of it (which one, in which state) and ``remedy`` what to do about it,
    both empty where nothing is known; as text, an error is all three. ``status`` and ``reason`` are the HTTP status and
    its phrase where a Host has answered with this error, None and empty where it was raised in this process.
    """

    remedy: str = ""
    detail: str = ""
    status: int | None = None
    reason: str = ""

    def __init__(self, *args: object, detail: str = "", remedy: str = "") -> None:
        super().__init__(*args)
        if detail:
            self.detail = detail
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.explanation}; {self.remedy}" if self.remedy else self.explanation

    @property
    def message(self) -> str:
        return super().__str__()

    @property
    def explanation(self) -> str:
        """The message, and of the detail what the message does not say already."""
        return f"{self.message}: {self.detail}" if self.detail and self.detail not in self.message else self.message

    @property
    def fields(self) -> Mapping[str, str]:
        """Those of ``FIELDS`` that this error has."""
        found = {name: getattr(self, name, "") for name in FIELDS}
        return {name: str(value) for name, value in found.items() if value}

    @classmethod
    def restored(cls, message: str, **attributes: Any) -> Self:
        """Make an error of this type from its message and attributes, past its constructor."""
        error: Self = _restored(cls, (message,), attributes)
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception's own calls the constructor with the message alone, which fails where that takes more.
        return _restored, (type(self), self.args, dict(self.__dict__))


def _restored(cls: Any, args: tuple[Any, ...], attributes: Mapping[str, Any]) -> Any:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


class InvalidValue(HershyError, ValueError):
    """A value breaks the rules of its type. Raised before anything has changed."""


class ConfigurationError(InvalidValue):
    """A setting names an adapter that is not installed, or adapters that do not fit together."""


class TooLarge(InvalidValue):
    """The request is larger than the Host accepts. Nothing has changed."""


class UnfitDirectory(InvalidValue):
    """A directory cannot be built from; the message names the file and the remedy."""


class Unauthorized(HershyError):
    """The caller has shown no credential, or one that is unknown, expired or revoked. Which, nobody is told."""


class Forbidden(HershyError):
    """The caller is known and may not do that."""


class NotFound(HershyError):
    """What was asked for does not exist."""


class ProgramNotFound(NotFound):
    """No program is registered under this id."""

    program_id: str = ""

    def __init__(self, program_id: object, why: str = "") -> None:
        self.program_id = str(program_id)
        super().__init__(
            f"program not found: {program_id}" + (f" {why}" if why else ""),
            remedy="'hershy ls' and GET /programs list those there are",
        )


class TokenNotFound(NotFound):
    """No API token has this id."""

    token_id: str = ""

    def __init__(self, token_id: object) -> None:
        self.token_id = str(token_id)
        super().__init__(f"token not found: {token_id}", remedy="'hershy token ls' lists those there are")


class ContainerNotFound(NotFound):
    """The runtime has no such container (any more)."""

    container_id: str = ""

    def __init__(self, container_id: object) -> None:
        self.container_id = str(container_id)
        super().__init__(f"container not found: {container_id}")


class ImageNotFound(NotFound):
    """The image is not in the engine's store; building again makes it."""

    image: str = ""

    def __init__(self, image: object, *, detail: str = "", remedy: str = "") -> None:
        self.image = str(image)
        super().__init__(f"image not found: {image}", detail=detail, remedy=remedy)


class Conflict(HershyError):
    """The request does not fit the present state of things; nothing has changed."""


class IllegalTransition(Conflict):
    """The state machine has no row for this event in this state."""

    program_id: str = ""
    state: str = ""
    event: str = ""

    def __init__(self, program_id: object, state: object, event: str, remedy: str = "") -> None:
        self.program_id = str(program_id)
        self.state = str(state)
        self.event = event
        super().__init__(self.describe(), detail=f"{program_id} is {state}", remedy=remedy)

    def describe(self) -> str:
        return f"program {self.program_id} is {self.state}: {self.event} is not possible"


class ProgramNotRunning(IllegalTransition):
    """Stop or restart of a program that does not run. The message is this sentence alone: clients compare with it."""

    def describe(self) -> str:
        return "program not running"


class ProgramNotReady(IllegalTransition):
    """The proxy was asked for a program that has not become Ready."""

    def describe(self) -> str:
        return "program not ready"


class AlreadyExists(Conflict):
    """Something is registered under this id already."""


class StaleVersion(Conflict):
    """The stored program is newer than the one being saved."""


class PortHeld(Conflict):
    """Somebody else on this machine listens on the publish port: the engine's own bind error."""

    port: int = 0

    def __init__(self, port: SupportsInt) -> None:
        self.port = int(port)
        super().__init__(f"port {port} is held by another process on this machine")


class StorageInUse(Conflict):
    """Another Host works on this storage root."""


class ProgramFailed(HershyError):
    """A program that was waited for came to rest in a state that was not waited for."""

    program_id: str = ""
    state: str = ""
    error_msg: str = ""

    def __init__(self, program_id: object, state: object, error_msg: str) -> None:
        self.program_id = str(program_id)
        self.state = str(state)
        self.error_msg = error_msg
        super().__init__(f"program {program_id} is {state}" + (f": {error_msg}" if error_msg else ""))


class QuotaExceeded(HershyError):
    """A configured limit is reached; freeing something makes room, or ``retry_after_s``, where it is known."""

    retry_after_s: float | None = None

    def __init__(self, *args: object, retry_after_s: float | None = None, detail: str = "", remedy: str = "") -> None:
        super().__init__(*args, detail=detail, remedy=remedy)
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s


class BuildError(HershyError):
    """The image could not be built.

    ``tail`` holds the last lines of the build's output, oldest first: the failing step and what it printed.
    """

    tail: tuple[str, ...] = ()

    def __init__(self, message: str, tail: Sequence[str] = (), *, remedy: str = "") -> None:
        self.tail = tuple(tail)
        super().__init__("\n".join([message, *self.tail]), remedy=remedy)


class RuntimeFailure(HershyError):
    """The engine refused or failed an operation on a container."""


class ContractViolation(RuntimeFailure):
    """The engine's own account of a container differs from the contract. The container has been removed."""


class Unavailable(HershyError):
    """A dependency does not answer; the same request may succeed later."""


class EngineUnavailable(Unavailable):
    """The container engine does not answer."""


class RepositoryUnavailable(Unavailable):
    """The database does not answer, or cannot write."""


class HostUnreachable(Unavailable):
    """No Host answers at ``url``. ``was_asked`` False: there was no connection, so that nothing has been asked."""

    url: str = ""
    was_asked: bool = True
    remedy = "start one with 'hershy serve', or name another with --url or HERSHY_URL"

    def __init__(self, url: str, why: str, *, was_asked: bool = True) -> None:
        self.url = url
        self.was_asked = was_asked
        super().__init__(f"no Host answers at {url} ({why})")


class HostTimeout(HostUnreachable):
    """The Host accepted the request and did not answer within the deadline; it may still carry it out."""


class ProgramUnreachable(Unavailable):
    """The program's port does not answer an HTTP request."""


class ProgramTimeout(ProgramUnreachable):
    """The program accepted a request and did not answer within the deadline."""


class DeadlineExceeded(HershyError, TimeoutError):
    """An operation of hershy's own did not end within its deadline."""


class WaitTimeout(DeadlineExceeded):
    """The program did not reach the state in time. It goes on; waiting again is possible."""

    program_id: str = ""

    def __init__(self, program_id: str, wanted: str, seconds: float) -> None:
        self.program_id = program_id
        super().__init__(f"program {program_id} did not become {wanted} within {seconds:g} s; it goes on")


class HostFailure(HershyError):
    """The Host answered with an error that this version of the client has no type for; ``status`` says which."""


class UnexpectedAnswer(HershyError):
    """Something answers at the client's URL that does not speak the Host API."""
