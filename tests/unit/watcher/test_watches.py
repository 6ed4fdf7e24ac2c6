"""Watched variables: flows, calls and ticks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from hershy.watcher import SKIP, Context, Failure, Message, RegistrationError, Update, WatcherConfig, WatcherState
from hershy.watcher.testing import drive

from .programs import Channel, watcher_of


async def test_a_flow_is_seen_item_by_item() -> None:
    """Initial first, not updated; then each item with triggered, gone in the execution after."""
    channel = Channel()
    seen: list[tuple[object, bool, bool]] = []

    async def function(ctx: Context, message: Message | None) -> None:
        price = ctx.watch_flow("price", channel.items, initial=0.0)
        seen.append((price.value, price.updated, price.triggered))
        assert ctx.trigger.has("price") is price.triggered

    async with drive(watcher_of(function)) as driven:
        channel.put(1.5)
        await driven.settle()
        await driven.send("look")
        channel.put(SKIP)
        await driven.settle()
    assert seen == [(0.0, False, False), (1.5, True, True), (1.5, True, False)]


async def test_an_error_item_is_what_the_function_sees() -> None:
    """The value stays, the flow goes on, and a good item ends the error."""
    channel = Channel()
    async with drive(watcher_of(flow_reader(channel))) as driven:
        channel.put(1)
        channel.put(Failure(ValueError("bad tick")))
        await driven.settle()
        price = driven.watched("price")
        assert (price.value, price.ok, price.value_or(-1)) == (1, False, -1)
        with pytest.raises(ValueError, match="bad tick"):
            price.unwrap()
        assert driven.logs.watch_error.tail()[0].message == "price: source: ValueError: bad tick"
        channel.put(2)
        await driven.settle()
        assert (driven.watched("price").unwrap(), driven.watched("price").value_or(-1)) == (2, 2)


@pytest.mark.parametrize("error", [ConnectionError("gone"), asyncio.CancelledError(), SystemExit(1)])
async def test_an_iterator_that_raises_kills_nothing_but_itself(error: BaseException) -> None:
    """Its error is the variable's, logged; messages go on."""
    channel = Channel()
    async with drive(watcher_of(flow_reader(channel))) as driven:
        channel.put(error)
        await driven.settle()
        assert isinstance(driven.watched("price").error, ConnectionError | RuntimeError)
        assert channel.is_closed
        await driven.send("still there?")
        assert driven.state is WatcherState.READY
        assert len(driven.logs.watch_error) == 1


async def test_iterators_are_closed_on_stop() -> None:
    """Also those that are an object with aclose."""
    channel = Channel()
    closed: list[str] = []

    class Feed:
        def __aiter__(self) -> "Feed":
            return self

        async def __anext__(self) -> int:
            await asyncio.Event().wait()
            return 0

        async def aclose(self) -> None:
            closed.append("feed")
            raise OSError("already gone")

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("price", channel.items, initial=0)
        ctx.watch_flow("feed", Feed(), initial=0)

    async with drive(watcher_of(function)) as driven:
        await driven.stop()
        assert (channel.is_closed, closed) == (True, ["feed"])
        assert driven.logs.watch_error.tail()[0].message == "feed: close: OSError: already gone"


async def test_an_iterator_that_will_not_close_is_left_behind(gate: asyncio.Event) -> None:
    """The stop takes five seconds then, not for ever."""

    async def stubborn() -> AsyncIterator[int]:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        return
        yield 0

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("stubborn", stubborn, initial=0)

    async with drive(watcher_of(function)) as driven:
        began = driven.clock.monotonic()
        await driven.stop()
        assert driven.clock.monotonic() - began == 5
        assert "left behind" in driven.logs.watch_error.tail()[0].message


async def test_an_iterator_that_never_waits_lets_others_run() -> None:
    """Messages are executed beside it, and a stop ends it."""

    async def busy() -> AsyncIterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    executed: list[str] = []
    stop = asyncio.Event()

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("busy", busy, initial=0)
        if message:
            executed.append(message.content)
            stop.set()

    watcher = watcher_of(function)
    await watcher.start()
    await watcher.send("me too")
    await stop.wait()
    await watcher.stop()
    assert executed == ["me too"]


