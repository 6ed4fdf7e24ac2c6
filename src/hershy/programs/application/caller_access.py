"""A Host as one caller may use it."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from hershy.access.principals import Principal
from hershy.core.clock import Clock
from hershy.core.ids import ProgramID
from hershy.programs.domain.program import Program
from hershy.programs.ports.event_bus import EventsLost
from hershy.programs.ports.repository import ProgramFilter

from .bulk import BulkOutcome
from .event_feed import Fed
from .host import Host
from .metrics import Metrics
from .requests import ProgramRequest

P = ParamSpec("P")
R = TypeVar("R")
Bulk = Coroutine[Any, Any, Sequence[BulkOutcome]]


def _of_own(of_host: Callable[Concatenate[Host, ProgramID, P], R]) -> Callable[Concatenate["Access", ProgramID, P], R]:
    """Host's method of this name, for a program of the caller's own."""

    @wraps(of_host)
    def method(self: "Access", program_id: ProgramID, /, *args: P.args, **kwargs: P.kwargs) -> R:
        made: R = getattr(self._host, of_host.__name__)(self._by.own(program_id), *args, **kwargs)
        return made

    return method


def _asked_of_own(
    of_host: Callable[..., Coroutine[Any, Any, R]],
) -> Callable[["Access", ProgramID], Coroutine[Any, Any, R]]:
    """The same of a method that tells the journal who has asked."""

    @wraps(of_host)
    async def method(self: "Access", program_id: ProgramID) -> R:
        made: R = await getattr(self._host, of_host.__name__)(self._by.own(program_id), by=self._by)
        return made

    return method


def _asked_of_all_own(of_host: Callable[..., Bulk]) -> Callable[["Access", ProgramFilter], Bulk]:
    """The same of a method that concerns many programs, which all are the caller's own."""

    @wraps(of_host)
    async def method(self: "Access", matching: ProgramFilter) -> Sequence[BulkOutcome]:
        own = self._within(matching)
        made: Sequence[BulkOutcome] = (
            [] if own is None else await getattr(self._host, of_host.__name__)(own, by=self._by)
        )
        return made

    return method


class Access:
    """Methods are those of Host, of the same names, for what concerns the caller's own programs.

    Others' programs do not exist here: ProgramNotFound is raised for them as for ids that were never given, from the
    id alone. Registering one for somebody else, and what concerns the whole Host, raises Forbidden. What a caller may
    do its Principal says.
    """

    def __init__(self, host: Host, principal: Principal) -> None:
        self._host = host
        self._by = principal

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self._by

    @property
    def clock(self) -> Clock:
        return self._host.clock

    @property
    def engine_is_up(self) -> bool:
        return self._host.engine_is_up

    @property
    def metrics(self) -> Metrics:
        self._by.require_admin("the metrics tell of all users' programs")
        return self._host.metrics

    async def create(self, request: ProgramRequest) -> Program:
        self._by.require_own_user(request.user_id)
        return await self._host.create(request, by=self._by)

    async def create_all(self, requests: Sequence[ProgramRequest]) -> Sequence[Program]:
        for request in requests:
            self._by.require_own_user(request.user_id)
        return await self._host.create_all(requests, by=self._by)

    start = _asked_of_own(Host.start)
    stop = _asked_of_own(Host.stop)
    restart = _asked_of_own(Host.restart)
    delete = _asked_of_own(Host.delete)
    start_all = _asked_of_all_own(Host.start_all)
    stop_all = _asked_of_all_own(Host.stop_all)
    restart_all = _asked_of_all_own(Host.restart_all)
    delete_all = _asked_of_all_own(Host.delete_all)
    get = _of_own(Host.get)
    logs = _of_own(Host.logs)
    follow_logs = _of_own(Host.follow_logs)
    build_log = _of_own(Host.build_log)
    follow_build_log = _of_own(Host.follow_build_log)
    stats = _of_own(Host.stats)
    journal = _of_own(Host.journal)
    source = _of_own(Host.source)
    request = _of_own(Host.request)
    connect_websocket = _of_own(Host.connect_websocket)
    route = _of_own(Host.route)

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        own = self._within(matching)
        return [] if own is None else await self._host.list(own)

    async def last_entry_id(self) -> int:
        """Of the whole journal: where to begin to hear of what comes next. 0 for an empty one."""
        newest = await self._host.journal(limit=1)
        return newest[-1].id if newest else 0

    def feed(self, program_id: ProgramID | None = None, *, after: int | None = None) -> AsyncGenerator[Fed, None]:
        if program_id is not None:
            return self._host.feed(self._by.own(program_id), after=after)
        everything = self._host.feed(after=after)
        return everything if self._by.is_admin else self._only_own(everything)

    def _within(self, matching: ProgramFilter) -> ProgramFilter | None:
        """The filter for the caller's programs alone; None when it leaves none of them."""
        if self._by.user_id is None or matching.user_id == self._by.user_id:
            return matching
        return replace(matching, user_id=self._by.user_id) if matching.user_id is None else None

    async def _only_own(self, everything: AsyncGenerator[Fed, None]) -> AsyncGenerator[Fed, None]:
        try:
            async for it in everything:
                if isinstance(it, EventsLost):
                    yield EventsLost(1)  # how much was lost would tell how much others do
                elif self._by.owns(it.program_id):
                    yield it
        finally:
            await everything.aclose()
