"""A stop is prompt, clean, and loses nothing that was accepted."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest

from hershy.watcher import Context, Message, NotRunning, StopWatcher, Watcher, WatcherConfig, WatcherState
from hershy.watcher.engine import TURNS
from hershy.watcher.testing import drive

from .programs import Channel, Recorder, watcher_of

STOPPED, STOPPING = WatcherState.STOPPED, WatcherState.STOPPING


async def test_what_was_accepted_is_executed_even_if_stop_follows_at_once() -> None:
    """Messages and changes alike; then cleanup, then the end."""
    recorder, channel, order = Recorder(), Channel(), list[str]()

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("price", channel.items, initial=0)
        await recorder(ctx, message)
        order.append(message.content if message else str(ctx.trigger))

    watcher = watcher_of(function)
    watcher.cleanup(lambda ctx: order.append("cleanup"))
    async with drive(watcher) as driven:
        gate = asyncio.Event()
        driven.watcher.send("first")
        channel.put(1)
        await driven.settle()
        for number in range(100):
            driven.watcher.send(str(number))
        stopping = asyncio.create_task(driven.watcher.stop())
        gate.set()
        await stopping
        assert order[-101:] == [*map(str, range(100)), "cleanup"]
        assert driven.state is STOPPED
        assert not driven.logs.state_fault.tail()


async def test_changes_that_wait_are_executed_before_a_stop() -> None:
    """Once, all together; those that come later are not."""
    channel, gate = Channel(), asyncio.Event()
    seen: list[object] = []

    async def function(ctx: Context, message: Message | None) -> None:
        seen.append(ctx.watch_flow("price", channel.items, initial=0).value)
        if message:
            await gate.wait()

    async with drive(watcher_of(function)) as driven:
        await driven.send("wait")
        channel.put(1)
        await driven.settle()
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.settle()
        gate.set()
        await stopping
        channel.put(2)
        await driven.settle()
    assert seen == [0, 0, 1]


@pytest.mark.parametrize(("delays", "state"), [([], WatcherState.RUNNING), ([15, 30], WatcherState.WAIT_RECOVER)])
async def test_a_stop_during_a_wait_after_a_failure_is_at_once(delays: list[float], state: WatcherState) -> None:
    """No virtual second passes; messages that wait are executed, and their failures don't wait either."""
    recorder = Recorder([None] + [ValueError()] * 10)
    async with drive(watcher_of(recorder)) as driven:
        for delay in delays:
            await driven.send("fails")
            await driven.advance(delay)
        await driven.send("fails")
        assert driven.state is state
        accepted = len(recorder.seen)
        await driven.send("a")
        await driven.send("b")
        began = driven.clock.monotonic()
        await driven.watcher.stop()
        assert driven.clock.monotonic() == began
        assert recorder.contents[accepted:][-2:] == ["a", "b"]
        assert driven.state is STOPPED


async def test_a_stop_waits_for_a_long_run_for_five_seconds_only() -> None:
    """Then it is cancelled; cleanup runs all the same, and unexecuted messages are told."""
    cleanups: list[object] = []

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            await asyncio.Event().wait()

    watcher = watcher_of(function)
    watcher.cleanup(cleanups.append)
    async with drive(watcher) as driven:
        await driven.send("for ever")
        await driven.send("never")
        first, second = (asyncio.create_task(driven.watcher.stop()) for _ in range(2))
        await driven.settle()
        assert driven.state is WatcherState.RUNNING
        with pytest.raises(NotRunning):
            driven.watcher.send("no more")
        await driven.advance(4.875)
        assert not cleanups
        await driven.advance(0.125)
        await asyncio.gather(first, second)
        assert len(cleanups) == 1
        assert driven.state is STOPPED
        faults = [entry.message for entry in driven.logs.state_fault.tail()]
        assert "the stop's limit of 5 s has passed" in faults[0]
        assert faults[-1] == "1 accepted messages were not executed"


async def test_a_stop_during_a_run_lets_it_end() -> None:
    """Signals interrupt nothing."""
    gate, ended = asyncio.Event(), []

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            await gate.wait()
            ended.append(True)

    async with drive(watcher_of(function)) as driven:
        await driven.send("go")
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.advance(2)
        gate.set()
        await stopping
        assert ended == [True]


async def test_a_stop_during_the_start() -> None:
    """The first execution ends, cleanup runs, and a stop right after start as well."""
    gate, cleanups = asyncio.Event(), list[object]()

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_tick("tick", every=1)
        await gate.wait()

    watcher = watcher_of(function)
    watcher.cleanup(cleanups.append)
    async with drive(watcher) as driven:
        assert driven.state is WatcherState.INIT_RUN
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.settle()
        gate.set()
        await stopping
        assert (driven.state, len(cleanups)) == (STOPPED, 1)
    at_once = watcher_of(Recorder())
    await at_once.start()
    await at_once.stop()
    assert at_once.state is STOPPED


async def test_a_stop_is_idempotent_and_can_be_abandoned() -> None:
    """Twice at once, again afterwards, and a caller that no longer waits undoes nothing."""
    gate, cleanups = asyncio.Event(), list[object]()

    async def close(ctx: Context) -> None:
        cleanups.append(ctx)
        await gate.wait()

    watcher = watcher_of(Recorder())
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        impatient = asyncio.create_task(driven.watcher.stop())
        await driven.settle()
        assert driven.state is STOPPING
        impatient.cancel()
        both = asyncio.gather(driven.watcher.stop(), driven.watcher.stop())
        await driven.settle()
        assert not both.done()
        gate.set()
        await both
        await driven.watcher.stop()
        assert len(cleanups) == 1


