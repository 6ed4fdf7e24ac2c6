"""Boundaries: every call of a port, before and after, as a moment at which a Host may be killed.

One run without a kill tells the boundaries there are; each of them can then be struck in a run of its own. So a port
call that is new in the code is covered by itself.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar, cast

from dependency_injector import containers, providers

from hershy.programs.ports.storage import ProgramLog
from hershy.wiring.adapters import make_adapter
from hershy.wiring.container import WiringContext

T = TypeVar("T")

WORLD = ("storage", "repository", "builder", "runtime", "proxy")
"""The ports behind which things outlive the Host."""


class Phase(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Boundary:
    """A side of the ``number``-th call of a port's method within a chapter of the run; counts from 1.

    A call that raises has no side after it. Of an iterator or a context manager, the asking for it is the call.
    """

    chapter: str
    phase: Phase
    port: str
    method: str
    number: int

    def __str__(self) -> str:
        return f"{self.chapter}: {self.phase} {self.port}.{self.method} {self.number}"


class Boundaries:
    """Tells ``reached`` of each boundary as it is passed; whatever ``reached`` raises, the call raises.

    The caller names the ``chapter``: numbers count anew in each, and so stay the same from run to run.
    """

    def __init__(self, reached: Callable[[Boundary], None], chapter: str = "") -> None:
        self._reached = reached
        self._counts: Counter[tuple[str, str]] = Counter()
        self._chapter = chapter

    def begin(self, chapter: str) -> None:
        self._chapter = chapter
        self._counts.clear()

    def around(self, port: str, adapter: T) -> T:
        """The adapter, with its methods observed; other attributes are passed on as they are."""
        return cast("T", _Observed(self, port, adapter))

    def override(self, container: containers.DynamicContainer, *ports: str) -> None:
        """Observe these ports of a HostContainer, by default all of ``WORLD``."""
        for port in ports or WORLD:
            getattr(container, port).override(providers.Singleton(self._make, port, providers.Object(container)))

    def _make(self, port: str, container: containers.DynamicContainer) -> Any:
        adapter = make_adapter(port, WiringContext(container, port))
        container.made().append(adapter)
        return self.around(port, adapter)

    def enter(self, port: str, method: str) -> Callable[[], None]:
        """Pass the boundary before a call; returns what passes the one after it."""
        self._counts[port, method] += 1
        chapter, number = self._chapter, self._counts[port, method]
        self._reached(Boundary(chapter, Phase.BEFORE, port, method, number))
        return lambda: self._reached(Boundary(chapter, Phase.AFTER, port, method, number))


class _Observed:
    def __init__(self, boundaries: Boundaries, port: str, adapter: object) -> None:
        self._boundaries = boundaries
        self._port = port
        self._adapter = adapter

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The adapter's: it tells what that is capable of."""
        return type(self._adapter)

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        if name.startswith("_") or not inspect.ismethod(attribute):
            return attribute
        if inspect.iscoroutinefunction(attribute):
            return self._coroutine(name, attribute)
        return self._plain(name, attribute)

    def _coroutine(
        self, name: str, method: Callable[..., Coroutine[Any, Any, T]]
    ) -> Callable[..., Coroutine[Any, Any, T]]:
        @wraps(method)
        async def observed(*args: Any, **kwargs: Any) -> T:
            leave = self._boundaries.enter(self._port, name)
            result = await method(*args, **kwargs)
            leave()
            return result

        return observed

    def _plain(self, name: str, method: Callable[..., T]) -> Callable[..., T]:
        @wraps(method)
        def observed(*args: Any, **kwargs: Any) -> T:
            leave = self._boundaries.enter(self._port, name)
            result = method(*args, **kwargs)
            leave()
            return self._boundaries.around(self._port, result) if isinstance(result, ProgramLog) else result

        return observed
