"""Programs as folders on this machine's file system."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from hershy.builds.spec import BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.deadline import ended
from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import AlreadyExists, InvalidValue, ProgramNotFound
from hershy.programs.ports.storage import LogKind, Storage
from hershy_adapters._names import STAGING_PREFIX

from ._claim import RootClaim, identity
from ._durable import replace_file, sync, sync_tree
from ._layout import ProgramFolders
from ._log_file import MAX_LOG_BYTES, LogFile
from ._removal import remove_folder
from ._sources import read_spec, write_folders
from ._usage import allocated_bytes

P = ParamSpec("P")
T = TypeVar("T")

COUNTED_AT_ONCE = 2
"""State folders being counted, so that large ones leave threads for other work."""


class FilesystemStorage(Storage):
    """The root and every program's folder are readable by the Host's user alone.

    A program's ``state`` is open to any user id inside that closed folder, since the image decides which one
    the program runs as. Work on files runs in a thread, except the append of log lines. Sources, their removal and
    the Compose file are on the disk when the call returns; logs are left to the kernel.
    """

    def __init__(self, root: Path, max_log_bytes: int = MAX_LOG_BYTES) -> None:
        self._root = root.absolute()
        self._max_log_bytes = max_log_bytes
        self._claim: RootClaim | None = None
        self._counting = asyncio.Semaphore(COUNTED_AT_ONCE)

    async def claim(self) -> OwnerID:
        if self._claim is None:
            self._claim = RootClaim(self._root)
            await _to_its_end(self._remove_staging)
        return self._claim.owner

    async def identity(self) -> OwnerID:
        return await asyncio.to_thread(identity, self._root)

    async def write_sources(self, program_id: ProgramID, spec: BuildSpec) -> None:
        await _to_its_end(self._write_sources, program_id, spec)

    async def read_sources(self, program_id: ProgramID) -> BuildSpec:
        return await asyncio.to_thread(self._read_sources, program_id)

    async def prepare_state(self, program_id: ProgramID) -> Path:
        state = self._folders(program_id).state
        state.mkdir(exist_ok=True)
        state.chmod(0o777)
        return state

    async def write_compose(self, program_id: ProgramID, text: str) -> None:
        await _to_its_end(replace_file, self._folders(program_id).compose, text)

    async def state_size(self, program_id: ProgramID) -> int:
        stop = threading.Event()
        try:
            async with self._counting:
                return await asyncio.to_thread(allocated_bytes, self._folders(program_id).state, stop)
        finally:
            stop.set()

    async def start_log(self, program_id: ProgramID, kind: LogKind) -> None:
        self._log(program_id, kind).clear()

    def append_log(self, program_id: ProgramID, kind: LogKind, lines: Sequence[str]) -> None:
        self._log(program_id, kind).append(lines)

    async def read_log(self, program_id: ProgramID, kind: LogKind, tail: int | None) -> Sequence[str]:
        return await asyncio.to_thread(self._log(program_id, kind).read, tail)

    async def delete(self, program_id: ProgramID) -> None:
        await _to_its_end(self._delete, program_id)

    async def discard_unused(self, program_id: ProgramID) -> bool:
        return await _to_its_end(self._discard_unused, program_id)

    async def list_programs(self) -> Sequence[ProgramID]:
        return await asyncio.to_thread(self._list_programs)

    async def aclose(self) -> None:
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.release()

    def _folders(self, program_id: ProgramID) -> ProgramFolders:
        return ProgramFolders.of(self._root, program_id)

    def _log(self, program_id: ProgramID, kind: LogKind) -> LogFile:
        return LogFile(self._folders(program_id).log(kind), self._max_log_bytes)

    def _write_sources(self, program_id: ProgramID, spec: BuildSpec) -> None:
        final = self._folders(program_id).top
        if final.exists():
            raise AlreadyExists(f"program {program_id} has folders already")
        staging = ProgramFolders(Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=self._root)))
        try:
            write_folders(staging, spec)
            # Before it has its name: else a power cut could leave a program with empty files.
            sync_tree(staging.top)
            staging.top.rename(final)
            try:
                sync(self._root)
            except OSError:
                final.rename(staging.top)
                raise
        except BaseException:
            with suppress(OSError):
                remove_folder(staging.top)
            raise

    def _read_sources(self, program_id: ProgramID) -> BuildSpec:
        try:
            return read_spec(self._folders(program_id))
        except FileNotFoundError:
            raise ProgramNotFound(program_id) from None

    def _delete(self, program_id: ProgramID) -> None:
        top = self._folders(program_id).top
        doomed = self._root / f"{STAGING_PREFIX}{program_id}"
        # Renamed first, so that a deletion cut short is finished by the next claim and never half visible.
        if doomed.exists():
            remove_folder(doomed)
        if top.exists():
            top.rename(doomed)
            sync(self._root)
            remove_folder(doomed)

    def _discard_unused(self, program_id: ProgramID) -> bool:
        folders = self._folders(program_id)
        if _holds_something(folders.state) or _holds_something(folders.logs):
            return False
        self._delete(program_id)
        return True

    def _remove_staging(self) -> None:
        for path in self._root.glob(f"{STAGING_PREFIX}*"):
            remove_folder(path)

    def _list_programs(self) -> Sequence[ProgramID]:
        found = []
        for path in sorted(self._root.iterdir()):
            try:
                found.append(ProgramID(path.name))
            except InvalidValue:
                continue
        return found


def _holds_something(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except FileNotFoundError:
        return False


async def _to_its_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work that changes files. A thread cannot be cancelled: a caller who is, returns when it has ended.

    Else the caller would clean up before the thread has made what is to be cleaned up.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await ended(working)
        raise


def create(context: AdapterContext) -> FilesystemStorage:
    return FilesystemStorage(context.storage_root)
