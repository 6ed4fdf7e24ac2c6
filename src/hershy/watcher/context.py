"""What the managed function is handed: everything it may ask and change."""

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar, overload

from .errors import GivenUp, RegistrationError
from .session import Session
from .signals import BY_WATCHER, Trigger
from .sources import Follow, Sources
from .values import Failure, Skip, Update, Watched
from .variables import Variable

T = TypeVar("T")

Flow: TypeAlias = AsyncIterable[T | Failure | Skip]
Answer: TypeAlias = T | Update[T] | Failure | Skip


class Context:
    """Good for one session; the framework sets ``trigger`` before each execution.

    The ``watch_*`` methods register on their first call and are a look-up on every later one, so calling them each
    time is the way to read. They raise RegistrationError, which crashes the Watcher at once: a program that does not
    watch what it is about cannot do its work.
    """

    def __init__(self, session: Session, sources: Sources) -> None:
        self.trigger: Trigger = BY_WATCHER
        self.fatal: RegistrationError | None = None
        self._session = session
        self._sources = sources
        self._current = session.variables.current
        self._is_given_up = False

    def watch_flow(self, name: str, source: Callable[[], Flow[T]] | Flow[T], *, initial: T) -> Watched[T]:
        """Follow an async iterator, or what a function without arguments returns as one.

        Of items that come while the function runs only the last counts. An iterator that raises has ended, and the
        error is the variable's; to go on after an error, it yields ``Failure(error)``.
        """
        try:
            return self._current[name]
        except (KeyError, TypeError):
            return self._register(name, initial, 1, lambda: self._sources.flow(_iterator(source)))

    @overload
    def watch_call(
        self, name: str, fn: Callable[[], Awaitable[Answer[T]]], *, every: float | timedelta, initial: T
    ) -> Watched[T]: ...

    @overload
    def watch_call(
        self, name: str, fn: Callable[[], Answer[T]], *, every: float | timedelta, initial: T
    ) -> Watched[T]: ...

    def watch_call(self, name: str, fn: Callable[[], Any], *, every: float | timedelta, initial: Any) -> Watched[Any]:
        """Ask ``fn`` every ``every`` seconds, first at once.

        It returns a new value, ``Update(prev -> next)``, ``Failure(error)`` or ``SKIP``. Every answer is applied, in
        order. A plain ``fn`` is called in a thread of its own. One that has not answered within the configured
        ``timeout`` is an error, and is not asked again before it has ended.
        """
        try:
            return self._current[name]
        except (KeyError, TypeError):
            capacity = self._session.config.changes_per_watch
            return self._register(name, initial, capacity, lambda: self._sources.call(_callable(fn), _seconds(every)))

    def watch_tick(self, name: str, every: float | timedelta) -> Watched[int]:
        """Count 1, 2, 3 … every ``every`` seconds, the first at once; 0 until then.

        A tick that is due while the function runs waits; of several the last counts.
        """
        try:
            return self._current[name]
        except (KeyError, TypeError):
            return self._register(name, 0, 1, lambda: self._sources.tick(_seconds(every)))

    @overload
    async def memo(self, name: str, compute: Callable[[], Awaitable[T]]) -> T: ...

    @overload
    async def memo(self, name: str, compute: Callable[[], T]) -> T: ...

    async def memo(self, name: str, compute: Callable[[], Any]) -> Any:
        """What ``compute`` made when it was first asked for; it never triggers.

        What it raises is raised here and not kept. Raises MemoLimitReached. A plain ``compute`` runs in a thread.
        """
        return await self._session.memos.get(name, compute, self._session.threads, self._refuse_if_given_up)

    def memo_blocking(self, name: str, compute: Callable[[], T]) -> T:
        """``memo`` for a plain managed function: ``compute`` is plain too, and called right here."""
        value: T = self._session.memos.get_blocking(name, compute, self._refuse_if_given_up)
        return value

    def clear_memo(self, name: str) -> None:
        """Have ``name`` computed anew when it is next asked for."""
        self._refuse_if_given_up()
        self._session.memos.clear(name)

    def get(self, key: str, default: Any = None) -> Any:
        """The context value ``key``. Change a list or dict by ``update``: what is changed in place is not logged."""
        return self._session.values.get(key, default)

    def set(self, key: str, value: object) -> None:
        self._session.values.set(key, value, self._refuse_if_given_up)

    def update(self, key: str, fn: Callable[[Any], Any]) -> Any:
        """Set ``key`` to what ``fn`` makes of a deep copy of its value (None when there is none), and return that.

        When ``fn`` raises, nothing has changed. No other change comes between: threads wait for each other.
        """
        return self._session.values.update(key, fn, self._refuse_if_given_up)

    @overload
    def env(self, name: str) -> str | None: ...

    @overload
    def env(self, name: str, default: str) -> str: ...

    def env(self, name: str, default: str | None = None) -> str | None:
        """What the Watcher was given under ``name``; it never changes."""
        return self._session.env.get(name, default)

    def give_up(self) -> None:
        """Refuse all changes from now on: whoever still holds this context belongs to an execution given up.

        What it was computing as a memo, the next who asks computes; nobody waits for its update to end.
        """
        self._is_given_up = True
        self._session.values.abandon()
        self._session.memos.abandon()

    def _refuse_if_given_up(self) -> None:
        if self._is_given_up:
            raise GivenUp

    def _register(self, name: str, initial: Any, capacity: int, follow: Callable[[], Follow]) -> Watched[Any]:
        self._refuse_if_given_up()
        try:
            if not (name and isinstance(name, str)):
                raise RegistrationError(name, "a name is text, and not empty")
            if len(self._current) >= self._session.config.max_watches:
                raise RegistrationError(name, f"{self._session.config.max_watches} variables are watched already")
            try:
                feed = follow()
            except Exception as error:
                raise RegistrationError(name, f"{type(error).__name__}: {error}") from error
        except RegistrationError as error:
            self.fatal = error
            raise
        watched = self._current[name] = Watched(name, initial)
        self._sources.start(Variable(name, capacity), feed)
        return watched


def _iterator(source: Any) -> AsyncIterator[Any]:
    items = source() if callable(source) and not isinstance(source, AsyncIterable) else source
    if asyncio.iscoroutine(items):
        items.close()
        raise TypeError("the source is a coroutine function: it must yield")
    if not isinstance(items, AsyncIterable):
        raise TypeError(f"the source is no async iterator but {type(items).__name__}")
    return aiter(items)


def _callable(fn: Any) -> Callable[[], Any]:
    if not callable(fn):
        raise TypeError(f"fn is not callable: {type(fn).__name__}")
    return fn  # type: ignore[no-any-return]  # whatever it takes and returns


def _seconds(every: float | timedelta) -> float:
    seconds = every.total_seconds() if isinstance(every, timedelta) else float(every)
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(f"every must be more than 0 seconds, not {seconds:g}")
    return seconds
