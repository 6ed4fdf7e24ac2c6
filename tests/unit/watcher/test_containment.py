"""Whatever a program's functions raise, even what is no Exception: it harms itself only, and can be seen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hershy.watcher import SKIP, Context, Failure, KillWatcher, Message, StopWatcher, Update, WatcherState
from hershy.watcher.containment import contained
from hershy.watcher.testing import drive

from .programs import watcher_of

LIMIT_S = 5.0
"""Of the real clock: what these tests are about is a Watcher that waits for ever."""


class Unusual(BaseException):
    """What a library may raise that wants nobody to catch it."""


async def test_the_function_may_raise_what_is_no_exception() -> None:
    """A failure as any other; the next message is executed."""

    async def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "raise":
            raise Unusual("really")

    async with asyncio.timeout(LIMIT_S), drive(watcher_of(function)) as driven:
        await driven.send("raise")
        assert driven.watcher.reason == "Unusual: really"
        await driven.advance(15)
        await driven.send("go on")
        assert driven.state is WatcherState.READY


async def test_cleanup_may_raise_what_is_no_exception() -> None:
    """Logged, and the stop is over."""

    async def function(ctx: Context, message: Message | None) -> None: ...

    async def close(ctx: Context) -> None:
        raise Unusual

    watcher = watcher_of(function)
    watcher.cleanup(close)
    async with asyncio.timeout(LIMIT_S), drive(watcher) as driven:
        await driven.stop()
        assert driven.state is WatcherState.STOPPED
        assert driven.logs.state_fault.tail()[-1].message == "cleanup failed: Unusual"


@pytest.mark.parametrize("error", [Unusual(), SystemExit(1), asyncio.CancelledError(), StopIteration()])
async def test_an_update_function_may_raise_anything(error: BaseException) -> None:
    """It is the variable's error: the Watcher that applies it goes on."""
    answers: list[Any] = [Update(lambda before: raise_it(error)), Update(lambda before: before + 1)]

    async def ask() -> Any:
        return answers.pop(0) if answers else SKIP

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("count", ask, every=1, initial=0)

    async with asyncio.timeout(LIMIT_S), drive(watcher_of(function)) as driven:
        assert type(error).__name__ in str(driven.logs.watch_error.tail()[0].error)
        assert driven.watched("count").error is not None
        await driven.advance(1)
        assert driven.watched("count").unwrap() == 1
        assert driven.state is WatcherState.READY


async def test_a_source_may_raise_what_is_no_exception() -> None:
    """The function sees it as the variable's error, of a call and of a flow."""

    async def flow() -> AsyncIterator[int]:
        yield raise_it(Unusual("flow"))

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("call", lambda: raise_it(Unusual("plain call")), every=60, initial=0)
        ctx.watch_call("async call", raising_call, every=60, initial=0)
        ctx.watch_flow("flow", flow, initial=0)

    async with asyncio.timeout(LIMIT_S), drive(watcher_of(function)) as driven:
        for name in ("call", "async call", "flow"):
            assert "Unusual" in str(driven.watched(name).error)


async def test_closing_an_iterator_may_raise_what_is_no_exception() -> None:
    """The stop goes on, and what it was is in the log."""

    class Feed:
        def __aiter__(self) -> "Feed":
            return self

        async def __anext__(self) -> int:
            await asyncio.Event().wait()
            return 0

        async def aclose(self) -> None:
            raise Unusual

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("feed", Feed(), initial=0)

    async with asyncio.timeout(LIMIT_S), drive(watcher_of(function)) as driven:
        await driven.stop()
        assert driven.logs.watch_error.tail()[-1].message == "feed: close: Unusual"


async def test_a_failure_holds_an_exception() -> None:
    """Anything else is refused where it is made: ``unwrap`` could not raise it."""

    async def flow() -> AsyncIterator[Any]:
        yield Failure("no network")  # type: ignore[arg-type]  # as a program without a type checker may

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_flow("feed", flow, initial=0)

    async with drive(watcher_of(function)) as driven:
        with pytest.raises(TypeError, match="a Failure holds an exception, not str"):
            driven.watched("feed").unwrap()


def test_what_is_contained_keeps_its_cause() -> None:
    """An exception is itself; all else is told by one that a future can carry."""
    error, unusual = ValueError("it"), Unusual("it")
    assert contained(error) is error
    kept = contained(unusual)
    assert (str(kept), kept.__cause__) == ("Unusual: it", unusual)
    assert isinstance(contained(StopIteration()), RuntimeError)


async def raising_call() -> int:
    return raise_it(Unusual("async call"))


def raise_it(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize("control", [StopWatcher("from a watch"), KillWatcher("from a watch")])
async def test_a_watch_cannot_end_its_watcher(control: Exception) -> None:
    """A control error of a source or an update is an error of the variable, as any other."""
    answers: list[Any] = [Update(lambda before: raise_it(control))]

    async def ask() -> Any:
        if answers:
            return answers.pop()
        raise control

    async def flow() -> AsyncIterator[int]:
        yield raise_it(control)

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.watch_call("call", ask, every=1, initial=0)
        ctx.watch_flow("flow", flow, initial=0)

    async with drive(watcher_of(function)) as driven:
        await driven.advance(2)
        assert driven.state is WatcherState.READY
        assert (driven.watched("call").error, driven.watched("flow").error) == (control, control)


class Odd(StopWatcher):
    """A program's own, that does not call its parent's ``__init__``, and whose reason is no text."""

    def __init__(self, reason: object) -> None:
        pass


@pytest.mark.parametrize("control", [Odd(5), StopWatcher(5)])  # type: ignore[arg-type]
async def test_a_reason_is_text_whatever_it_was(control: StopWatcher) -> None:
    """And the stop is a stop."""

    async def function(ctx: Context, message: Message | None) -> None:
        raise control

    async with drive(watcher_of(function)) as driven:
        assert (driven.state, driven.watcher.reason) == (WatcherState.STOPPED, "5")
