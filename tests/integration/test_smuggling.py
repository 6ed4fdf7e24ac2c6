"""Request smuggling and header injection, tried over raw sockets: whoever asks a Host, and whoever answers behind it.

The requests hide another one, to the program of somebody else, wherever a reader could mistake it for the next.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hershy.errors import ProgramUnreachable
from hershy.programs.ports.proxy import ProxyRequest
from hershy.testing.contracts.proxy import PROGRAM, chunks, get, read
from hershy_adapters.loopback.proxy import LoopbackProxy
from hershy_adapters.system.clock import SystemClock

from .smuggling import PATIENCE_S, RecordingProgram, Site, plain, site, statuses
from .test_loopback_proxy import listening_socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

HIDDEN = b"GET /programs/BOB/proxy/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
NO_CHUNKS = b"0\r\n\r\n" + HIDDEN
UPGRADE = b"Connection: Upgrade"
WEBSOCKET = (b"Upgrade: websocket", UPGRADE, b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")


def post(*headers: bytes, body: bytes = b"", to: bytes = b"/a", by: bytes = b"POST", version: bytes = b"1.1") -> bytes:
    head = b"%b /programs/ALICE/proxy%b HTTP/%b" % (by, to, version)
    return b"\r\n".join((head, b"Host: localhost", *headers, b"", body))


def ask(*headers: bytes, to: bytes = b"/a") -> bytes:
    return post(*headers, to=to, by=b"GET")


def at(target: bytes, method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (method, target)


FRAMING = {
    "length and chunks": post(b"Content-Length: 5", CHUNKED, body=NO_CHUNKS),
    "chunks and length": post(CHUNKED, b"Content-Length: 5", body=NO_CHUNKS),
    "chunks, then identity": post(CHUNKED, b"Transfer-Encoding: identity", body=NO_CHUNKS),
    "chunks twice": post(CHUNKED, CHUNKED, body=NO_CHUNKS),
    "another coding first": post(b"Transfer-Encoding: cow", CHUNKED, body=NO_CHUNKS),
    "two codings": post(b"Transfer-Encoding: gzip, chunked", body=NO_CHUNKS),
    "identity and length": post(b"Transfer-Encoding: identity", b"Content-Length: 0", body=HIDDEN),
    "chunks in HTTP/1.0": post(CHUNKED, body=NO_CHUNKS, version=b"1.0"),
    **{
        f"coding {coding!r}": post(b"Transfer-Encoding:" + coding, body=NO_CHUNKS)
        for coding in (
            b" xchunked",
            b" chunkedx",
            b' "chunked"',
            b" \x0bchunked",
            b"\r\n chunked",
            b" chunked, identity",
        )
    },
    "a space before the colon": post(b"Transfer-Encoding : chunked", body=NO_CHUNKS),
    "two lengths": post(b"Content-Length: 0", b"Content-Length: 5", body=HIDDEN),
    "a length twice": post(b"Content-Length: 0", b"Content-Length: 0", body=HIDDEN),
    **{
        f"length {length!r}": post(b"Content-Length: " + length, body=HIDDEN)
        for length in (b"", b"+5", b"-5", b"5 5", b"5,5", b"0x5", b"1e1", b"5;", b"\xb2", b"9" * 30)
    },
    **{
        f"chunk size {size!r}": post(CHUNKED, body=size + b"\r\nabcde\r\n0\r\n\r\n" + HIDDEN)
        for size in (b"", b"-5", b"+5", b"0x5", b" 5", b"5 ", b"5\n", b"5\r", b'5;a="\n"', b"f" * 17)
    },
    "a chunk longer than its size": post(CHUNKED, body=b"5\r\nabcdeX0\r\n\r\n" + HIDDEN),
    "chunks with bare line feeds": post(CHUNKED, body=b"5\nabcde\n0\n\n" + HIDDEN),
    "a length in the trailers": post(CHUNKED, body=b"5\r\nabcde\r\n0\r\nContent-Length: 1\r\n\r\n" + HIDDEN),
}
HEADERS = {
    "folded": ask(b"X-A: a\r\n b: c"),
    "folded by a tab": ask(b"X-A: a\r\n\tb: c"),
    "bare line feeds": at(b"/programs/ALICE/proxy/a").replace(b"\r\n", b"\n"),
    "a bare line feed": ask(b"X-A: a\nX-B: b"),
    "a bare carriage return": ask(b"X-A: a\rX-B: b"),
    "NUL": ask(b"X-A: a\x00b"),
    "a control character": ask(b"X-A: a\x01b"),
    "NUL in a name": ask(b"X\x00A: a"),
    "a space in a name": ask(b"X A: a"),
    "a space after a name": ask(b"X-A : a"),
    "a name of Latin-1": ask(b"X\xe9: a"),
    "no name": ask(b": a"),
    "no colon": ask(b"abc"),
    "a space before the first": b"GET /programs/ALICE/proxy/a HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "two hosts": ask(b"Host: localhost"),
}
TARGETS = {
    "another host": at(b"http://evil/programs/ALICE/proxy/a"),
    "another host and nothing": at(b"http://evil"),
    "a user at the host": at(b"http://evil@localhost/programs/ALICE/proxy/a"),
    "authority": at(b"evil:80"),
    "asterisk": at(b"*", b"OPTIONS"),
    "CONNECT": at(b"localhost:22", b"CONNECT"),
    "CONNECT to a path": at(b"/programs/ALICE/proxy/a", b"CONNECT"),
    "two slashes": at(b"//evil/programs/ALICE/proxy/a"),
    "a user after the mount": at(b"/programs/ALICE/proxy@evil/"),
    "an escape in the id": at(b"/programs/BOB%2f..%2fALICE/proxy/a"),
    "line ends in the id": at(b"/programs/ALICE%0d%0aX:y/proxy/a"),
    **{f"character {it!r}": at(b"/programs/ALICE/proxy/a" + it) for it in (b" b", b"\tb", b"\x01", b"\x7f", b"\xe9")},
}
PROTOCOLS = {
    "HTTP/0.9": post(by=b"GET", version=b"0.9"),
    "HTTP/2.0": post(version=b"2.0", body=HIDDEN),
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a body after an upgrade": post(b"Upgrade: h2c", UPGRADE, b"Content-Length: 300", body=HIDDEN),
    "chunks after an upgrade": post(b"Upgrade: h2c", UPGRADE, CHUNKED, body=NO_CHUNKS),
    "a WebSocket of another version": ask(*WEBSOCKET, b"Sec-WebSocket-Version: 99") + HIDDEN,
    "a WebSocket with a body": post(*WEBSOCKET, b"Sec-WebSocket-Version: 13", b"Content-Length: 3", body=b"abc")
    + HIDDEN,
    "a WebSocket without a key": ask(b"Upgrade: websocket", UPGRADE) + HIDDEN,
}
NONE = FRAMING | HEADERS | TARGETS | PROTOCOLS

FIVE = b"Content-Length: 5"
ONE: dict[str, tuple[bytes, str, bytes]] = {
    "a length": (post(FIVE, body=b"abcde"), "/a", b"abcde"),
    "chunks": (post(b"Transfer-Encoding:\tchunked ", body=b"5;a=b\r\nabcde\r\n0\r\n\r\n"), "/a", b"abcde"),
    "a request as the body": (post(CHUNKED, body=b"0e\r\nGET / HTTP/1.1\r\n0\r\n\r\n"), "/a", b"GET / HTTP/1.1"),
    "a GET with chunks": (post(CHUNKED, by=b"GET", body=b"5\r\nabcde\r\n0\r\n\r\n"), "/a", b"abcde"),
    "a length that Connection names": (post(FIVE, b"Connection: content-length", body=b"abcde"), "/a", b"abcde"),
    "chunks that Connection names": (post(CHUNKED, b"Connection: transfer-encoding", body=b"0\r\n\r\n"), "/a", b""),
    "its own host": (at(b"http://localhost/programs/ALICE/proxy/a"), "/a", b""),
    "an address after the mount": (ask(to=b"//evil/x"), "//evil/x", b""),
    "a user in the path": (ask(to=b"/@evil:80/"), "/@evil:80/", b""),
    "a user in the query": (ask(to=b"?@evil"), "/?@evil", b""),
    "dots": (ask(to=b"/../../x/proxy/y"), "/../../x/proxy/y", b""),
    "escaped slashes": (ask(to=b"/..%2f..%2fx"), "/..%2f..%2fx", b""),
    "escaped line ends": (ask(to=b"/%0d%0aX:%20y?q=%0d%0aa:b"), "/%0d%0aX:%20y?q=%0d%0aa:b", b""),
    "an upgrade passed over": (ask(b"Upgrade: h2c", UPGRADE) + HIDDEN, "/a", b""),
    "HTTP/1.0 kept alive": (post(b"Connection: keep-alive", by=b"GET", version=b"1.0") + HIDDEN, "/a", b""),
    "more after the last": (ask(b"Connection: close") + HIDDEN, "/a", b""),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sites() -> AsyncIterator[tuple[Site, Site]]:
    async with site() as for_everybody, site(with_tokens=True) as with_tokens:
        yield for_everybody, with_tokens


@pytest.fixture
def here(sites: tuple[Site, Site]) -> Site:
    return _fresh(sites[0])


@pytest.fixture
def guarded(sites: tuple[Site, Site]) -> Site:
    return _fresh(sites[1])


def _fresh(here: Site) -> Site:
    for program in (here.of_alice, here.of_bob):
        program.seen.clear()
        program.oddities.clear()
        program.answer = lambda seen: None
        program.answers_early = False
    return here


@pytest.mark.parametrize("name", NONE)
async def test_no_request(here: Site, name: str) -> None:
    """What could be read in two ways reaches no program, not even in part, and is answered once or not at all."""
    answer = await here.attack(NONE[name])
    assert here.of_alice.seen + here.of_bob.seen == []
    assert here.of_alice.oddities + here.of_bob.oddities == []
    assert len(statuses(answer)) <= 1
    assert all(400 <= it < 500 for it in statuses(answer))


@pytest.mark.parametrize("name", ONE)
async def test_one_request(here: Site, name: str) -> None:
    """What is one request arrives as one, with this target and body, and is answered once; nothing hidden does."""
    sent, target, body = ONE[name]
    answer = await here.attack(sent)
    assert [(it.target, it.body) for it in here.of_alice.seen] == [(target, body)]
    assert here.of_alice.oddities + here.of_bob.seen == []
    assert (statuses(answer), target.encode() in answer) == ([200], True)


async def test_no_token_no_request(guarded: Site) -> None:
    """Without a token none of them reaches a program."""
    everything = [*NONE.values(), *(sent for sent, _, _ in ONE.values())]
    answers = await asyncio.gather(*(guarded.attack(it) for it in everything))
    assert guarded.of_alice.seen + guarded.of_bob.seen == []
    assert {it for answer in answers for it in statuses(answer)} <= {400, 401, 404, 421, 431}


async def test_a_token_is_of_one_request(guarded: Site) -> None:
    """The next request on the same connection asks for its own, in the headers and not in the trailers."""
    bearer = b"Authorization: Bearer TOKEN"
    in_trailers = post(CHUNKED, to=b"/trailers", body=b"0\r\n" + bearer + b"\r\n\r\n")
    answer = await guarded.attack(ask(bearer) + ask(to=b"/b") + HIDDEN + in_trailers)
    assert statuses(answer) == [200, 401, 401, 401]
    assert [it.target for it in guarded.of_alice.seen] == ["/a"]
    assert guarded.of_alice.seen[0].values("authorization") == []
    assert guarded.of_bob.seen == []


async def test_two_programs_on_one_connection(here: Site) -> None:
    """Pipelined requests go each to its own program, and are answered in their order."""
    answer = await here.attack(ask() + HIDDEN + ask(to=b"/b"))
    assert [it.target for it in here.of_alice.seen] == ["/a", "/b"]
    assert [it.target for it in here.of_bob.seen] == ["/hidden"]
    bodies = [it.rpartition(b"\r\n\r\n")[2] for it in answer.split(b"HTTP/1.1 200")]
    assert bodies == [b"", b"/a", b"/hidden", b"/b"]


async def test_websocket_behind_a_request(here: Site) -> None:
    """A handshake is not answered ahead of the request before it."""
    here.of_alice.answer = lambda seen: [0.1, plain("slow")]
    answer = await here.attack(ask() + ask(*WEBSOCKET, b"Sec-WebSocket-Version: 99"))
    assert answer == b"" or (statuses(answer) == [200] and answer.endswith(b"slow"))


async def test_expect(here: Site) -> None:
    """A caller that waits to be asked for the body is asked, by the Host alone."""
    first = await here.attack(post(b"Expect: 100-continue", FIVE), b"abcde" + HIDDEN)
    assert statuses(first) == [100, 200, 200]
    assert [(it.body, it.values("expect")) for it in here.of_alice.seen] == [(b"abcde", [])]
    assert [it.target for it in here.of_bob.seen] == ["/hidden"]


async def test_trailers_are_no_headers(here: Site) -> None:
    """What follows the body is left out: what stands in front of a Host has not looked at it."""
    trailers = b"X-Forwarded-For: 10.0.0.1\r\nHost: evil\r\nX-Admin: 1\r\nOrigin: http://evil\r\n"
    await here.attack(post(CHUNKED, body=b"5\r\nabcde\r\n0\r\n" + trailers + b"\r\n"))
    seen = here.of_alice.seen[0]
    assert (seen.values("x-admin"), seen.values("origin")) == ([], [])
    assert seen.values("x-forwarded-for") == ["127.0.0.1"]


async def test_endless_trailers(here: Site) -> None:
    """Trailers, and the extensions of a chunk, are bounded as headers are."""
    for endless in (b"0\r\nX-A: ", b"5;"):
        async with asyncio.timeout(PATIENCE_S / 2):  # the connection ends, and not because nobody says any more
            answer = await here.attack(post(CHUNKED, body=endless + b"a" * 600_000))
        assert statuses(answer) in ([], [431])
    assert here.of_alice.seen == []


async def test_connection_names_what_the_host_adds(here: Site) -> None:
    """Its own headers a caller may take out, as for any hop; not those that say who asked."""
    named = b"Connection: close, x-own, x-forwarded-for, x-forwarded-host, x-forwarded-prefix, host"
    await here.attack(ask(named, b"X-Own: 1", b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Host: evil"))
    seen = here.of_alice.seen[0]
    assert seen.values("x-own") == []
    assert seen.values("x-forwarded-for") == ["127.0.0.1"]
    assert seen.values("x-forwarded-host") == ["localhost"]
    assert seen.values("x-forwarded-prefix") == [f"/programs/{here.alice}/proxy"]


OK = b"HTTP/1.1 200 OK\r\n"
TWO = OK + b"Content-Length: 2\r\n"
EVIL = OK + b"Content-Length: 4\r\n\r\nevil"
IN_CHUNKS = OK + CHUNKED + b"\r\n"
BAD: dict[str, list[bytes | float]] = {
    "length and chunks": [OK + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n" + EVIL],
    "chunks and length": [IN_CHUNKS + b"Content-Length: 5\r\n\r\n0\r\n\r\n" + EVIL],
    "another coding": [OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + EVIL, b""],
    "two codings": [OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"],
    "two lengths": [TWO + b"Content-Length: 5\r\n\r\nab" + EVIL],
    "a list of lengths": [OK + b"Content-Length: 2, 2\r\n\r\nab"],
    "a negative length": [OK + b"Content-Length: -2\r\n\r\nab"],
    "a longer body": [TWO + b"\r\nabcdef"],
    "a bad chunk": [IN_CHUNKS + b"\r\n2\r\nabXX3\r\nabc\r\n0\r\n\r\n" + EVIL],
    "a bare carriage return": [TWO + b"X-A: a\rSet-Cookie: b\r\n\r\nab"],
    "NUL": [TWO + b"X-A: a\x00b\r\n\r\nab"],
    "a name with a space": [TWO + b"X A: a\r\n\r\nab"],
    "a reason on two lines": [b"HTTP/1.1 200 a\rX-A: b\r\nContent-Length: 2\r\n\r\nab"],
    "a huge header": [TWO + b"X-A: " + b"a" * 200_000 + b"\r\n\r\nab"],
    "thousands of headers": [TWO + b"X-A: aaaa\r\n" * 20_000 + b"\r\nab"],
    "another protocol": [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + EVIL],
    "a status of its own": [b"HTTP/1.1 999 Oh\r\nContent-Length: 2\r\n\r\nab"],
    "nothing with a body": [b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nabcd"],
}
SPLIT: dict[str, list[bytes | float]] = {
    "at once": [TWO + b"\r\nab" + EVIL],
    "later": [TWO + b"\r\nab", 0.05, EVIL],
    "later, what is none": [TWO + b"\r\nab", 0.05, b"cdef"],
    "after one that closes": [TWO + b"\r\nab", 0.05, b"HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n", b""],
    "after hints": [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 2000 + TWO + b"\r\nab", 0.05, EVIL],
    "of a length that Connection names": [TWO + b"Connection: content-length\r\n\r\nab", 0.05, EVIL],
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_answer(here: Site, name: str) -> None:
    """An answer that could be read in two ways is the program's failure, and the next caller gets its own."""
    here.of_alice.answer = lambda seen: BAD[name] if seen.target == "/a" else None
    assert statuses(await here.attack(ask()))[:1] == [502]
    await _require_own_answers(here)


