"""The WatcherAPI's own thread and event loop: it answers whatever the managed function does to the other one."""

import asyncio
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from ..engine import Engine
from ..logs import logger
from .connection import Connection
from .routes import Routes

ALL_INTERFACES: Final = "0.0.0.0"  # noqa: S104  # of the container; the Host publishes it on localhost only
MOST_CONNECTIONS: Final = 64
MOST_REFUSALS: Final = 64
"""Connections that are being told there are too many; one more is just closed."""
CLOSING_LIMIT_S: Final = 1.0


class ApiServer:
    """``start`` once, ``close`` as often as one likes."""

    def __init__(self, engine: Engine, port: int, host: str = ALL_INTERFACES) -> None:
        self._routes = Routes(engine, port)
        self._address = (host, port)
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._refusing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._ended: Future[None] = Future()

    def start(self) -> int:
        """Listen, from the moment this returns; the port. Raises OSError, naming it, when it is taken."""
        try:
            listener = socket.create_server(self._address)
        except OSError as error:
            host, port = self._address
            remedy = "choose another with Watcher(port=...), or 0 for no API"
            raise OSError(
                error.errno, f"the WatcherAPI cannot listen on {host}:{port}: {error.strerror}; {remedy}"
            ) from error
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, args=(self._loop, listener), name="WatcherAPI", daemon=True).start()
        port = listener.getsockname()[1]
        assert isinstance(port, int)
        return port

    async def close(self) -> None:
        """Take no more requests, give answers under way a second, end. Idempotent."""
        if self._loop is None:
            return
        if not self._ended.done():
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._closing.set)
        await asyncio.wait([asyncio.wrap_future(self._ended)], timeout=2 * CLOSING_LIMIT_S)

    def _run(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._serve(listener))
        except Exception:
            logger.exception("the WatcherAPI has failed")
        finally:
            self._ended.set_result(None)

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(self._accept, sock=listener)
        async with server:
            await self._closing.wait()
            server.close()
            await self._finish_answers()

    async def _finish_answers(self) -> None:
        answering = [task for task, connection in self._connections.items() if connection.is_answering]
        for task in self._connections.keys() - answering:
            task.cancel()
        for task in answering:
            self._connections[task].end()
        if answering:
            await asyncio.wait(answering, timeout=CLOSING_LIMIT_S)
        for task in self._connections:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(reader, writer, self._routes.answer)
        if len(self._connections) >= MOST_CONNECTIONS:
            await self._refuse(task, connection, writer)
            return
        self._connections[task] = connection
        try:
            await connection.serve()
        except asyncio.CancelledError:
            return  # the server is closing
        finally:
            del self._connections[task]

    async def _refuse(self, task: asyncio.Task[None], connection: Connection, writer: asyncio.StreamWriter) -> None:
        if len(self._refusing) >= MOST_REFUSALS:
            writer.close()
            return
        self._refusing.add(task)
        try:
            await connection.refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_CONNECTIONS} connections are open already")
        except asyncio.CancelledError:
            return
        finally:
            self._refusing.discard(task)
