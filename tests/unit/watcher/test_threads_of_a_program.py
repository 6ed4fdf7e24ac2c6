"""Threads share a context: changes are one step each, and whoever was given up changes nothing."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from hershy.watcher import Context, GivenUp, Message, WatcherState
from hershy.watcher.testing import Driven, drive, settle

from .programs import watcher_of


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def until(holds: Callable[[], object]) -> None:
    """A thread of the program makes ``holds`` true: there is no event of the loop's to await."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await settle()


async def give_up(driven: Driven, entered: threading.Event) -> None:
    await asyncio.to_thread(entered.wait)
    await driven.clock.advance(60)
    assert "TimeoutError" in driven.watcher.reason
    await driven.clock.advance(15)


async def test_updates_from_threads_are_all_counted() -> None:
    """They wait for each other; each is logged."""

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            await asyncio.gather(*(asyncio.to_thread(count, ctx) for _ in range(4)))

    def count(ctx: Context) -> None:
        for _ in range(50):
            ctx.update("count", slowly_one_more)

    def slowly_one_more(before: int | None) -> int:
        time.sleep(0)  # lets another thread come between, if it can
        return (before or 0) + 1

    async with drive(watcher_of(function)) as driven:
        await driven.watcher.send("count")
        await until(lambda: driven.state is WatcherState.READY and driven.get("count"))
        assert driven.get("count") == 200
        assert len(driven.logs.context) == 200
        assert [entry.new_value for entry in driven.logs.context.tail()] == [str(n) for n in range(1, 201)]


async def test_an_update_that_was_given_up_half_way_changes_nothing(release: threading.Event) -> None:
    """Not even when its function returns at last; and it has kept nobody else from changing anything."""
    entered, late = threading.Event(), list[type[BaseException]]()

    def block(before: object) -> str:
        entered.set()
        release.wait()
        return "late"

    def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "block":
            try:
                ctx.update("key", block)
            except GivenUp as error:
                late.append(type(error))
        elif message:
            ctx.set("key", "good")

    async with drive(watcher_of(function)) as driven:
        await driven.watcher.send("block")
        await give_up(driven, entered)
        await driven.watcher.send("next")
        await until(lambda: driven.get("key"))
        release.set()
        await until(lambda: late)
        assert driven.get("key") == "good"
        assert len(driven.logs.context) == 1


async def test_a_memo_that_was_given_up_is_computed_anew(release: threading.Event) -> None:
    """By the next execution, which does not wait for the one that blocks; what that makes at last is dropped."""
    entered, computed, late = threading.Event(), list[int](), list[type[BaseException]]()

    def compute() -> int:
        computed.append(1)
        if len(computed) == 1:
            entered.set()
            release.wait()
            return 1
        return 2

    def function(ctx: Context, message: Message | None) -> None:
        if message is None:
            return
        try:
            memo = ctx.memo_blocking("memo", compute)
        except GivenUp as error:
            late.append(type(error))
        else:
            ctx.set("memo", memo)

    async with drive(watcher_of(function)) as driven:
        await driven.watcher.send("block")
        await give_up(driven, entered)
        await driven.watcher.send("next")
        await until(lambda: driven.get("memo"))
        release.set()
        await until(lambda: late)
        await driven.watcher.send("once more")
        await until(lambda: driven.state is WatcherState.READY)
        assert (driven.get("memo"), len(computed)) == (2, 2)


async def test_a_timeout_of_the_functions_own_is_an_ordinary_failure() -> None:
    """A plain function whose socket timed out was not given up: what it has started may go on changing things."""
    contexts: list[Context] = []

    def function(ctx: Context, message: Message | None) -> None:
        contexts.append(ctx)
        if message:
            raise TimeoutError("the market does not answer")

    async with drive(watcher_of(function)) as driven:
        await driven.send("ask")
        contexts[0].set("still", "mine")
        assert driven.get("still") == "mine"
