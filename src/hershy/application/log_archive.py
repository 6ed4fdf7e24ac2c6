"""A container's output outlives the container: kept in the program's ``logs/runtime.log``."""

from collections.abc import Sequence
from datetime import datetime

from hershy.domain.ids import ContainerID, ProgramID
from hershy.ports.runtime import LogLine, LogQuery, LogStream, Runtime
from hershy.ports.storage import LogKind, Storage

ARCHIVED_LINES = 10_000
"""At most so many of a container's last lines are kept when it is removed."""


class LogArchive:
    """One archived line reads ``2026-11-20T15:53:08.123456+00:00 stdout the text``."""

    def __init__(self, storage: Storage, runtime: Runtime) -> None:
        self._storage = storage
        self._runtime = runtime

    async def keep(self, program_id: ProgramID, container_id: ContainerID) -> None:
        """Append the container's last lines to the archive."""
        query = LogQuery(tail=ARCHIVED_LINES)
        lines = [line async for line in self._runtime.logs(container_id, query)]
        texts = [f"{line.at.isoformat()} {line.stream} {line.text}" for line in lines]
        self._storage.append_log(program_id, LogKind.RUNTIME, texts)

    async def read(self, program_id: ProgramID, query: LogQuery) -> Sequence[LogLine]:
        """The archived lines that match, oldest first; ``follow`` has nothing to follow here."""
        archived = await self._storage.read_log(program_id, LogKind.RUNTIME, tail=None)
        lines = [
            line
            for line in map(_parsed, archived)
            if line and line.stream in query.streams and (query.since is None or line.at >= query.since)
        ]
        return lines if query.tail is None else lines[max(0, len(lines) - query.tail) :]


def _parsed(archived: str) -> LogLine | None:
    """None for what a kill of the Host, or a full disk, has cut short."""
    try:
        at, stream, text = archived.split(" ", 2)
        return LogLine(datetime.fromisoformat(at), LogStream(stream), text)
    except ValueError:
        return None
