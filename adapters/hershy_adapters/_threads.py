"""Work in threads that nobody leaves before it has ended."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hershy.core.deadline import ended

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do work that changes files. A thread cannot be cancelled: a caller who is, returns when it has ended.

    Else the caller would clean up before the thread has made what is to be cleaned up.
    """
    working = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await ended(working)
        raise