async def test_the_last_of_several_items_counts() -> None:
    """One execution for all of them."""
    channel, gate = Channel(), asyncio.Event()
    values: list[object] = []

    async def function(ctx: Context, message: Message | None) -> None:
        values.append(ctx.watch_flow("price", channel.items, initial=0).value)
        if message:
            await gate.wait()

    async with drive(watcher_of(function)) as driven:
        await driven.send("wait")
        for price in (1, Failure(ValueError()), 3):
            channel.put(price)
        await driven.settle()
        gate.set()
        await driven.settle()
        assert driven.watched("price").ok
    assert values == [0, 0, 3]


async def test_a_call_is_polled_and_its_updates_applied_in_sequence() -> None:
    """First at once, then every half second; a skip runs nothing."""
    answers: list[Any] = [5, SKIP, Update(lambda n: n + 1), Failure(OSError("down")), Update(lambda n: n * 2)]
    seen: list[tuple[int, bool]] = []

    async def ask() -> Any:
        return answers.pop(0) if answers else SKIP

    async def function(ctx: Context, message: Message | None) -> None:
        depth = ctx.watch_call("depth", ask, every=0.5, initial=0)
        seen.append((depth.value, depth.ok))

    async with drive(watcher_of(function)) as driven:
        assert driven.watched("depth").value == 5
        await driven.advance(0.5)
        assert len(seen) == 2
        await driven.advance(1.5)
    assert seen == [(0, True), (5, True), (6, True), (6, False), (12, True)]


async def test_no_update_is_skipped_while_the_function_runs() -> None:
    """All that wait are applied to each other, in one execution; when too many wait, the polling waits."""
    gate = asyncio.Event()
    polls = 0
    none: list[int] = []
    values: list[list[int]] = []

    async def ask() -> Update[list[int]]:
        nonlocal polls
        polls += 1
        number = polls
        return Update(lambda before: [*before, number])

    async def function(ctx: Context, message: Message | None) -> None:
        values.append(ctx.watch_call("log", ask, every=1, initial=none).value)
        if message:
            await gate.wait()

    config = WatcherConfig(signal_capacity=40, max_watches=10)
    async with drive(watcher_of(function, config)) as driven:
        await driven.send("wait")
        await driven.advance(20)
        assert polls == 1 + 4
        gate.set()
        await driven.settle()
        assert values[3] == [1, 2, 3, 4, 5]
        await driven.advance(1)
        assert values[-1] == list(range(1, polls + 1))


