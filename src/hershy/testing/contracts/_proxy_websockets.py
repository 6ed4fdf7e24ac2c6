"""What every Proxy's WebSockets keep."""

import asyncio

import pytest

from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import Proxy, WebSocketClosed

from ._proxy_base import PATIENCE, PROGRAM, ProxyContractBase, receive, require_idle
from .proxy_program import ContractProgram


@pytest.mark.asyncio
class ProxyWebSockets(ProxyContractBase):
    async def test_websocket(self, routed: Proxy) -> None:
        """Text and binary messages pass both ways as what they are."""
        socket = await routed.connect_websocket(PROGRAM, "/ws?x=1", (("X-A", "1"),), ())
        for message in ("text \u2713", b"\x00\xff", ""):
            await socket.send(message)
            assert await receive(socket) == message
        await socket.aclose()
        require_idle(routed)

    async def test_websocket_subprotocol(self, routed: Proxy) -> None:
        """The subprotocol is the one the program chose; none when none was offered."""
        for offered, chosen in ((("first", "second"), "first"), ((), None)):
            socket = await routed.connect_websocket(PROGRAM, "/ws", (), offered)
            assert socket.subprotocol == chosen
            await socket.aclose()

    async def test_websocket_closed_by_program(self, routed: Proxy) -> None:
        """The program's code and reason arrive, again and again; sending then fails."""
        socket = await routed.connect_websocket(PROGRAM, "/ws", (), ())
        await socket.send("close 4001 bye")
        for _ in range(2):
            assert await receive(socket) == WebSocketClosed(4001, "bye")
        with pytest.raises(ProgramUnreachable):
            await socket.send("too late")
        await socket.aclose()
        require_idle(routed)

    async def test_websocket_broken_by_program(self, routed: Proxy) -> None:
        """A connection that breaks without a closing frame is 1006."""
        socket = await routed.connect_websocket(PROGRAM, "/ws", (), ())
        await socket.send("vanish")
        closed = await receive(socket)
        assert isinstance(closed, WebSocketClosed)
        assert closed.code == 1006
        await socket.aclose()

    async def test_websocket_close(self, routed: Proxy) -> None:
        """Closing twice is allowed, with a code that no frame may carry too."""
        socket = await routed.connect_websocket(PROGRAM, "/ws", (), ())
        await socket.aclose(1006, "x" * 200)
        await socket.aclose()
        with pytest.raises(ProgramUnreachable):
            await socket.send("too late")

    async def test_route_closed_cuts_websocket(self, routed: Proxy) -> None:
        """Closing the route breaks an open WebSocket, also for one who waits for a message."""
        socket = await routed.connect_websocket(PROGRAM, "/ws", (), ())
        receiving = asyncio.ensure_future(socket.receive())
        await asyncio.sleep(0)
        await routed.close(PROGRAM)
        closed = await asyncio.wait_for(receiving, PATIENCE.total_seconds())
        assert isinstance(closed, WebSocketClosed)
        assert closed.code == 1006
        await socket.aclose()

    async def test_websocket_refused(self, routed: Proxy, program: ContractProgram) -> None:
        """A program that answers the handshake with plain HTTP, a redirect included, is unreachable by WebSocket."""
        for target in ("/refuse", "/redirect"):
            with pytest.raises(ProgramUnreachable):
                await routed.connect_websocket(PROGRAM, target, (), ())
        assert all(request.target != "/elsewhere" for request in program.received)
        require_idle(routed)
