"""Cancellation: somebody else ends a block of code, because the caller has gone or the route is closed."""

import asyncio
from types import TracebackType
from typing import Self


class Cancelled(Exception):
    """Raised out of the ``async with`` of a Cancellation that was made while the block ran."""


class Cancellation:
    """``async with cut:`` runs until ``make()`` is called; then the block is cancelled and Cancelled is raised.

    A cancellation from elsewhere passes through unchanged. One guards one block, of one task.
    """

    def __init__(self) -> None:
        # A deadline that never comes unless it is moved to the present: the standard library's own way to cancel
        # a block without confusing that with a cancellation of the whole task.
        self._deadline = asyncio.timeout(None)
        self._inside = False
        self.made = False

    def make(self) -> None:
        self.made = True
        if self._inside:
            self._deadline.reschedule(0)

    async def __aenter__(self) -> Self:
        await self._deadline.__aenter__()
        self._inside = True
        if self.made:
            self._deadline.reschedule(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside = False
        try:
            await self._deadline.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Cancelled from None
