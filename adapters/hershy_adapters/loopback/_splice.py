"""Two connections joined: what one end sends, the other is sent, at the pace of the slower."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import cast

HALF_CLOSED_S = 300.0
"""How long one direction may go on after the other has ended: whoever has gone altogether ended it no differently."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def splice(accepted: socket.socket, connected: socket.socket) -> None:
    """Return when both connections have ended, each the way the other did; cancelled, they are reset.

    Takes the sockets over. What is on its way is bounded by the transports' buffers.
    """
    loop = asyncio.get_running_loop()
    ends = End(), End()
    ends[0].peer, ends[1].peer = ends[1], ends[0]
    try:
        await loop.create_connection(lambda: ends[0], sock=connected)
        await loop.connect_accepted_socket(lambda: ends[1], accepted)
        for end in ends:
            end.resume()
        await asyncio.wait([end.lost for end in ends])
    finally:
        for end in ends:
            end.reset()
        accepted.close()
        connected.close()


def reset(connection: socket.socket) -> None:
    """Close it so that the other side sees that it was broken off, not that all was said."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.close()


class End(asyncio.Protocol):
    """Reads nothing before ``resume``: until then its peer may have no connection yet."""

    peer: "End"

    def __init__(self) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._has_ended = False
        self._patience: asyncio.TimerHandle | None = None

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def end(self) -> None:
        """The peer says no more."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._has_ended:
            self._transport.close()  # after what is still to be written
        else:
            self._transport.write_eof()
            self._patience = asyncio.get_running_loop().call_later(HALF_CLOSED_S, self.reset)

    def reset(self) -> None:
        """Idempotent."""
        if self._transport is not None and not self.lost.done():
            with suppress(OSError):
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
                )
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._transport.pause_reading()

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
