"""Programs as folders on this machine's file system."""

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec

from hershy.application.deadline import ended
from hershy.domain.build_spec import DOCKERFILE, BuildSpec
from hershy.domain.errors import AlreadyExists, InvalidValue, ProgramNotFound
from hershy.domain.ids import OwnerID, ProgramID
from hershy.ports.adapter import AdapterContext
from hershy.ports.storage import LogKind, Storage

from ._claim import RootClaim
from ._layout import FOLDERS, STAGING_PREFIX, ProgramFolders
from ._log_file import MAX_LOG_BYTES, LogFile
from ._removal import remove_folder

P = ParamSpec("P")


class FilesystemStorage(Storage):
    """The root and every program's folder are readable by the Host's user alone.

    A program's ``state`` is open to any user id inside that closed folder, since the image decides which one
    the program runs as. Work on files runs in a thread, except the append of log lines.
    """

    def __init__(self, root: Path, max_log_bytes: int = MAX_LOG_BYTES) -> None:
        self._root = root.absolute()
        self._max_log_bytes = max_log_bytes
        self._claim: RootClaim | None = None

    async def claim(self) -> OwnerID:
        if self._claim is None:
            self._claim = RootClaim(self._root)
            await _to_its_end(self._remove_staging)
        return self._claim.owner

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
        self._folders(program_id).compose.write_text(text, encoding="utf-8")

    async def start_log(self, program_id: ProgramID, kind: LogKind) -> None:
        self._log(program_id, kind).clear()

    def append_log(self, program_id: ProgramID, kind: LogKind, lines: Sequence[str]) -> None:
        self._log(program_id, kind).append(lines)

    async def read_log(self, program_id: ProgramID, kind: LogKind, tail: int | None) -> Sequence[str]:
        return await asyncio.to_thread(self._log(program_id, kind).read, tail)

    async def delete(self, program_id: ProgramID) -> None:
        await _to_its_end(self._delete, program_id)

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
            for folder in FOLDERS:
                (staging.top / folder).mkdir()
            for path, text in {**spec.src_files, DOCKERFILE: spec.dockerfile}.items():
                target = staging.src / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text.encode())
            staging.build_args.write_text(json.dumps(dict(spec.build_args)), encoding="utf-8")
            staging.top.rename(final)
        except BaseException:
            with suppress(OSError):
                remove_folder(staging.top)
            raise

    def _read_sources(self, program_id: ProgramID) -> BuildSpec:
        folders = self._folders(program_id)
        try:
            build_args = json.loads(folders.build_args.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ProgramNotFound(program_id) from None
        files = {
            path.relative_to(folders.src).as_posix(): path.read_bytes().decode()
            for path in sorted(folders.src.rglob("*"))
            if path.is_file()
        }
        return BuildSpec(files.pop(DOCKERFILE), files, build_args)

    def _delete(self, program_id: ProgramID) -> None:
        top = self._folders(program_id).top
        doomed = self._root / f"{STAGING_PREFIX}{program_id}"
        # Renamed first, so that a deletion cut short is finished by the next claim and never half visible.
        if doomed.exists():
            remove_folder(doomed)
        if top.exists():
            top.rename(doomed)
            remove_folder(doomed)

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


async def _to_its_end(work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do work that changes files. A thread cannot be cancelled: a caller who is, returns when it has ended.

    Else the caller would clean up before the thread has made what is to be cleaned up.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        await ended(working)
        raise


def create(context: AdapterContext) -> FilesystemStorage:
    return FilesystemStorage(context.storage_root)
