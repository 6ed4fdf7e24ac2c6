"""Programs as folders on this machine's file system."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hershy.builds.spec import BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import AlreadyExists, InvalidValue, ProgramNotFound
from hershy.programs.ports.storage import LogKind, StateUsage, StateVolume, Storage
from hershy_adapters._durable import sync, sync_tree
from hershy_adapters._names import STAGING_PREFIX
from hershy_adapters._threads import to_its_end

from ._claim import RootClaim, identity
from ._layout import ProgramFolders
from ._log_file import MAX_LOG_BYTES, LogFile
from ._removal import remove_folder
from ._sources import read_spec, write_folders
from ._usage import usage_of

COUNTED_AT_ONCE = 2
"""State folders being counted, so that large ones leave threads for other work."""


class FilesystemStorage(Storage):
    """The root and every program's folder are readable by the Host's user alone.

    A program's ``state`` is open to any user id inside that closed folder, since the image decides which one
    the program runs as. Work on files runs in a thread, except the append of log lines. Sources and
    their removal are on the disk when the call returns; logs are left to the kernel.
    """

    def __init__(self, root: Path, max_log_bytes: int = MAX_LOG_BYTES) -> None:
        self._root = root.absolute()
        self._max_log_bytes = max_log_bytes
        self._claim: RootClaim | None = None
        self._counting = asyncio.Semaphore(COUNTED_AT_ONCE)

    async def claim(self) -> OwnerID:
        if self._claim is None:
            self._claim = RootClaim(self._root)
            await to_its_end(self._remove_staging)
        return self._claim.owner

    async def identity(self) -> OwnerID:
        return await asyncio.to_thread(identity, self._root)

    async def write_sources(self, program_id: ProgramID, spec: BuildSpec) -> None:
        await to_its_end(self._write_sources, program_id, spec)

    async def read_sources(self, program_id: ProgramID) -> BuildSpec:
        return await asyncio.to_thread(self._read_sources, program_id)

    async def prepare_state(self, program_id: ProgramID) -> StateVolume:
        state = self._folders(program_id).state
        state.mkdir(exist_ok=True)
        state.chmod(0o777)
        return StateVolume(str(state))

    async def state_usage(self, program_id: ProgramID, most_entries: int) -> StateUsage:
        stop = threading.Event()
        try:
            async with self._counting:
                return await asyncio.to_thread(usage_of, self._folders(program_id).state, stop, most_entries)
        finally:
            stop.set()

    def log(self, program_id: ProgramID, kind: LogKind) -> LogFile:
        return LogFile(self._folders(program_id).log(kind), self._max_log_bytes)

    async def delete(self, program_id: ProgramID, *, unless_used: bool = False) -> bool:
        return await to_its_end(self._delete, program_id, unless_used)

    async def list_programs(self) -> Sequence[ProgramID]:
        return await asyncio.to_thread(self._list_programs)

    async def aclose(self) -> None:
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.release()

    def _folders(self, program_id: ProgramID) -> ProgramFolders:
        return ProgramFolders.of(self._root, program_id)

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

    def _delete(self, program_id: ProgramID, unless_used: bool) -> bool:
        folders = self._folders(program_id)
        if unless_used and (_holds_something(folders.state) or _holds_something(folders.logs)):
            return False
        top = folders.top
        doomed = self._root / f"{STAGING_PREFIX}{program_id}"
        # Renamed first, so that a deletion cut short is finished by the next claim and never half visible.
        if doomed.exists():
            remove_folder(doomed)
        if top.exists():
            top.rename(doomed)
            sync(self._root)
            remove_folder(doomed)
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


def create(context: AdapterContext) -> FilesystemStorage:
    return FilesystemStorage(context.storage_root)
