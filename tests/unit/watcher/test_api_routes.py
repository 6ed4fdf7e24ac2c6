"""Every call of the WatcherAPI, without HTTP: its shape, and what it refuses."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import Future
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest

from hershy.watcher import Context, Failure, Message, Watcher, WatcherConfig
from hershy.watcher.api import routes as routes_module
from hershy.watcher.api.plain import plain
from hershy.watcher.api.routes import Routes
from hershy.watcher.testing import Driven, VirtualClock, drive

LOGS = {"effectLogs", "reduceLogs", "watchErrorLogs", "contextLogs", "stateFaultLogs"}
READINGS = ("status", "state", "vars", "logs", "signals", "watching", "memoCache", "varState", "config")
NOW = "2026-01-01T00:05:30.500000Z"


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


async def prices() -> AsyncIterator[Any]:
    yield Decimal("1.5")
    await asyncio.Event().wait()


async def broken() -> AsyncIterator[Any]:
    yield Failure(OSError("no network"))


def program(config: WatcherConfig | None = None) -> Watcher:
    watcher = Watcher(env={"NAME": "api"}, port=0, config=config)

    @watcher.manage("Api")
    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("price", prices, initial=Decimal(0))
        ctx.watch_flow("broken", broken, initial=Unprintable())
        await ctx.memo("client", object)
        await ctx.memo("limits", lambda: {"a": [1, float("nan")]})
        ctx.set("last", message.content if message else None)
        if message and message.content == "fail":
            raise ValueError("as told")
        if message and message.content == "wait":
            await asyncio.Event().wait()

    return watcher


@pytest.fixture
async def driven() -> AsyncIterator[Driven]:
    async with drive(program(), VirtualClock()) as driven:
        await driven.advance(330.5)
        yield driven


def routes_of(driven: Driven, port: int = 8080) -> Routes:
    assert driven.watcher._engine is not None
    return Routes(driven.watcher._engine, port)


async def get(driven: Driven, target: str) -> Any:
    status, answer = await routes_of(driven).answer("GET", f"/watcher/{target}", b"")
    assert status is HTTPStatus.OK
    return json.loads(json.dumps(answer, allow_nan=False))


async def post(driven: Driven, body: object) -> tuple[int, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, answer = await routes_of(driven).answer("POST", "/watcher/message", raw)
    return int(status), answer


async def test_status(driven: Driven) -> None:
    """State, identity, and uptime as Go prints durations."""
    status = await get(driven, "status")
    assert status == {
        "state": "Ready",
        "isRunning": True,
        "watcherID": driven.watcher.id,
        "uptime": "5m30.5s",
        "lastUpdate": "2026-01-01T00:00:00Z",
    }
    await driven.stop()
    assert (await get(driven, "status"))["isRunning"] is False


async def test_state(driven: Driven) -> None:
    """The current one, the one before, and why; an execution is none to come back from."""
    assert {"currentState": "Ready", "previousState": "InitRun"}.items() <= (await get(driven, "state")).items()
    await driven.send("fail")
    state = await get(driven, "state")
    assert (state["currentState"], state["previousState"]) == ("Running", "Ready")
    assert (state["consecutiveFailures"], state["reason"]) == (1, "ValueError: as told")


async def test_vars(driven: Driven) -> None:
    """The environment given to the Watcher."""
    assert await get(driven, "vars") == {"NAME": "api"}


async def test_a_message_sent_is_executed(driven: Driven) -> None:
    """Also when a stop follows at once."""
    assert await post(driven, {"content": "hello", "else": 1}) == (200, {"status": "message sent"})
    stopping = asyncio.create_task(driven.watcher.stop())
    await stopping
    assert driven.get("last") == "hello"
    status, answer = await post(driven, {"content": "too late"})
    assert status == 503
    assert "Stop" in answer["error"]


@pytest.mark.parametrize("body", [{"content": ""}, {}, {"content": None}])
async def test_an_empty_message_is_refused(driven: Driven, body: object) -> None:
    """In the contract's words."""
    assert await post(driven, body) == (400, {"error": "message content cannot be empty"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        [],
        "text",
        5,
        None,
        {"content": 5},
        {"content": ["a"]},
        b'{"content": NaN',
        b'{"content": "\\ud800"}',
        b'{"content": "\xed\xa0\x80"}',
        '{"content": "Größe"}'.encode("latin-1"),
    ],
)
async def test_a_malformed_body_is_refused(driven: Driven, body: object) -> None:
    """With 400 and a reason."""
    status, answer = await post(driven, body)
    assert status == 400
    assert list(answer) == ["error"]


