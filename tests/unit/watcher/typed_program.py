"""Checked by mypy, not run: the type of ``initial`` is the type of ``.value``."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import assert_type

from hershy.watcher import SKIP, Context, Failure, Message, Skip, Update, Watched, Watcher


class Depth: ...


async def prices() -> AsyncIterator[float]:
    yield 1.0


async def prices_or_not() -> AsyncIterator[Decimal | Failure | Skip]:
    yield Decimal(1)
    yield Failure(ValueError())
    yield SKIP


async def fetch_depth() -> Depth:
    return Depth()


async def next_count() -> Update[int] | Skip:
    return Update(lambda before: before + 1)


def plain_text() -> str | Failure:
    return "text"


watcher = Watcher(env={"A": "b"}, port=0)


@watcher.manage("typed")
async def typed(ctx: Context, message: Message | None) -> None:
    assert_type(ctx.watch_flow("price", prices, initial=0.0), Watched[float])
    assert_type(ctx.watch_flow("price", prices(), initial=0.0).value, float)
    assert_type(ctx.watch_flow("exact", prices_or_not, initial=Decimal(0)).unwrap(), Decimal)
    assert_type(ctx.watch_call("depth", fetch_depth, every=0.5, initial=None).value, Depth | None)
    assert_type(ctx.watch_call("count", next_count, every=timedelta(seconds=1), initial=0).value, int)
    assert_type(ctx.watch_call("text", plain_text, every=1, initial="").value_or(None), str | None)
    assert_type(ctx.watch_tick("tick", every=60).value, int)
    assert_type(await ctx.memo("client", fetch_depth), Depth)
    assert_type(await ctx.memo("text", lambda: "text"), str)
    assert_type(ctx.env("A"), str | None)
    assert_type(ctx.env("A", "b"), str)


@watcher.cleanup
async def close(ctx: Context) -> None: ...


assert_type(watcher.send("text").__await__, object)  # type: ignore[assert-type]  # mypy does look
