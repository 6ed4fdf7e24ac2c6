"""Forwarder: passes connections to a port of 127.0.0.1 on to where a function connects to."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable

from hershy.core.endpoint import LOOPBACK
from hershy.core.ids import PublishPort
from hershy.core.log import get_logger
from hershy.errors import PortHeld

from .splice import reset, splice

MOST_CONNECTIONS = 2048
"""At a time; further ones wait in the kernel's queue, and are refused when that is full too."""
QUEUE = 1024
CONNECT_TIMEOUT_S = 5.0
ACCEPT_RETRY_S = 0.5
"""Pause after the kernel could not give a connection, most likely for want of file descriptors."""

Connect = Callable[[], Awaitable[socket.socket]]

_log = get_logger("hershy.forwarder")


def listen(port: PublishPort) -> socket.socket:
    """Take the port. Connections wait from now on. Raises PortHeld when another process has it."""
    try:
        return socket.create_server((LOOPBACK, port.value), backlog=QUEUE)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortHeld(port) from error
        raise


def can_listen(port: PublishPort) -> bool:
    """Whether nobody listens on the port, by any address that ``localhost`` may stand for. Nobody is kept from it."""
    for family, address in ((socket.AF_INET, LOOPBACK), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((address, port.value), family=family).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
    return True


class Forwarder:
    """Serves ``listener``, of which it takes charge, from ``start`` to ``close``.

    ``connect`` gives a connected, non-blocking TCP socket or raises OSError; it is given CONNECT_TIMEOUT_S. Bytes,
    ends and resets are passed on as they come, in both directions.
    """

    def __init__(self, listener: socket.socket, connect: Connect, most: int = MOST_CONNECTIONS) -> None:
        self._listener = listener
        self._connect = connect
        self._most = most
        self._is_accepting = False
        self._retry: asyncio.TimerHandle | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Serve, in the running event loop."""
        self._listener.setblocking(False)
        self._resume()

    def close(self) -> None:
        """Give up the port at once, and reset every connection. Idempotent."""
        self._pause()
        self._listener.close()
        if self._retry is not None:
            self._retry.cancel()
        for connection in self._connections:
            connection.cancel()

    async def aclose(self) -> None:
        """As ``close``; returns when every connection has ended."""
        self.close()
        if self._connections:
            await asyncio.wait(self._connections)

    def _resume(self) -> None:
        if not self._is_accepting and self._listener.fileno() >= 0:
            self._is_accepting = True
            asyncio.get_running_loop().add_reader(self._listener.fileno(), self._accept)

    def _pause(self) -> None:
        if self._is_accepting:
            self._is_accepting = False
            asyncio.get_running_loop().remove_reader(self._listener.fileno())

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            _log.warning("cannot accept a connection", error=str(error))
            self._pause()
            self._retry = asyncio.get_running_loop().call_later(ACCEPT_RETRY_S, self._resume)
            return
        accepted.setblocking(False)
        serving = asyncio.create_task(self._serve(accepted))
        self._connections.add(serving)
        serving.add_done_callback(self._ended)
        # One that is cancelled before its first step closes nothing itself.
        serving.add_done_callback(lambda _: accepted.close())
        if len(self._connections) >= self._most:
            self._pause()

    def _ended(self, serving: asyncio.Task[None]) -> None:
        self._connections.discard(serving)
        self._resume()
        if not serving.cancelled() and (error := serving.exception()) is not None:
            _log.error("a forwarded connection failed", error=repr(error))

    async def _serve(self, accepted: socket.socket) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                connected = await self._connect()
        except (OSError, TimeoutError):
            reset(accepted)
            return
        except BaseException:
            reset(accepted)
            raise
        await splice(accepted, connected)
