"""Answers on a connection that is kept go out at once, whatever event loop serves them."""

import asyncio
import socket
from contextlib import suppress

from hershy_adapters.docker._network.splice import splice
from hershy_adapters.http.api_server import _listen


def test_nothing_waits_for_more() -> None:
    """Else the kernel keeps a body back until the head before it is acknowledged, up to 40 ms later."""
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


async def test_nor_between_two_joined_connections() -> None:
    """Of the forwarder, by which programs without a network are reached."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        others = [socket.create_connection(listener.getsockname()) for _ in range(2)]
        ends = [listener.accept()[0] for _ in others]
    for end in ends:
        end.setblocking(False)
    joined = asyncio.create_task(splice(*ends))
    await asyncio.sleep(0)
    assert [it.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for it in ends] == [1, 1]
    joined.cancel()
    with suppress(asyncio.CancelledError):
        await joined
    for other in others:
        other.close()