async def test_a_message_waits_for_room_in_a_full_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a while; then it has not been sent."""
    monkeypatch.setattr(routes_module, "ROOM_LIMIT_S", 0.01)
    async with drive(program(WatcherConfig(signal_capacity=1, stop_timeout=timedelta(seconds=1)))) as driven:
        await driven.send("wait")
        assert await post(driven, {"content": "queued"}) == (200, {"status": "message sent"})
        status, answer = await post(driven, {"content": "no room"})
        assert (status, answer) == (503, {"error": "the queue of messages is full: send it again later"})
        signals = await get(driven, "signals")
        assert (signals["userSigCount"], signals["varSigCount"], signals["totalPending"]) == (1, 0, 1)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("effect", "effectLogs"),
        ("reduce", "reduceLogs"),
        ("watch_error", "watchErrorLogs"),
        ("context", "contextLogs"),
        ("state_fault", "stateFaultLogs"),
    ],
)
async def test_each_log_can_be_read(driven: Driven, kind: str, field: str) -> None:
    """All five fields are there; of the others nothing. Every entry has a time and a sentence."""
    await driven.send("fail")
    logs = await get(driven, f"logs?type={kind}&limit=1")
    assert set(logs) == LOGS
    assert {name: len(entries) for name, entries in logs.items()} == {name: int(name == field) for name in LOGS}
    assert datetime.fromisoformat(logs[field][0]["timestamp"]).tzinfo is not None
    assert logs[field][0]["message"]


async def test_all_logs_are_read_by_default_a_hundred_of_each(driven: Driven) -> None:
    """The newest."""
    for number in range(120):
        await driven.send(str(number))
    logs = await get(driven, "logs")
    assert set(logs) == LOGS
    assert len(logs["effectLogs"]) == len(logs["reduceLogs"]) == len(logs["contextLogs"]) == 100
    assert logs["contextLogs"][-1] == {
        "timestamp": NOW,
        "message": "last: '118' -> '119'",
        "key": "last",
        "oldValue": "'118'",
        "newValue": "'119'",
    }
    assert len((await get(driven, "logs?limit=0&type=all"))["effectLogs"]) == 0
    assert len((await get(driven, "logs?limit=110"))["effectLogs"]) == 110


@pytest.mark.parametrize(
    "query",
    ["type=other", "type=", "limit=-1", "limit=", "limit=ten", "limit=1.5", "limit=" + "9" * 5_000, "limit=٣"],
)
async def test_unknown_logs_and_odd_limits_are_refused(driven: Driven, query: str) -> None:
    """With 400 and a reason."""
    status, answer = await routes_of(driven).answer("GET", f"/watcher/logs?{query}", b"")
    assert status == 400
    assert isinstance(answer, dict)
    assert "must be" in answer["error"]


async def test_signals(driven: Driven) -> None:
    """What waits, and the last 30 signals of all kinds."""
    signals = await get(driven, "signals")
    assert {kind: signals[kind] for kind in ("varSigCount", "userSigCount", "watcherSigCount", "totalPending")} == {
        "varSigCount": 0,
        "userSigCount": 0,
        "watcherSigCount": 0,
        "totalPending": 0,
    }
    assert [signal["type"] for signal in signals["recentSignals"]] == ["WatcherSig", "VarSig", "VarSig"]
    for number in range(40):
        await driven.send(str(number))
    recent = (await get(driven, "signals"))["recentSignals"]
    assert len(recent) == 30
    assert recent[-1] == {"type": "UserSig", "content": "39", "createdAt": NOW}


async def test_a_stop_that_waits_is_a_signal_that_waits(driven: Driven) -> None:
    """While the function runs."""
    await driven.send("wait")
    stopping = asyncio.create_task(driven.watcher.stop())
    await driven.settle()
    signals = await get(driven, "signals")
    assert (signals["watcherSigCount"], signals["totalPending"]) == (1, 1)
    assert signals["recentSignals"][-1]["type"] == "WatcherSig"
    await driven.advance(5)
    await stopping


async def test_watching(driven: Driven) -> None:
    """The names."""
    assert await get(driven, "watching") == {"watchedVars": ["price", "broken"], "count": 2, "timestamp": NOW}


async def test_memo_cache(driven: Driven) -> None:
    """What JSON cannot carry is a repr, also inside."""
    cache = await get(driven, "memoCache")
    assert (cache["count"], cache["timestamp"]) == (2, NOW)
    assert cache["entries"]["limits"] == {"a": [1, "nan"]}
    assert cache["entries"]["client"].startswith("<object object")


async def test_var_state(driven: Driven) -> None:
    """The values; what cannot even be printed is named."""
    assert await get(driven, "varState") == {
        "variables": {"price": "Decimal('1.5')", "broken": "<Unprintable whose repr raises RuntimeError>"},
        "errors": {"broken": "OSError: no network"},
        "count": 2,
        "timestamp": NOW,
    }


async def test_config(driven: Driven) -> None:
    """The limits."""
    config = await get(driven, "config")
    assert {
        "serverPort": 8080,
        "signalChanCapacity": 50_000,
        "maxLogEntries": 50_000,
        "maxMemoEntries": 1_000,
    }.items() <= config["config"].items()
    assert config["timestamp"] == NOW


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/watcher", 404),
        ("GET", "/watcher/status/", 404),
        ("GET", "http://[", 404),
        ("POST", "/watcher/status", 405),
        ("HEAD", "/watcher/status", 405),
        ("DELETE", "/watcher/logs", 405),
        ("GET", "/watcher/message", 405),
        ("GET", "/watcher/status?anything=1", 200),
        ("GET", "http://localhost:8080/watcher/status", 200),
    ],
)
async def test_other_paths_and_methods(driven: Driven, method: str, target: str, status: int) -> None:
    """404 and 405."""
    assert (await routes_of(driven).answer(method, target, b""))[0] == status


class Exiting:
    def __repr__(self) -> str:
        raise SystemExit


async def test_no_name_or_value_of_a_program_is_a_500() -> None:
    """Names that are no text, values that cannot be printed: every call answers with valid JSON."""
    watcher = Watcher(env={"PORT": 5, "RATE": float("nan"), "CLIENT": object()}, port=0)  # type: ignore[dict-item]

    @watcher.manage("odd")
    async def function(ctx: Context, message: Message | None) -> None:
        for name in (("a", 1), 2, Exiting()):
            await ctx.memo(name, lambda: float("inf"))  # type: ignore[call-overload]
            ctx.set(name, Exiting())  # type: ignore[arg-type]
        ctx.watch_flow("flow", failing, initial=Exiting())

    async def failing() -> AsyncIterator[Any]:
        raise Silent
        yield

    async with drive(watcher) as driven:
        answers = {target: await get(driven, target) for target in READINGS}
        assert answers["vars"] == {"PORT": 5, "RATE": "nan", "CLIENT": answers["vars"]["CLIENT"]}
        assert answers["vars"]["CLIENT"].startswith("<object object")
        assert answers["memoCache"]["entries"] == {
            "('a', 1)": "inf",
            "2": "inf",
            "<Exiting whose repr raises SystemExit>": "inf",
        }
        assert answers["logs"]["contextLogs"][0]["key"] == "('a', 1)"
        assert answers["varState"]["errors"] == {"flow": "Silent"}


class Silent(Exception):
    """An error that says nothing, and is false."""

    def __len__(self) -> int:
        return 0


async def test_what_is_kept_of_a_message_is_short(driven: Driven) -> None:
    """The last 30 of a mebibyte each would not fit the container."""
    assert await post(driven, {"content": "x" * 1_000_000}) == (200, {"status": "message sent"})
    assert (await get(driven, "signals"))["recentSignals"][-1]["content"] == "x" * 1_000 + "..."


async def test_uptime_is_not_the_wall_clocks_affair(driven: Driven) -> None:
    """Which may be set back, or forward by years."""
    driven.clock._start_s += 1_000_000
    assert (await get(driven, "status"))["uptime"] == "5m30.5s"


async def test_a_message_accepted_as_its_time_is_over_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who were told to send it again would have it executed twice."""
    monkeypatch.setattr(routes_module, "ROOM_LIMIT_S", 0)

    class AcceptedAtTheLastMoment(Future[None]):
        def cancel(self) -> bool:
            self.set_running_or_notify_cancel()
            self.set_result(None)
            return super().cancel()

    async with drive(program()) as driven:
        monkeypatch.setattr(driven.watcher._engine, "offer", lambda content: AcceptedAtTheLastMoment())
        assert await post(driven, {"content": "late"}) == (200, {"status": "message sent"})


