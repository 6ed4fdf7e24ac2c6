"""InMemoryProxy and InMemoryProgram."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import pytest

from hershy.core.endpoint import Endpoint
from hershy.core.ids import PublishPort
from hershy.errors import ConfigurationError, ProgramUnreachable
from hershy.programs.ports.proxy import Header, ProxyRequest, ProxyResponse, ProxyWebSocket
from hershy.programs.ports.runtime import LogStream
from hershy.testing.contracts.proxy import PROGRAM, ProxyContract, read
from hershy.testing.contracts.proxy_program import ContractProgram
from hershy_adapters.memory import proxy as module
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.program import InMemoryProgram, answer_json
from hershy_adapters.memory.proxy import InMemoryProxy
from hershy_adapters.memory.watcher_api import go_duration

PORT = PublishPort(19001).endpoint
NOBODY = PublishPort(19002).endpoint


class Programs:
    def __init__(self, programs: Mapping[Endpoint, InMemoryProgram]) -> None:
        self.programs = programs

    def program_at(self, endpoint: Endpoint) -> InMemoryProgram | None:
        return self.programs.get(endpoint)


class ServedContractProgram(InMemoryProgram):
    def __init__(self, program: ContractProgram, clock: VirtualClock) -> None:
        super().__init__(PROGRAM, clock)
        self.program = program
        self.on_websocket_message = program.converse

    async def handle(self, request: ProxyRequest) -> ProxyResponse:
        return await self.program.handle(request)

    async def connect_websocket(
        self, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        if not self.program.accept(target):
            raise ProgramUnreachable("refused")
        return await super().connect_websocket(target, headers, subprotocols)


class TestInMemoryProxy(ProxyContract):
    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()

    @pytest.fixture
    async def endpoint(self) -> Endpoint:
        return PORT

    @pytest.fixture
    async def dead_endpoints(self) -> Sequence[Endpoint]:
        return [NOBODY]

    @pytest.fixture
    async def proxy(self, program: ContractProgram, clock: VirtualClock) -> AsyncIterator[InMemoryProxy]:
        programs = Programs({PORT: ServedContractProgram(program, clock)})
        proxy = InMemoryProxy(programs, clock, timedelta(seconds=1))
        yield proxy
        await proxy.aclose()


@pytest.fixture
def logged() -> list[tuple[LogStream, str]]:
    return []


@pytest.fixture
def program(logged: list[tuple[LogStream, str]]) -> InMemoryProgram:
    env = MappingProxyType({"DEMO": "1"})
    return InMemoryProgram(PROGRAM, VirtualClock(), env, lambda stream, text: logged.append((stream, text)))


async def call(program: InMemoryProgram, target: str, method: str = "GET", body: bytes = b"") -> tuple[int, object]:
    response = await program.handle(ProxyRequest(method, target, (), body))
    return response.status, json.loads(await read(response))


async def test_answers_have_no_spaces_between_their_values(program: InMemoryProgram) -> None:
    """As those of a real Watcher: shell scripts find a value by the text around it."""
    raw = await read(await program.handle(ProxyRequest("GET", "/watcher/status", (), b"")))
    assert b'"state":"Ready"' in raw


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("status", {"state", "isRunning", "watcherID", "uptime", "lastUpdate"}),
        ("state", {"currentState", "previousState"}),
        ("vars", {"DEMO"}),
        ("logs", {"effectLogs", "reduceLogs", "watchErrorLogs", "contextLogs", "stateFaultLogs"}),
        (
            "signals",
            {"varSigCount", "userSigCount", "watcherSigCount", "totalPending", "recentSignals", "timestamp"},
        ),
        ("watching", {"watchedVars", "count", "timestamp"}),
        ("memoCache", {"entries", "count", "timestamp"}),
        ("varState", {"variables", "count", "timestamp"}),
        ("config", {"config", "timestamp"}),
    ],
)
async def test_watcher_api_shapes(program: InMemoryProgram, path: str, fields: set[str]) -> None:
    """Every reading call answers with the fields of the wire contract."""
    status, value = await call(program, f"/watcher/{path}")
    assert status == 200
    assert isinstance(value, dict)
    assert set(value) == fields


async def test_message(program: InMemoryProgram, logged: list[tuple[LogStream, str]]) -> None:
    """A message is kept, echoed to the log, and shown by signals and logs."""
    assert await call(program, "/watcher/message", "POST", b'{"content": "hi"}') == (200, {"status": "message sent"})
    assert program.messages == ["hi"]
    assert logged == [(LogStream.STDOUT, "message: hi")]
    _, signals = await call(program, "/watcher/signals")
    assert isinstance(signals, dict)
    assert signals["recentSignals"][0]["content"] == "hi"
    _, logs = await call(program, "/watcher/logs?type=effect&limit=1")
    assert isinstance(logs, dict)
    assert len(logs["effectLogs"]) == 1


@pytest.mark.parametrize("body", [b"{}", b'{"content": ""}', b'{"content": 1}', b"[]"])
async def test_empty_message(program: InMemoryProgram, body: bytes) -> None:
    """A message without content is refused in the words of the wire contract."""
    refusal = {"error": "message content cannot be empty"}
    assert await call(program, "/watcher/message", "POST", body) == (400, refusal)
    assert not program.messages


async def test_refusals(program: InMemoryProgram) -> None:
    """Unknown paths, wrong methods and wrong values are refused, not failures."""
    assert (await call(program, "/nothing"))[0] == 404
    assert (await call(program, "/watcher/status", "POST"))[0] == 405
    assert (await call(program, "/watcher/logs?type=x"))[0] == 400
    assert (await call(program, "/watcher/logs?limit=-1"))[0] == 400
    assert (await call(program, "/watcher/message", "POST", b"{"))[0] == 400


async def test_respond(program: InMemoryProgram) -> None:
    """A test can put its own answer in place of any call."""

    async def busy(request: ProxyRequest) -> ProxyResponse:
        return answer_json(503, {"target": request.target})

    program.respond("GET", "/watcher/status", busy)
    assert await call(program, "/watcher/status?x=1") == (503, {"target": "/watcher/status?x=1"})


async def test_a_program_can_be_told_to_be_unwell(program: InMemoryProgram) -> None:
    """A handler that answers 503 fails a health check of its path, and no readiness probe."""

    async def unwell(request: ProxyRequest) -> ProxyResponse:
        return answer_json(503, {})

    proxy = InMemoryProxy(Programs({PORT: program}), VirtualClock())
    assert await proxy.probe(PORT, timedelta(seconds=1), "/watcher/status")
    program.respond("GET", "/watcher/status", unwell)
    assert not await proxy.probe(PORT, timedelta(seconds=1), "/watcher/status?x=1")
    assert await proxy.probe(PORT, timedelta(seconds=1))


async def test_handler_that_raises(program: InMemoryProgram) -> None:
    """An exception in a handler looks like a connection that broke."""

    async def broken(request: ProxyRequest) -> ProxyResponse:
        raise ZeroDivisionError

    program.respond("GET", "/", broken)
    proxy = InMemoryProxy(Programs({PORT: program}), VirtualClock())
    await proxy.open(PROGRAM, PORT)
    with pytest.raises(ProgramUnreachable):
        await proxy.request(PROGRAM, ProxyRequest("GET", "/", ()))


def test_go_duration() -> None:
    """Durations are spelt as Go spells them."""
    assert [go_duration(it) for it in (0, 5.25, 330.5, 3600, 3_725.001)] == [
        "0s",
        "5.25s",
        "5m30.5s",
        "1h0m0s",
        "1h2m5.001s",
    ]


def test_create_refuses_other_runtimes() -> None:
    """The twin reaches only twins, and says what to choose instead."""

    class Context:
        clock = VirtualClock()

        def peer(self, port: object) -> object:
            return object()

    with pytest.raises(ConfigurationError, match="loopback"):
        module.create(Context())  # type: ignore[arg-type]
