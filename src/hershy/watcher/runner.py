"""Runs the user's functions, one at a time, each within its limit.

A function is awaited in the caller's own task: a task for each would cost more than most executions do. So a timeout
cancels that task and takes the cancellation back. A function that does not end even then is *given up*: the caller
is told, goes on in a new task with a new Runner, and whatever the old one still does counts for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .clock import Clock
from .errors import GivenUp

_NEVER = float("inf")


class Runner:
    """For one task, which makes all calls of ``run``.

    One watchdog for all executions, asleep until the earliest moment one of them could be overdue: cheap for a
    hundred thousand executions a second.
    """

    def __init__(self, clock: Clock, cancel_grace_s: float, on_given_up: Callable[[Exception], None]) -> None:
        self.given_up = False
        self._clock = clock
        self._cancel_grace_s = cancel_grace_s
        self._on_given_up = on_given_up
        self._task = asyncio.current_task()
        self._due_at = _NEVER
        self._overdue = ""
        self._cut: TimeoutError | None = None
        self._last_cut: TimeoutError | None = None
        self._watchdog: asyncio.Task[None] | None = None
        self._wakes_at = _NEVER

    async def run(self, function: Callable[..., Awaitable[Any]], *args: object, limit_s: float) -> Any:
        """What ``function`` returns or raises. Raises TimeoutError after ``limit_s``, whatever the function does then.

        Raises GivenUp when this Runner has been given up meanwhile; CancelledError only when its task was cancelled
        from outside.
        """
        assert self._task is not None
        self._overdue = f"it has taken more than {limit_s:g} s"
        self._due_at = self._clock.monotonic() + limit_s
        if self._watchdog is None or self._wakes_at > self._due_at:
            self._set_watchdog()
        cancellations = self._task.cancelling()
        try:
            result = await function(*args)
        except asyncio.CancelledError as error:
            self._check()
            if self._task.cancelling() > cancellations:
                raise
            raise RuntimeError("it awaited something that was cancelled") from error
        except BaseException:
            self._check()
            raise
        finally:
            self._due_at = _NEVER
        self._check()
        return result

    def hurry(self, reason: str) -> None:
        """End what runs now, as if its limit had passed; ``reason`` is what the TimeoutError says."""
        if self._due_at != _NEVER and self._cut is None:
            self._due_at = self._clock.monotonic()
            self._overdue = reason
            self._set_watchdog()

    def close(self) -> None:
        """End the watchdog. Idempotent."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def was_cut(self, error: BaseException) -> bool:
        """Is ``error`` what ``run`` raised because the limit had passed, not a TimeoutError of the function's own?"""
        return error is self._last_cut

    def _set_watchdog(self) -> None:
        self.close()
        self._wakes_at = self._due_at
        self._watchdog = asyncio.create_task(self._watch(), name="watchdog")

    def _check(self) -> None:
        if self.given_up:
            raise GivenUp
        if self._cut is not None:
            assert self._task is not None
            self._task.uncancel()
            cut, self._cut = self._cut, None
            self.close()
            raise cut

    async def _watch(self) -> None:
        while self._due_at != _NEVER:
            left_s = self._due_at - self._clock.monotonic()
            if left_s > 0:
                self._wakes_at = self._due_at
                await self._clock.sleep(left_s)
                continue
            await self._end_what_runs()
            return
        self._watchdog = None

    async def _end_what_runs(self) -> None:
        assert self._task is not None
        overdue = self._cut = self._last_cut = TimeoutError(self._overdue)
        self._task.cancel()
        await self._clock.sleep(self._cancel_grace_s)
        self.given_up = True
        self._on_given_up(overdue)
