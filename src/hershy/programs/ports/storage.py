"""Storage: the folders of a program, and the identity of the Host that owns them.

Layout below the root: ``{program_id}/{src,meta,state,compose,logs,runtime}/``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from hershy.builds.spec import BuildSpec
from hershy.core.ids import OwnerID, ProgramID


class LogKind(StrEnum):
    """Which log: ``logs/build.log`` or ``logs/runtime.log``."""

    BUILD = "build"
    RUNTIME = "runtime"


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
    async def prepare_state(self, program_id: ProgramID) -> Path:
        """Make the ``state`` folder writable by a program's user and return its absolute path. Idempotent."""

    @abstractmethod
    async def write_compose(self, program_id: ProgramID, text: str) -> None:
        """Replace ``compose/compose.yaml``: readers, and whoever looks after a crash, find the old one or the new."""

    @abstractmethod
    async def state_size(self, program_id: ProgramID) -> int:
        """Bytes that the ``state`` folder takes on the disk; 0 for a program without one.

        As allocated: a sparse file counts what it has, one with several names counts once, links are not followed.
        What cannot be read is left out, what changes meanwhile may be. Work is bounded: beyond the adapter's limit
        (at least 1 000 000 entries) it is what has been counted so far, so a lower bound. Takes seconds then; cancel
        freely.
        """

    @abstractmethod
    async def start_log(self, program_id: ProgramID, kind: LogKind) -> None:
        """Begin the log anew, empty."""

    @abstractmethod
    def append_log(self, program_id: ProgramID, kind: LogKind, lines: Sequence[str]) -> None:
        """Add lines. Bounded: beyond the adapter's limit the oldest part of the log is dropped."""

    @abstractmethod
    async def read_log(self, program_id: ProgramID, kind: LogKind, tail: int | None) -> Sequence[str]:
        """The last ``tail`` lines, oldest first, None for all; empty when there is no log."""

    @abstractmethod
    async def delete(self, program_id: ProgramID) -> None:
        """Remove everything of the program. Idempotent. Cut short by a crash, it is finished by the next ``claim``."""

    @abstractmethod
    async def discard_unused(self, program_id: ProgramID) -> bool:
        """Remove the program's folders unless it may have run: there are logs, or something in ``state``.

        True when they are removed or absent; False leaves everything as it is. For registrations cut short.
        """

    @abstractmethod
    async def list_programs(self) -> Sequence[ProgramID]:
        """The programs that have folders, in order."""

    @abstractmethod
    async def aclose(self) -> None:
        """Give the root up. Idempotent; releases also when it fails."""
