"""A deadline on any operation, measured on the injected clock."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hershy.errors import DeadlineExceeded

from .clock import Clock

T = TypeVar("T")


async def within(clock: Clock, timeout: timedelta, what: str, operation: Coroutine[Any, Any, T]) -> T:
    """Return the operation's result, or cancel it and raise DeadlineExceeded naming ``what``.

    Either way, and when cancelled itself, it returns only once the operation has ended.
    """
    work = asyncio.ensure_future(operation)
    timer = asyncio.ensure_future(clock.sleep(timeout))
    try:
        await asyncio.wait({work, timer}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        raise DeadlineExceeded(f"{what} took longer than {timeout.total_seconds():g} s")
    finally:
        work.cancel()
        timer.cancel()
        await ended(work, timer)


async def set_within(clock: Clock, timeout: timedelta, event: asyncio.Event) -> None:
    """Return when the event is set, after ``timeout`` at the latest."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(timeout))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for it in waits:
            it.cancel()
        await ended(*waits)


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Wait for the end of all, however often the waiting is cancelled: a stop may be followed by a deletion.

    Raises CancelledError then, and nothing of what the tasks raise.
    """
    was_cancelled = False
    while not all(task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            was_cancelled = True
    for task in tasks:
        if not task.cancelled():
            task.exception()  # of a cancelled operation nobody else asks for it, which asyncio would complain of
    if was_cancelled:
        raise asyncio.CancelledError
