"""Raw sockets around a Host: an attacker that writes bytes, and programs that record what reaches them."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from hershy.access.authentication import Authenticator, issue
from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID, UserID
from hershy.programs.application.host import Host
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.state import ProgramState
from hershy.wiring import open_host
from hershy_adapters.http._guard.origin_policy import OriginPolicy
from hershy_adapters.http.api_server import UvicornApiServer
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.tokens import InMemoryTokens
from hershy_adapters.system.clock import SystemClock

QUIET_S = 0.25
"""So long silent, a connection over loopback has no more to say, ..."""
PATIENCE_S = 10.0
"""... unless it has not said anything yet."""

_LINE = re.compile(rb"[A-Z-]+ (/[!-~]*) HTTP/1\.1")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class NotOneRequest(Exception):
    """What has come could be read in more than one way."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole request, as the strictest of servers reads it. ``connection``: the how manieth it came by."""

    connection: int
    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


Answer = Callable[[Seen], Sequence[bytes | float] | None]


class RecordingProgram:
    """Answers each request with its target, or with what ``answer`` says: bytes to write, seconds to wait.

    A closed connection at the end of an answer is an empty ``bytes``. ``oddities`` is what no server should be sent.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.oddities: list[str] = []
        self.unfinished = 0
        self.connections = 0
        self.answer: Answer = lambda seen: None
        self.answers_early = False

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        with suppress(OSError, asyncio.CancelledError):
            try:
                while await self._exchange(connection, reader, writer):
                    pass
            except asyncio.IncompleteReadError as error:
                self.unfinished += bool(error.partial)
            except NotOneRequest as error:
                self.oddities.append(str(error))
        writer.close()

    async def _exchange(self, connection: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        line, *fields = head.split(b"\r\n")
        matches = [_FIELD.fullmatch(it) for it in fields]
        if _LINE.fullmatch(line) is None or None in matches:
            raise NotOneRequest(repr(head))
        headers = tuple((it[1].decode().lower(), it[2].decode("latin-1")) for it in matches if it is not None)
        if self.answers_early:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nearly")
        body = await _body(Seen(connection, line.decode(), headers, b""), reader)
        seen = Seen(connection, line.decode(), headers, body)
        if seen.target != "/watcher/status":
            self.seen.append(seen)
        if self.answers_early:
            return True
        for part in self.answer(seen) or [plain(seen.target)]:
            if isinstance(part, float):
                await asyncio.sleep(part)
            elif not part:
                return False
            else:
                writer.write(part)
                await writer.drain()
        return True


async def _body(seen: Seen, reader: asyncio.StreamReader) -> bytes:
    lengths, codings = seen.values("content-length"), seen.values("transfer-encoding")
    if len(lengths) + len(codings) > 1 or len(seen.values("host")) != 1:
        raise NotOneRequest(repr(seen))
    if lengths:
        if not re.fullmatch("[0-9]+", lengths[0]):
            raise NotOneRequest(repr(seen))
        return await reader.readexactly(int(lengths[0]))
    if not codings:
        return b""
    if codings != ["chunked"]:
        raise NotOneRequest(repr(seen))
    body = b""
    while True:
        size = (await reader.readuntil(b"\r\n"))[:-2]
        if not re.fullmatch(b"[0-9a-f]{1,8}", size):
            raise NotOneRequest(f"chunk size {size!r}")
        chunk = await reader.readexactly(int(size, 16) + 2)
        if not chunk.endswith(b"\r\n"):
            raise NotOneRequest(f"chunk {chunk!r:.80}")
        if chunk == b"\r\n":
            return body
        body += chunk[:-2]


def plain(text: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text.encode())


@dataclass(frozen=True, slots=True)
class Site:
    """A Host that serves alice's program and bob's. ``token`` is alice's, who may do nothing with bob's."""

    port: int
    alice: ProgramID
    bob: ProgramID
    of_alice: RecordingProgram
    of_bob: RecordingProgram
    token: str

    async def attack(self, *pieces: bytes) -> bytes:
        """All that is answered to the pieces, each sent when there is nothing more to be heard after the last.

        ALICE, BOB and TOKEN in them are replaced.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            for piece in pieces:
                with suppress(OSError):
                    writer.write(self.filled(piece))
                    await writer.drain()
                answer += await _until_quiet(reader)
        finally:
            writer.close()
        return answer

    def filled(self, text: bytes) -> bytes:
        for name, value in ((b"ALICE", self.alice.value), (b"BOB", self.bob.value), (b"TOKEN", self.token)):
            text = text.replace(name, value.encode())
        return text


def statuses(answer: bytes) -> list[int]:
    return [int(it) for it in _STATUS.findall(answer)]


async def _until_quiet(reader: asyncio.StreamReader) -> bytes:
    heard = b""
    with suppress(TimeoutError, OSError):
        while piece := await asyncio.wait_for(reader.read(65536), QUIET_S if heard else PATIENCE_S):
            heard += piece
    return heard


@asynccontextmanager
async def site(*, with_tokens: bool = False) -> AsyncIterator[Site]:
    tokens = InMemoryTokens()
    clock = SystemClock()
    _, token = await issue(tokens, clock.now(), UserID("alice"))
    authenticator = Authenticator(tokens, clock) if with_tokens else None
    async with open_host(runtime="memory", proxy="loopback") as host:
        app = create_app(host, authenticator=authenticator, origin_policy=OriginPolicy(hosts=()))
        server = UvicornApiServer(app, port=0)
        await server.start()
        try:
            async with _running(host, "alice") as (alice, of_alice), _running(host, "bob") as (bob, of_bob):
                yield Site(int(server.url.rpartition(":")[2]), alice, bob, of_alice, of_bob, token)
        finally:
            await server.aclose()


@asynccontextmanager
async def _running(host: Host, user: str) -> AsyncIterator[tuple[ProgramID, RecordingProgram]]:
    recording = RecordingProgram()
    program, listening = await _created(host, user, recording)
    try:
        await host.start(program)
        await host.wait_for(program, ProgramState.READY)
        yield program, recording
    finally:
        await host.delete(program)
        listening.close()


async def _created(host: Host, user: str, recording: RecordingProgram) -> tuple[ProgramID, asyncio.Server]:
    """The first program whose port nobody else on this machine holds."""
    for _ in range(100):
        program = await host.create(ProgramRequest(UserID(user), BuildSpec("FROM scratch")))
        with suppress(OSError):
            return program.id, await asyncio.start_server(recording.talk, "127.0.0.1", program.publish_port.value)
    raise AssertionError("a hundred ports are held")