async def test_an_update_that_raises_is_the_variables_error() -> None:
    """The others are applied all the same."""
    answers: list[Any] = [Update(lambda n: n // 0), Update(lambda n: n + 1)]

    async def ask() -> Any:
        return answers.pop(0) if answers else SKIP

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("depth", ask, every=1, initial=10)

    async with drive(watcher_of(function)) as driven:
        assert isinstance(driven.watched("depth").error, ZeroDivisionError)
        assert driven.logs.watch_error.tail()[0].phase == "update"
        await driven.advance(1)
        assert driven.watched("depth").unwrap() == 11


async def test_a_call_that_raises_is_asked_again() -> None:
    """Whatever it raises."""
    answers: list[BaseException | int] = [ValueError("once"), asyncio.CancelledError(), SystemExit("twice"), 3]

    async def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("depth", ask, every=60, initial=0)

    async with drive(watcher_of(function)) as driven:
        assert isinstance(driven.watched("depth").error, ValueError)
        await driven.advance(180)
        assert driven.watched("depth").unwrap() == 3


async def test_a_call_that_does_not_answer_is_an_error_and_asked_again_when_it_has_ended() -> None:
    """After the timeout, and cancelled."""
    asked = 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.Event().wait()
        return asked

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("depth", ask, every=1, initial=0)

    async with drive(watcher_of(function)) as driven:
        await driven.advance(59)
        assert (asked, driven.watched("depth").ok) == (1, True)
        await driven.advance(1)
        assert isinstance(driven.logs.watch_error.tail()[0].error, str)
        assert "no answer for 60 s" in driven.logs.watch_error.tail()[0].error
        assert driven.watched("depth").unwrap() == 2


async def test_a_late_answer_pushes_out_no_update_that_waits() -> None:
    """The report that it is late takes a place; the answer then waits for one."""
    asked = 0
    none: list[int] = []

    async def ask() -> Any:
        nonlocal asked
        asked += 1
        number = asked
        if number == 3:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return Update(lambda before: [*before, number])

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("log", ask, every=1, initial=none)
        if message:
            raise ValueError("as told")

    config = WatcherConfig(signal_capacity=2, max_watches=1, timeout=timedelta(seconds=5))
    async with drive(watcher_of(function, config)) as driven:
        await driven.advance(0.5)
        await driven.send("begin a wait of 15 s")
        await driven.advance(10)
        assert (asked, driven.watched("log").value) == (3, [1])
        await driven.advance(5)
        assert driven.watched("log").value[:3] == [1, 2, 3]


async def test_a_call_under_way_has_ended_before_cleanup() -> None:
    """So that cleanup may close what it uses."""
    order: list[str] = []

    async def ask() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            order.append("call")
        return 0

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("depth", ask, every=1, initial=0)

    watcher = watcher_of(function)
    watcher.cleanup(lambda ctx: order.append("cleanup"))
    async with drive(watcher) as driven:
        await driven.stop()
    assert order == ["call", "cleanup"]


async def test_ticks_count_from_one_the_first_at_once() -> None:
    """Then one in each period; of those that come while the function runs the last counts."""
    gate = asyncio.Event()
    ticks: list[int] = []

    async def function(ctx: Context, message: Message | None) -> None:
        tick = ctx.watch_tick("stats", every=timedelta(minutes=1))
        ticks.append(tick.value)
        if message:
            await gate.wait()

    async with drive(watcher_of(function, WatcherConfig(timeout=timedelta(hours=1)))) as driven:
        assert ticks == [0, 1]
        await driven.advance(59.9)
        assert ticks == [0, 1]
        await driven.advance(120.1)
        assert ticks == [0, 1, 2, 3, 4]
        await driven.send("wait")
        await driven.advance(180)
        gate.set()
        await driven.settle()
        assert ticks == [0, 1, 2, 3, 4, 4, 7]


async def test_a_name_is_registered_once() -> None:
    """A second registration returns the current value, whatever else it says."""

    async def function(ctx: Context, message: Message | None) -> None:
        assert ctx.watch_tick("it", every=1) is ctx.watch_tick("it", every=5) is ctx.watch_flow("it", None, initial=0)  # type: ignore[arg-type]

    async with drive(watcher_of(function)) as driven:
        await driven.advance(3)
        assert driven.watched("it").value == 4
        assert driven.state is WatcherState.READY


@pytest.mark.parametrize(
    ("register", "why"),
    [
        (lambda ctx: ctx.watch_tick("bad", every=0), "'bad'.*more than 0"),
        (lambda ctx: ctx.watch_tick("bad", every=float("nan")), "'bad'.*more than 0"),
        (lambda ctx: ctx.watch_tick("bad", every="often"), "'bad'.*could not convert"),
        (lambda ctx: ctx.watch_tick("", every=1), "a name is text"),
        (lambda ctx: ctx.watch_tick(["list"], every=1), "a name is text"),
        (lambda ctx: ctx.watch_call("bad", 5, every=1, initial=0), "'bad'.*not callable"),
        (lambda ctx: ctx.watch_flow("bad", [1, 2], initial=0), "'bad'.*no async iterator but list"),
        (lambda ctx: ctx.watch_flow("bad", coroutine_function, initial=0), "'bad'.*must yield"),
        (lambda ctx: ctx.watch_flow("bad", raising, initial=0), "'bad'.*no such market"),
        (lambda ctx: [ctx.watch_tick(f"v{n}", every=1) for n in range(4)], "'v3'.*3 variables are watched already"),
    ],
)
@pytest.mark.parametrize("swallows", [False, True])
async def test_a_watch_that_cannot_be_registered_crashes_at_once(register: Any, why: str, swallows: bool) -> None:
    """With its name, without recovery, also when the function catches the error; cleanup runs."""
    cleanups: list[object] = []

    async def function(ctx: Context, message: Message | None) -> None:
        try:
            register(ctx)
        except RegistrationError:
            if not swallows:
                raise

    watcher = watcher_of(function, WatcherConfig(max_watches=3))
    watcher.cleanup(cleanups.append)
    async with drive(watcher) as driven:
        assert driven.state is WatcherState.CRASHED
        with pytest.raises(Exception, match=why):
            driven.watcher.raise_if_crashed()
        assert len(cleanups) == 1


async def coroutine_function() -> None: ...


def raising() -> Any:
    raise LookupError("no such market")


def flow_reader(channel: Channel) -> Any:
    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("price", channel.items, initial=0)

    return function
