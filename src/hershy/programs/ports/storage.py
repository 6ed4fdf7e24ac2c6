"""Storage: the folders of a program, and the identity of the Host that owns them.

Layout below the root: ``{program_id}/{src,meta,state,compose,logs,runtime}/``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hershy.builds.spec import BuildSpec
from hershy.core.ids import OwnerID, ProgramID


class LogKind(StrEnum):
    """Which log: ``logs/build.log`` or ``logs/runtime.log``."""

    BUILD = "build"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True)
class StateVolume:
    """The one place where a program can write. ``handle`` means something to the runtime alone: a folder's absolute
    path where storage and runtime are on one machine."""

    handle: str


@dataclass(frozen=True, slots=True)
class StateUsage:
    """What a program keeps in its state: ``bytes`` as allocated on the disk, ``entries`` of any kind.

    ``unread`` folders could not be looked into, so that both are lower bounds.
    """

    bytes: int
    entries: int
    unread: int = 0


class ProgramLog(ABC):
    """One log of a program. Bounded: beyond the adapter's limit its oldest part is dropped. Raises OSError."""

    @abstractmethod
    async def start(self) -> None:
        """Begin anew, empty."""

    @abstractmethod
    def append(self, lines: Sequence[str]) -> None:
        """Add lines."""

    @abstractmethod
    async def read(self, tail: int | None) -> Sequence[str]:
        """The last ``tail`` lines, oldest first, None for all; empty when there is no log."""


class Storage(ABC):
    """Every method raises OSError as the file system does, except where it says otherwise."""

    @abstractmethod
    async def claim(self) -> OwnerID:
        """Take the root for this Host until ``aclose``; make it if need be. Returns the root's lasting identity.

        Removes what writes and deletions cut short by a crash have left. Raises StorageInUse, naming the holder, while
        another Host has it. Claiming twice returns the same.
        """

    @abstractmethod
    async def identity(self) -> OwnerID:
        """The root's lasting identity, also while another Host has claimed it. Makes the root if need be."""

    @abstractmethod
    async def write_sources(self, program_id: ProgramID, spec: BuildSpec) -> None:
        """Make the program's folders with the sources in ``src`` and the build arguments in ``meta``.

        All or nothing: after an error or a crash half-way, ``read_sources`` raises ProgramNotFound. Once it returns,
        they survive a crash of the machine too. Raises AlreadyExists when the program has folders already.
        """

    @abstractmethod
    async def read_sources(self, program_id: ProgramID) -> BuildSpec:
        """What was written, equal to it. Raises ProgramNotFound."""

    @abstractmethod
    async def prepare_state(self, program_id: ProgramID) -> StateVolume:
        """Make the ``state`` volume, writable by a program's user. Idempotent."""

    @abstractmethod
    async def state_usage(self, program_id: ProgramID, most_entries: int) -> StateUsage:
        """What the ``state`` volume holds; nothing for a program without one.

        A sparse file counts what it has, the bytes of one with several names count once, links are not followed; what
        changes meanwhile may be left out. Work is bounded: beyond ``most_entries`` (or when folders are moved about so
        much that they cannot be counted) it ends with more entries than that, and with the bytes of those seen. Takes
        seconds then; cancel freely.
        """

    @abstractmethod
    def log(self, program_id: ProgramID, kind: LogKind) -> ProgramLog:
        """One of the program's logs, whether there is anything in it or not. Looks at nothing yet."""

    @abstractmethod
    async def delete(self, program_id: ProgramID, *, unless_used: bool = False) -> bool:
        """Remove everything of the program. Idempotent. Cut short by a crash, it is finished by the next ``claim``.

        ``unless_used``: leave it all and return False if the program may have run, since there are logs, or something
        in ``state``; for registrations cut short. True when it is removed or absent.
        """

    @abstractmethod
    async def list_programs(self) -> Sequence[ProgramID]:
        """The programs that have folders, in order."""

    async def aclose(self) -> None:  # noqa: B027 -- many have nothing to release
        """Give the root up. Idempotent; releases also when it fails."""
