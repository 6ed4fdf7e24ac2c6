"""What the managed function is handed: context values, memo, environment."""

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from hershy.watcher import Context, MemoLimitReached, Message, Watcher, WatcherConfig, WatcherState
from hershy.watcher.memo import Memos
from hershy.watcher.testing import drive
from hershy.watcher.threads import Threads

from .programs import watcher_of


def allowed() -> None: ...


async def test_values_are_kept_and_every_change_is_logged() -> None:
    """From one execution to the next."""

    async def function(ctx: Context, message: Message | None) -> None:
        assert ctx.update("runs", lambda runs: (runs or 0) + 1) == ctx.get("runs")
        if message:
            ctx.set("last", message.content)
        assert ctx.get("missing", "default") == "default"

    async with drive(watcher_of(function)) as driven:
        await driven.send("hello")
        assert (driven.get("runs"), driven.get("last")) == (2, "hello")
        changes = [entry.message for entry in driven.logs.context.tail()]
        assert changes == ["runs: None -> 1", "runs: 1 -> 2", "last: None -> 'hello'"]


async def test_an_update_is_given_a_deep_copy() -> None:
    """What it does to it before it raises has not happened."""

    async def function(ctx: Context, message: Message | None) -> None:
        ctx.set("book", {"bids": [1]})

        def spoil(book: Any) -> Any:
            book["bids"].append(2)
            raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011  # it is the one above
            ctx.update("book", spoil)

    async with drive(watcher_of(function)) as driven:
        assert driven.get("book") == {"bids": [1]}
        assert len(driven.logs.context) == 1


async def test_the_environment_is_what_was_given_and_never_changes() -> None:
    """Not the process's, and not what the caller does to it afterwards."""
    seen: list[object] = []
    given = {"NAME": "counter"}
    watcher = Watcher(env=given, port=0)

    @watcher.manage("program")
    async def function(ctx: Context, message: Message | None) -> None:
        seen.extend([ctx.env("NAME"), ctx.env("PATH"), ctx.env("PATH", "none")])

    given["NAME"] = "changed"
    async with drive(watcher):
        assert seen == ["counter", None, "none"]


async def test_a_memo_is_computed_once_under_concurrency() -> None:
    """Everybody gets the same; it triggers nothing; cleared, it is computed anew."""
    computed: list[object] = []
    seen: list[object] = []

    async def compute() -> object:
        await asyncio.sleep(0)
        computed.append(object())
        return computed[-1]

    async def function(ctx: Context, message: Message | None) -> None:
        seen.extend(await asyncio.gather(*(ctx.memo("client", compute) for _ in range(5))))
        if message:
            ctx.clear_memo("client")
            ctx.clear_memo("unknown")
            seen.append(await ctx.memo("client", compute))

    async with drive(watcher_of(function)) as driven:
        assert len(driven.logs.effect) == 1
        await driven.send("again")
    assert seen == [computed[0]] * 10 + [computed[1]]


async def test_a_memo_that_fails_is_not_kept() -> None:
    """All who wait are told; the next computes it."""
    memos, threads, gate = Memos(10), Threads(), asyncio.Event()

    async def fail() -> int:
        await gate.wait()
        raise OSError("no network")

    waiting = [asyncio.ensure_future(memos.get("client", fail, threads, allowed)) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["no network"] * 3
    assert memos.known() == {}
    assert await memos.get("client", lambda: 5, threads, allowed) == 5
    assert memos.known() == {"client": 5}


def test_a_memo_that_has_just_failed_is_not_shown() -> None:
    """To a reader in another thread, who saw it while it was being computed."""
    memos, failed = Memos(10), Future[int]()
    failed.set_exception(OSError("no network"))
    memos._entries["client"] = failed
    assert memos.known() == {}


async def test_a_memo_whose_maker_is_cancelled_is_made_by_another() -> None:
    """The others don't wait for ever, and cancelling one who waits disturbs nobody."""
    memos, threads, gate = Memos(10), Threads(), asyncio.Event()
    made: list[int] = []

    async def compute() -> int:
        made.append(1)
        await gate.wait()
        return len(made)

    first, second, third = (asyncio.ensure_future(memos.get("client", compute, threads, allowed)) for _ in range(3))
    await asyncio.sleep(0)
    third.cancel()
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await second == 2
    assert third.cancelled()


async def test_memos_have_a_limit() -> None:
    """One too many is a failure that says what to do."""

    async def function(ctx: Context, message: Message | None) -> None:
        for number in range(3):
            await ctx.memo(f"memo-{number}", lambda: 1)

    async with drive(watcher_of(function, WatcherConfig(max_memo_entries=2))) as driven:
        assert driven.watcher.reason.startswith(MemoLimitReached.__name__)
        assert "clear_memo" in driven.watcher.reason


async def test_a_plain_function_has_everything_but_await() -> None:
    """It runs in a thread; watches, values, memos and control errors work as usual."""
    computed: list[int] = []

    def compute() -> int:
        computed.append(1)
        if len(computed) == 1:
            raise OSError("once")
        return 7

    def function(ctx: Context, message: Message | None) -> None:
        tick = ctx.watch_tick("tick", every=1)
        ctx.set("tick", tick.value)
        if message:
            ctx.set("memo", (ctx.memo_blocking("memo", compute), ctx.memo_blocking("memo", compute)))

    async with drive(watcher_of(function)) as driven:
        await driven.advance(3)
        assert driven.get("tick") == 4
        await driven.send("fails once")
        await driven.advance(15)
        await driven.send("go")
        assert driven.get("memo") == (7, 7)
        assert driven.state is WatcherState.READY
