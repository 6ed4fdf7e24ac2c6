"""Fault doubles that disturb chosen methods of a port, whichever port it is."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import timedelta
from typing import ClassVar, Generic, TypeVar

from hershy.core.clock import Clock
from hershy.errors import HershyError

T = TypeVar("T")


class Wrapped(Generic[T]):
    """Hands everything to ``inner``; what ``_before`` does comes first.

    ``CALLS``: the methods of ``PORT`` that an engine answers; of them, ``DISTURBED`` fail where nobody says which.
    """

    PORT: ClassVar[str]
    CALLS: ClassVar[frozenset[str]]
    DISTURBED: ClassVar[Collection[str]]
    ERROR: ClassVar[type[HershyError]]

    def __init__(self, inner: T) -> None:
        self.inner = inner

    @abstractmethod
    async def _before(self, method: str) -> None: ...

    def _chosen(self, methods: Collection[str]) -> frozenset[str]:
        """Raises ValueError for a method that is none of the port's ``CALLS``."""
        unknown = set(methods) - self.CALLS
        if unknown:
            raise ValueError(
                f"no engine calls of the {self.PORT} port: {sorted(unknown)}; choose from {sorted(self.CALLS)}"
            )
        return frozenset(methods)


class Failing(Wrapped[T]):
    """Raises ``error`` from the named methods, the first ``times`` calls of them, or for ever by default."""

    def __init__(
        self,
        inner: T,
        methods: Collection[str] | None = None,
        error: HershyError | None = None,
        times: int | None = None,
    ) -> None:
        super().__init__(inner)
        self._methods = self._chosen(self.DISTURBED if methods is None else methods)
        self._error = error or self.ERROR("a fault double fails on purpose")
        self._times_left = times

    async def _before(self, method: str) -> None:
        if method not in self._methods or self._times_left == 0:
            return
        if self._times_left is not None:
            self._times_left -= 1
        raise self._error


class Slow(Wrapped[T]):
    """Lets ``delay`` pass on ``clock`` before each call of the named methods, by default of all."""

    def __init__(self, inner: T, clock: Clock, delay: timedelta, methods: Collection[str] | None = None) -> None:
        super().__init__(inner)
        self._clock = clock
        self._delay = delay
        self._methods = self._chosen(self.CALLS if methods is None else methods)

    async def _before(self, method: str) -> None:
        if method in self._methods:
            await self._clock.sleep(self._delay)
