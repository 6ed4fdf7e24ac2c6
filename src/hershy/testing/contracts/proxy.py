"""What every Proxy must do: subclass ProxyContract, override the fixtures, run it with pytest."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.errors import InvalidValue, ProgramNotReady, ProgramTimeout, ProgramUnreachable
from hershy.programs.ports.proxy import Proxy, ProxyRequest

from ._proxy_base import A_MOMENT, OTHER, PATIENCE, PROGRAM, chunks, get, lower, read, require_idle, route_of
from ._proxy_probes import ProxyProbes
from ._proxy_websockets import ProxyWebSockets
from .proxy_program import LONG, ContractProgram

__all__ = ["OTHER", "PATIENCE", "PROGRAM", "ProxyContract", "chunks", "get", "read"]


@pytest.mark.asyncio
class ProxyContract(ProxyProbes, ProxyWebSockets):
    """See ProxyContractBase for the fixtures to give."""

    async def test_request_without_route(self, proxy: Proxy) -> None:
        """A program without an open route is not ready, for HTTP and WebSocket."""
        with pytest.raises(ProgramNotReady):
            await proxy.request(PROGRAM, get("/"))
        with pytest.raises(ProgramNotReady):
            await proxy.connect_websocket(PROGRAM, "/", (), ())

    async def test_target_untouched(self, routed: Proxy, program: ContractProgram) -> None:
        """Path and query arrive with their percent-encoding and their dots and slashes as they were sent."""
        for target in ("/a%2Fb%20c/%C3%A4?x=1&x=%2B+2&y", "//double/../dots/./", "/?", "/%", "/a?b=/c?d=%zz"):
            await read(await routed.request(PROGRAM, get(target)))
            assert program.received[-1].target in (target, target.removesuffix("?"))

    async def test_method(self, routed: Proxy, program: ContractProgram) -> None:
        """Any method passes, unheard-of ones included."""
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
            assert (await routed.request(PROGRAM, get("/", method=method))).status == 200
            assert program.received[-1].method == method

    async def test_head(self, routed: Proxy) -> None:
        """HEAD gets the headers, Content-Length included, and no body."""
        response = await routed.request(PROGRAM, get("/plain", method="HEAD"))
        assert dict(lower(response.headers))["content-length"] == "5"
        assert await read(response) == b""

    async def test_bodies(self, routed: Proxy, program: ContractProgram) -> None:
        """A body arrives whole, given as bytes, as chunks, or as chunks with a Content-Length."""
        length = ("Content-Length", "6")
        for request in (
            ProxyRequest("POST", "/", (), b"abcdef"),
            ProxyRequest("POST", "/", (), chunks(b"abc", b"def")),
            ProxyRequest("POST", "/", (length,), chunks(b"abc", b"def")),
            ProxyRequest("DELETE", "/", (length,), chunks(b"abcdef")),
            ProxyRequest("GET", "/", (("Transfer-Encoding", "chunked"),), chunks(b"abcdef")),
        ):
            await read(await routed.request(PROGRAM, request))
            assert program.received[-1].body == b"abcdef"

    async def test_no_body(self, routed: Proxy, program: ContractProgram) -> None:
        """A GET whose headers announce no body is sent without one."""
        await read(await routed.request(PROGRAM, ProxyRequest("GET", "/", (), chunks())))
        names = [name for name, _ in lower(program.received[-1].headers)]
        assert "transfer-encoding" not in names
        assert program.received[-1].body == b""

    async def test_large_bodies(self, routed: Proxy) -> None:
        """A body of megabytes passes both ways unchanged."""
        response = await routed.request(PROGRAM, ProxyRequest("POST", "/echo", (), chunks(*[LONG] * 32)))
        assert await read(response) == LONG * 32

    async def test_request_headers(self, routed: Proxy, program: ContractProgram) -> None:
        """End-to-end headers arrive as sent and in order, repeated ones too; none is added but Host and framing."""
        sent = (("X-Twice", "1"), ("Cookie", "a=b"), ("X-Twice", "2"), ("X-Latin", "\u00c3\u00a4"))
        await read(await routed.request(PROGRAM, get("/", *sent)))
        received = lower(program.received[-1].headers)
        assert [it for it in received if it[0] != "host"] == lower(sent)

    async def test_request_hop_by_hop(self, routed: Proxy, program: ContractProgram) -> None:
        """Headers about the caller's connection stay behind, those that Connection names included."""
        sent = (
            ("Connection", "keep-alive, X-Private"),
            ("Keep-Alive", "timeout=5"),
            ("X-Private", "1"),
            ("TE", "trailers"),
            ("Trailer", "X-Sum"),
            ("Upgrade", "h2c"),
            ("Proxy-Authorization", "Basic eA=="),
            ("X-Public", "2"),
        )
        await read(await routed.request(PROGRAM, get("/", *sent)))
        received = {name for name, _ in lower(program.received[-1].headers)}
        assert received - {"host", "connection"} == {"x-public"}

    async def test_host(self, routed: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """The program sees the Host that direct callers of its endpoint send."""
        await read(await routed.request(PROGRAM, get("/", ("Host", "hershy.example"))))
        hosts = [value for name, value in lower(program.received[-1].headers) if name == "host"]
        assert hosts == [endpoint.authority]

    async def test_response_headers(self, routed: Proxy) -> None:
        """Cookies and other repeated headers come back one by one; hop-by-hop ones do not."""
        response = await routed.request(PROGRAM, get("/headers"))
        received = lower(response.headers)
        assert [value for name, value in received if name == "set-cookie"] == ["a=1; Path=/", "b=2"]
        assert "x-private" not in dict(received)
        assert "connection" not in dict(received)
        assert await read(response) == b""

    async def test_redirect(self, routed: Proxy, program: ContractProgram) -> None:
        """A redirect is the caller's to follow."""
        response = await routed.request(PROGRAM, get("/redirect"))
        assert response.status == 302
        assert ("location", "/elsewhere") in lower(response.headers)
        await response.body.aclose()
        assert len(program.received) == 1

    async def test_no_cookie_jar(self, routed: Proxy, program: ContractProgram) -> None:
        """What one caller's answer sets is not sent with another's request."""
        await read(await routed.request(PROGRAM, get("/headers")))
        await read(await routed.request(PROGRAM, get("/")))
        assert "cookie" not in dict(lower(program.received[-1].headers))

    async def test_encoded_content(self, routed: Proxy) -> None:
        """Compressed content comes back as the program sent it."""
        response = await routed.request(PROGRAM, get("/gzip"))
        assert ("content-encoding", "gzip") in lower(response.headers)
        assert await read(response) == b"not really gzip"

    async def test_response_streams(self, routed: Proxy, program: ContractProgram) -> None:
        """Headers and first chunk are there before the program has written the last one."""
        response = await routed.request(PROGRAM, get("/stream"))
        assert await anext(response.body) == b"first"
        program.gate.set()
        assert await read(response) == b"last"

    async def test_request_streams(self, routed: Proxy, program: ContractProgram) -> None:
        """The program sees the first chunk of a body before the caller has produced the last one."""

        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            await program.first_chunk_seen.wait()
            yield b"last"

        async with asyncio.timeout(PATIENCE.total_seconds()):
            await read(await routed.request(PROGRAM, ProxyRequest("POST", "/", (), body())))
        assert program.received[-1].body == b"firstlast"

    async def test_no_answer(self, routed: Proxy) -> None:
        """A program that accepts and never begins its answer is a timeout."""
        with pytest.raises(ProgramTimeout):
            await routed.request(PROGRAM, get("/never"))
        require_idle(routed)

    async def test_cancel(self, routed: Proxy, program: ContractProgram) -> None:
        """Cancelling a request drops its connection, so the program can give up too."""
        waiting = asyncio.ensure_future(routed.request(PROGRAM, get("/never")))
        await program.never_began.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await program.never_dropped.wait()
        require_idle(routed)

    async def test_close_body_early(self, routed: Proxy, program: ContractProgram) -> None:
        """A body closed before its end, or before its beginning, is released; closing twice is allowed."""
        for started in (True, False):
            response = await routed.request(PROGRAM, get("/stream"))
            if started:
                await anext(response.body)
            await response.body.aclose()
            await response.body.aclose()
        require_idle(routed)

    async def test_broken_answer(self, routed: Proxy) -> None:
        """A program that breaks off in its answer makes the body raise."""
        response = await routed.request(PROGRAM, get("/broken"))
        with pytest.raises(ProgramUnreachable):
            await read(response)
        require_idle(routed)

    async def test_dead_endpoints(self, proxy: Proxy, dead_endpoints: Sequence[Endpoint]) -> None:
        """Where nothing speaks HTTP a request fails as unreachable, and a probe is False within its timeout."""
        for endpoint in dead_endpoints:
            await proxy.open(PROGRAM, endpoint)
            with pytest.raises(ProgramUnreachable):
                await proxy.request(PROGRAM, get("/"))
            with pytest.raises(ProgramUnreachable):
                await proxy.connect_websocket(PROGRAM, "/", (), ())
            for path in (None, "/health"):
                assert await proxy.probe(endpoint, timedelta(seconds=0.3), path) is False

    async def test_not_http(self, routed: Proxy, program: ContractProgram) -> None:
        """What HTTP cannot carry is refused and nothing is sent."""
        for request in (
            get("no-slash"),
            get("http://elsewhere/"),
            get("/with space"),
            get("/line\r\nbreak"),
            get("/", ("X-A", "1\r\nX-B: 2")),
            get("/", ("X A", "1")),
            get("/", method="GET /"),
            get("/", method="CONNECT"),
        ):
            with pytest.raises(InvalidValue):
                await routed.request(PROGRAM, request)
        assert not program.received

    async def test_route(self, routed: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """A route tells where it goes and counts what has passed and what is under way."""
        assert routed.route(OTHER) is None
        await read(await routed.request(PROGRAM, get("/")))
        under_way = await routed.request(PROGRAM, get("/stream"))
        route = route_of(routed)
        assert (route.program_id, route.endpoint) == (PROGRAM, endpoint)
        assert (route.requests, route.active) == (2, 1)
        await under_way.body.aclose()
        require_idle(routed)

    async def test_last_use(self, routed: Proxy, clock: Clock) -> None:
        """A route tells when its latest exchange began or ended: HTTP, WebSocket, refused, cancelled or whole."""

        async def use() -> None:
            await read(await routed.request(PROGRAM, get("/")))

        async def stop_reading() -> None:
            await (await routed.request(PROGRAM, get("/stream"))).body.aclose()

        async def talk() -> None:
            await (await routed.connect_websocket(PROGRAM, "/ws", (), ())).aclose()

        async def be_refused() -> None:
            with pytest.raises(ProgramUnreachable):
                await routed.connect_websocket(PROGRAM, "/refuse", (), ())

        route = route_of(routed)
        assert route.last_used_at == route.opened_at
        for exchange in (use, stop_reading, talk, be_refused):
            await clock.sleep(A_MOMENT)
            began = clock.now()
            await exchange()
            assert began <= route_of(routed).last_used_at <= clock.now()

    async def test_last_use_of_what_is_under_way(self, routed: Proxy, clock: Clock) -> None:
        """Beginning counts, and ending counts again."""
        await clock.sleep(A_MOMENT)
        before = clock.now()
        response = await routed.request(PROGRAM, get("/stream"))
        began_by = clock.now()
        assert before <= route_of(routed).last_used_at <= began_by
        await clock.sleep(A_MOMENT)
        assert route_of(routed).last_used_at <= began_by
        await response.body.aclose()
        assert route_of(routed).last_used_at >= began_by + A_MOMENT

    async def test_open_twice(self, routed: Proxy, endpoint: Endpoint) -> None:
        """Opening an open route to the same port changes nothing."""
        before = routed.route(PROGRAM)
        await routed.open(PROGRAM, endpoint)
        assert routed.route(PROGRAM) == before

    async def test_open_elsewhere(self, proxy: Proxy, endpoint: Endpoint, dead_endpoints: Sequence[Endpoint]) -> None:
        """Opening to another port replaces the route."""
        await proxy.open(PROGRAM, dead_endpoints[0])
        await proxy.open(PROGRAM, endpoint)
        assert (await proxy.request(PROGRAM, get("/"))).status == 200

    async def test_close(self, routed: Proxy) -> None:
        """A closed route is gone; closing twice is allowed."""
        await routed.close(PROGRAM)
        await routed.close(PROGRAM)
        assert routed.route(PROGRAM) is None
        with pytest.raises(ProgramNotReady):
            await routed.request(PROGRAM, get("/"))

    async def test_close_cuts_waiting(self, routed: Proxy, program: ContractProgram) -> None:
        """Closing fails a request that waits for its answer."""
        waiting = asyncio.ensure_future(routed.request(PROGRAM, get("/never")))
        await program.never_began.wait()
        await routed.close(PROGRAM)
        with pytest.raises(ProgramUnreachable) as cut:
            await waiting
        assert not isinstance(cut.value, ProgramTimeout)

    async def test_close_cuts_body(self, routed: Proxy) -> None:
        """Closing fails a body that is being read."""
        response = await routed.request(PROGRAM, get("/stream"))
        assert await anext(response.body) == b"first"
        reading = asyncio.ensure_future(read(response))
        await asyncio.sleep(0)
        await routed.close(PROGRAM)
        with pytest.raises(ProgramUnreachable):
            await asyncio.wait_for(reading, PATIENCE.total_seconds())

    async def test_close_spares_others(self, routed: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """Closing one program's route leaves another's exchange alone."""
        await routed.open(OTHER, endpoint)
        response = await routed.request(OTHER, get("/stream"))
        await routed.close(PROGRAM)
        program.gate.set()
        assert await read(response) == b"firstlast"

    async def test_aclose(self, routed: Proxy) -> None:
        """Closing the adapter closes every route; twice is allowed."""
        response = await routed.request(PROGRAM, get("/stream"))
        await routed.aclose()
        await routed.aclose()
        assert routed.route(PROGRAM) is None
        with pytest.raises(ProgramUnreachable):
            await read(response)
