"""A relay before the engine's socket, which a test can cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from hershy_adapters.docker._engine import Engine


class Relay:
    """Listens on ``path`` and hands everything on to the real engine."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = Engine().host.removeprefix("unix://")
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    @contextlib.asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Inside, nobody listens and every connection is cut."""
        await self.aclose()
        yield
        await self.open()

    async def aclose(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self.path.unlink(missing_ok=True)
        connections = set(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.current_task()
        assert serving is not None
        self._connections.add(serving)
        upstream_reader, upstream_writer = await asyncio.open_unix_connection(self._engine)
        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(_copy(reader, upstream_writer))
                both_ways.create_task(_copy(upstream_reader, writer))
        except* ConnectionError:
            pass
        except* asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()
            upstream_writer.transport.abort()
            self._connections.discard(serving)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(64 * 1024):
        writer.write(data)
        await writer.drain()
    writer.close()