async def test_cleanup_has_its_own_limit(gate: asyncio.Event) -> None:
    """Five minutes, then it is cancelled; one that ignores that is given up. Stopped all the same."""

    async def close(ctx: Context) -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue

    watcher = watcher_of(Recorder())
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.advance(299.5)
        assert not stopping.done()
        await driven.advance(2)
        await stopping
        assert driven.state is STOPPED
        assert "given up" in driven.logs.state_fault.tail()[0].message


async def test_cleanups_limit_may_be_shorter_than_the_functions() -> None:
    """The one does not wait for the other."""

    async def function(ctx: Context, message: Message | None) -> None:
        await asyncio.sleep(0)

    async def close(ctx: Context) -> None:
        await asyncio.Event().wait()

    watcher = watcher_of(function, WatcherConfig(cleanup_timeout=timedelta(seconds=1)))
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.advance(0.875)
        assert not stopping.done()
        await driven.advance(0.125)
        assert stopping.done()
        assert "more than 1 s" in driven.logs.state_fault.tail()[0].message


async def test_a_stop_whose_limit_passes_between_two_executions_begins_no_other() -> None:
    """An execution begun then would have its whole timeout."""
    recorder, executed_by_then = Recorder(), list[int]()

    def pass_limit() -> None:
        engine = driven.watcher._engine
        assert engine is not None
        engine._drain_is_over = True
        executed_by_then.append(len(recorder.seen))

    async def function(ctx: Context, message: Message | None) -> None:
        await recorder(ctx, message)
        if message and message.content == "0":
            asyncio.get_running_loop().call_soon(pass_limit)

    async with drive(watcher_of(function)) as driven:
        for number in range(TURNS * 2):
            driven.watcher.send(str(number))
        await driven.watcher.stop()
        assert executed_by_then == [len(recorder.seen)]


async def test_a_long_run_and_an_iterator_that_will_not_close_leave_cleanup_its_turn(gate: asyncio.Event) -> None:
    """Well within the ten seconds before SIGKILL: their times are not added up."""
    cleaned_up_at_s: list[float] = []

    async def stubborn() -> AsyncIterator[int]:
        while not gate.is_set():
            with suppress(asyncio.CancelledError):
                await gate.wait()
        return
        yield 0

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("stubborn", stubborn, initial=0)
        while message and not gate.is_set():
            with suppress(asyncio.CancelledError):
                await gate.wait()

    watcher = watcher_of(function)
    watcher.cleanup(lambda ctx: cleaned_up_at_s.append(driven.clock.monotonic()))
    async with drive(watcher) as driven:
        await driven.send("for ever")
        assert driven.clock.monotonic() == 0
        await driven.stop()
    assert 5 < cleaned_up_at_s[0] < 8


async def test_what_cleanup_begins_to_watch_is_closed_too(gate: asyncio.Event) -> None:
    """Though the time for closing has passed by then."""
    channel, closed = Channel(), list[str]()

    async def slow_to_close() -> AsyncIterator[object]:
        try:
            async for item in channel.items():
                yield item
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            closed.append("late")

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            await gate.wait()

    async def close(ctx: Context) -> None:
        ctx.watch_flow("late", slow_to_close, initial=0)

    async def stop(watcher: Watcher) -> list[str]:
        await watcher.stop()
        return list(closed)

    watcher = watcher_of(function)
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        await driven.send("for ever")
        stopping = asyncio.create_task(stop(driven.watcher))
        await driven.advance(5)
        assert await stopping == ["late"]
        assert not driven.logs.watch_error.tail()


async def test_iterators_are_closed_before_cleanup() -> None:
    """So that cleanup may close what they use."""
    channel, closed_before_cleanup = Channel(), list[bool]()

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("price", channel.items, initial=0)

    async def close(ctx: Context) -> None:
        closed_before_cleanup.append(channel.is_closed)

    watcher = watcher_of(function)
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        await driven.watcher.stop()
    assert closed_before_cleanup == [True]


@pytest.mark.parametrize("error", [ValueError("cannot close"), StopWatcher("again"), SystemExit(2)])
async def test_a_cleanup_that_raises_is_logged(error: BaseException) -> None:
    """And the end is the same."""

    async def close(ctx: Context) -> None:
        raise error

    watcher = watcher_of(Recorder())
    watcher.cleanup(close)
    async with drive(watcher) as driven:
        await driven.watcher.stop()
        assert driven.state is STOPPED
        assert "cleanup failed" in driven.logs.state_fault.tail()[0].message


async def test_the_managed_function_cannot_wait_for_its_own_end() -> None:
    """It is told to raise StopWatcher instead."""
    held: list[object] = []

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            try:
                await driven.watcher.stop()
            except RuntimeError as error:
                held.append(str(error))

    async with drive(watcher_of(function)) as driven:
        await driven.send("stop yourself")
        assert "raise StopWatcher" in str(held[0])
        assert driven.state is WatcherState.READY


async def test_a_watcher_whose_loop_ends_around_it_is_killed() -> None:
    """Nobody is left waiting for it."""
    watcher = watcher_of(Recorder())
    await watcher.start()
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    assert await watcher.wait() is WatcherState.KILLED
    await watcher.stop()
    assert "event loop" in watcher.reason


async def test_a_plain_function_that_blocks_does_not_keep_a_stop() -> None:
    """On the real clock: prompt, though its thread cannot be ended."""
    blocked = asyncio.Event()
    loop = asyncio.get_running_loop()
    release = threading.Event()

    def function(ctx: Context, message: Message | None) -> None:
        loop.call_soon_threadsafe(blocked.set)
        release.wait(10)

    watcher = watcher_of(function, WatcherConfig(stop_timeout=timedelta(milliseconds=20)))
    await watcher.start()
    await blocked.wait()
    began = time.monotonic()
    await watcher.stop()
    assert time.monotonic() - began < 2
    release.set()
