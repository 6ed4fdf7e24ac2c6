"""The open routes of a proxy, and what is under way on each, so that closing one can cut it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self

from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID
from hershy.errors import ProgramNotReady, ProgramUnreachable
from hershy.programs.ports.proxy import ProxyRoute

from ._cancellation import Cancellation, Cancelled

HEALTHY = range(200, 400)
"""Statuses that pass a probe of a path."""


@dataclass(eq=False, slots=True)
class Route:
    """``cuts`` break what is under way; each must be quick and must not raise."""

    program_id: ProgramID
    endpoint: Endpoint
    clock: Clock
    opened_at: datetime
    last_used_at: datetime
    requests: int = 0
    active: int = 0
    closed: bool = False
    cuts: set[Callable[[], None]] = field(default_factory=set)

    def lost(self) -> ProgramUnreachable:
        return ProgramUnreachable(f"program {self.program_id}: its route was closed while a request was under way")


class Exchange:
    """One request or WebSocket on a route: counted from its creation until ``end``, which is idempotent."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._ended = False
        self._cuts: set[Callable[[], None]] = set()
        route.requests += 1
        route.active += 1
        route.last_used_at = route.clock.now()

    def cut_by(self, cut: Callable[[], None]) -> None:
        """Call ``cut`` when the route is closed before the exchange has ended; now if that has happened."""
        if self.route.closed:
            cut()
        elif not self._ended:
            self._cuts.add(cut)
            self.route.cuts.add(cut)

    def spare(self, cut: Callable[[], None]) -> None:
        """Take ``cut_by`` back."""
        self._cuts.discard(cut)
        self.route.cuts.discard(cut)

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self.route.active -= 1
            self.route.last_used_at = self.route.clock.now()
            self.route.cuts -= self._cuts
            self._cuts.clear()


class Cuttable:
    """``async with Cuttable(exchange):`` raises ProgramUnreachable when the route is closed meanwhile."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._cut = Cancellation()

    async def __aenter__(self) -> Self:
        self._exchange.cut_by(self._cut.make)
        await self._cut.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exchange.spare(self._cut.make)
        try:
            await self._cut.__aexit__(kind, error, trace)
        except Cancelled:
            raise self._exchange.route.lost() from None


class Routes:
    """At most one route per program."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[ProgramID, Route] = {}

    def open(self, program_id: ProgramID, endpoint: Endpoint) -> None:
        route = self._open.get(program_id)
        if route is None or route.endpoint != endpoint:
            self.close(program_id)
            now = self._clock.now()
            self._open[program_id] = Route(program_id, endpoint, self._clock, opened_at=now, last_used_at=now)

    def close(self, program_id: ProgramID) -> None:
        route = self._open.pop(program_id, None)
        if route is not None:
            route.closed = True
            for cut in tuple(route.cuts):
                cut()

    def close_all(self) -> None:
        for program_id in tuple(self._open):
            self.close(program_id)

    def find(self, program_id: ProgramID) -> Route:
        """Raises ProgramNotReady."""
        route = self._open.get(program_id)
        if route is None:
            remedy = "start it, or wait until it is Ready"
            raise ProgramNotReady(program_id, "not routed", "a request", remedy)
        return route

    def show(self, program_id: ProgramID) -> ProxyRoute | None:
        route = self._open.get(program_id)
        if route is None:
            return None
        return ProxyRoute(program_id, route.endpoint, route.opened_at, route.requests, route.active, route.last_used_at)
