"""Two connections joined: what one end sends, the other is sent, at the pace of the slower."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import cast

from hershy.core.deadline import ended

HALF_CLOSED_S = 300.0
"""How long one direction may go on after the other has ended: whoever has gone altogether ended it no differently."""


async def splice(accepted: socket.socket, connected: socket.socket) -> None:
    """Return when both connections have ended, each the way the other did; cancelled, they are reset.

    Takes the sockets over. What is on its way is bounded by the transports' buffers.
    """
    for connection in (accepted, connected):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so only for some sockets
    ends = End(connected), End(accepted)
    ends[0].peer, ends[1].peer = ends[1], ends[0]
    # It waits for nothing outside, and cut short it could leave a connection that never tells its end.
    joining = asyncio.ensure_future(_join(*ends))
    try:
        await asyncio.shield(joining)
        if not ends[0].lost.done():
            await asyncio.wait([end.lost for end in ends])
    finally:
        try:
            await ended(joining)
        finally:
            for end in ends:
                end.reset()
            await ended(*(end.lost for end in ends if end.is_connected))
            accepted.close()
            connected.close()


async def _join(connected: "End", accepted: "End") -> None:
    loop = asyncio.get_running_loop()
    await loop.create_connection(lambda: connected, sock=connected.socket)
    await loop.connect_accepted_socket(lambda: accepted, accepted.socket)


def reset(connection: socket.socket) -> None:
    """Close it so that the other side sees that it was broken off, not that all was said."""
    _reset_on_close(connection)
    connection.close()


def _reset_on_close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class End(asyncio.Protocol):
    """What comes for it before it has its connection, it keeps: one reading's worth, since its peer is paused then."""

    peer: "End"

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._has_ended = False
        self._early: list[bytes] = []
        self._is_early_end = False
        self._patience: asyncio.TimerHandle | None = None

    @property
    def is_connected(self) -> bool:
        return self._transport is not None

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early.append(data)
            self.peer.pause()
        elif not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        """The peer says no more."""
        if self._transport is None:
            self._is_early_end = True
        elif self._transport.is_closing():
            return
        elif self._has_ended:
            self._transport.close()  # after what is still to be written
        else:
            self._transport.write_eof()
            self._patience = asyncio.get_running_loop().call_later(HALF_CLOSED_S, self.reset)

    def reset(self) -> None:
        """Idempotent."""
        if self._transport is not None and not self.lost.done():
            _reset_on_close(self.socket)
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        if self._early:
            self._transport.writelines(self._early)
            self._early.clear()
            self.peer.resume()
        if self._is_early_end:
            self.end()

    def data_received(self, data: bytes) -> None:
        self.peer.write(data)

    def pause_writing(self) -> None:
        self.peer.pause()

    def resume_writing(self) -> None:
        self.peer.resume()

    def eof_received(self) -> bool:
        self._has_ended = True
        self.peer.end()
        if self.peer._has_ended:
            self.end()
        return True  # this side may still be written to

    def connection_lost(self, error: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if not self.lost.done():
            self.lost.set_result(None)
        if not (self._has_ended and self.peer._has_ended):
            self.peer.reset()