@pytest.mark.parametrize("name", SPLIT)
async def test_two_answers(here: Site, name: str) -> None:
    """Of two answers to one request the second is nobody's, whenever it comes."""
    here.of_alice.answer = lambda seen: SPLIT[name] if seen.target == "/a" else None
    answer = await here.attack(ask())
    assert statuses(answer) == [200]
    assert b"evil" not in answer
    await _require_own_answers(here)


async def test_body_cut_short(here: Site) -> None:
    """A body that ends before its length breaks the caller's connection, where nothing else is answered."""
    here.of_alice.answer = lambda seen: [OK + b"Content-Length: 5\r\n\r\nab", b""] if seen.target == "/a" else None
    answer = await here.attack(ask() + ask(to=b"/next"))
    assert answer.endswith(b"\r\n\r\nab")
    await _require_own_answers(here)


async def test_body_for_head(here: Site) -> None:
    """A program that answers HEAD with a body has not begun its next answer by that."""
    here.of_alice.answer = lambda seen: [plain("evil" + seen.target)]
    await here.attack(post(by=b"HEAD"))
    here.of_alice.answer = lambda seen: None
    await _require_own_answers(here)


async def test_length_of_what_is_not_modified(here: Site) -> None:
    """A 304 may give the length that it does not send; the connection goes on."""
    here.of_alice.answer = lambda seen: [b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\nETag: x\r\n\r\n"]
    assert statuses(await here.attack(ask(), ask())) == [304, 304]


async def test_answer_before_the_body(here: Site) -> None:
    """What is missing of a body that a program did not wait for is not made up by the next request."""
    here.of_alice.answers_early = True
    assert statuses(await here.attack(post(b"Content-Length: 300", body=b"abc"))) == [403]
    here.of_alice.answers_early = False
    await _require_own_answers(here)


async def _require_own_answers(here: Site) -> None:
    before = len(here.of_alice.seen)
    for target in (b"/next", b"/other"):
        answer = await here.attack(ask(to=target))
        assert (statuses(answer), answer.endswith(b"\r\n\r\n" + target)) == ([200], True)
    assert [(it.target, it.body) for it in here.of_alice.seen[before:]] == [("/next", b""), ("/other", b"")]
    assert here.of_alice.oddities == []


@pytest.mark.parametrize("body", [b"abc", b"abcdefg"])
async def test_body_of_another_length(body: bytes) -> None:
    """A body that is not as long as its Content-Length ends the connection: the next request does not follow it."""
    program = RecordingProgram()
    program.answers_early = True
    listener, port = listening_socket()
    proxy = LoopbackProxy(SystemClock())
    async with await asyncio.start_server(program.talk, sock=listener):
        await proxy.open(PROGRAM, port)
        with pytest.raises(ProgramUnreachable):
            await read(
                await proxy.request(PROGRAM, ProxyRequest("POST", "/", (("Content-Length", "5"),), chunks(body)))
            )
        await read(await proxy.request(PROGRAM, get("/next")))
        await proxy.aclose()
    assert [(it.target, it.connection) for it in program.seen] == [("/next", 2)]
