"""Plain functions run in threads: one that blocks, or never returns, harms itself only."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from hershy.watcher import Context, KillWatcher, Message, StopWatcher, WatcherError, WatcherState, testing
from hershy.watcher import threads as threads_module
from hershy.watcher.testing import drive
from hershy.watcher.threads import Threads

from .programs import watcher_of


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize(
    ("control", "state"), [(StopWatcher(), WatcherState.STOPPED), (KillWatcher(), WatcherState.KILLED)]
)
async def test_control_errors_come_out_of_a_thread(control: Exception, state: WatcherState) -> None:
    """As from an async function."""

    def function(ctx: Context, message: Message | None) -> None:
        if message:
            raise control

    async with drive(watcher_of(function)) as driven:
        await driven.send("end")
        assert driven.state is state


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(1), KeyboardInterrupt(), ValueError("no")])
async def test_whatever_comes_out_of_a_thread_is_a_failure(error: BaseException) -> None:
    """Also what a future could not carry."""

    def function(ctx: Context, message: Message | None) -> None:
        if message:
            raise error

    async with drive(watcher_of(function)) as driven:
        await driven.send("raise")
        assert type(error).__name__ in driven.watcher.reason
        await driven.advance(15)
        assert driven.state is WatcherState.READY


async def test_a_plain_function_may_return_an_awaitable() -> None:
    """It is awaited on the loop."""
    loops: list[object] = []

    async def work() -> None:
        loops.append(asyncio.get_running_loop())

    async with drive(watcher_of(lambda ctx, message: work())):
        assert loops == [asyncio.get_running_loop()]


async def test_a_function_that_blocks_is_left_behind_with_its_thread(release: threading.Event) -> None:
    """After the timeout; the next message is executed, and what the thread does then counts for nothing."""
    entered, ended = threading.Event(), threading.Event()
    late: list[str] = []

    def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "block":
            entered.set()
            release.wait()
            try:
                ctx.set("key", "late")
            except WatcherError as error:
                late.append(str(error))
            ended.set()
        elif message:
            ctx.set("key", "good")

    async with drive(watcher_of(function)) as driven:
        await driven.watcher.send("block")
        await asyncio.to_thread(entered.wait)
        await driven.clock.advance(60)
        assert "TimeoutError" in driven.watcher.reason
        assert driven.watcher.busy_threads == 1
        await driven.clock.advance(15)
        await driven.watcher.send("next")
        while driven.get("key") is None:  # noqa: ASYNC110 -- a thread of the program sets it
            await asyncio.sleep(0.001)
        release.set()
        await asyncio.to_thread(ended.wait)
        await driven.settle()
        assert driven.get("key") == "good"
        assert "given up" in late[0]
        assert driven.watcher.busy_threads == 0


async def test_a_call_that_blocks_is_an_error_and_not_asked_again_before_it_returns(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages go on meanwhile; its answer counts when it comes."""
    monkeypatch.setattr(testing, "THREADS_LIMIT_S", 0.02)
    asked = threading.Event()
    calls: list[int] = []

    def ask() -> int:
        calls.append(1)
        asked.set()
        if len(calls) == 1:
            release.wait()
        return len(calls)

    async def function(ctx: Context, message: Message | None) -> None:
        depth = ctx.watch_call("depth", ask, every=1, initial=0)
        if message:
            ctx.set("seen", (depth.value, depth.ok))

    async with drive(watcher_of(function)) as driven:
        await asyncio.to_thread(asked.wait)
        await driven.clock.advance(300)
        await driven.watcher.send("look")
        while driven.get("seen") is None:  # noqa: ASYNC110 -- a thread of the program sets it
            await asyncio.sleep(0.001)
        assert driven.get("seen") == (0, False)
        assert len(calls) == 1
        release.set()
        await driven.advance(1)
        assert driven.watched("depth").ok
        assert len(calls) > 1


async def test_threads_have_a_limit(release: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is an error, not a machine out of threads."""
    monkeypatch.setattr(threads_module, "MOST", 1)
    threads = Threads()
    blocked = asyncio.ensure_future(threads.call(release.wait))
    await asyncio.sleep(0)
    with pytest.raises(WatcherError, match="no thread is left"):
        await threads.call(print)
    release.set()
    assert await blocked