def test_values_within_each_other_have_an_end() -> None:
    """Neither cycles with many ways through nor parts shared again and again are written out for ever."""
    cycle: list[object] = []
    cycle.extend([cycle, cycle, {"all": cycle}])
    shared: list[object] = ["leaf"]
    for _ in range(15):
        shared = [shared] * 15
    tree: dict[str, Any] = {"name": "root", "children": []}
    tree["children"] = [{"name": f"child {n}", "parent": tree} for n in range(3)]
    outline = "[[[...], [...], {...}], [[...], [...], {...}], {'all': [...]}]"
    assert plain(cycle) == [outline, outline, {"all": outline}]
    assert [child["name"] for child in plain(tree)["children"]] == ["child 0", "child 1", "child 2"]  # type: ignore[index,call-overload]
    assert len(json.dumps(plain(shared))) < 20_000_000
    assert plain([1, 2, {"not": ["a", "cycle"]}] * 2) == [1, 2, {"not": ["a", "cycle"]}] * 2


def test_values_that_json_cannot_carry_are_shown_as_their_repr() -> None:
    """Whatever they are; the rest is as it is."""
    endless: list[object] = []
    endless.append(endless)
    assert plain({"a": (1, 2.5, None, True), 3: {"x"}}) == {"a": [1, 2.5, None, True], "3": "{'x'}"}
    assert plain([float("inf"), b"x", 10**5_000, timedelta(1)])[:2] == ["inf", "b'x'"]  # type: ignore[index]
    json.dumps(plain([endless, 10**5_000, "\ud800", Unprintable(), {Unprintable(): 1}]), allow_nan=False)
    assert len(str(plain(bytes(1_000_000)))) < 20_000
