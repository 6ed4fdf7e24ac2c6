"""Calls of the user's functions, async or plain, and waits for what may never end."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from .clock import Clock
from .threads import Threads


def is_async(function: Callable[..., Any]) -> bool:
    """``async def`` functions, and objects whose ``__call__`` is one."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


async def call(threads: Threads, function: Callable[..., Any], *args: object) -> Any:
    """Call ``function``: an async one here, a plain one in a thread; an awaitable that a plain one returns, too."""
    if is_async(function):
        return await function(*args)
    result = await threads.call(function, *args)
    return await result if inspect.isawaitable(result) else result


async def ends_within(task: asyncio.Task[Any], seconds: float, clock: Clock) -> bool:
    """Wait until ``task`` has ended, however it does, or ``seconds`` have passed. It is not cancelled."""
    if task.done():
        return True
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return task.done()
