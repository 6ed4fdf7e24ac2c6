"""A Host as one caller may use it: the one place where it is decided who may do what."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

from hershy.access.principals import Principal
from hershy.builds.spec import BuildSpec
from hershy.core.clock import Clock
from hershy.core.ids import ProgramID
from hershy.errors import Forbidden, ProgramNotFound
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program
from hershy.programs.ports.event_bus import EventsLost
from hershy.programs.ports.proxy import Header, ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket
from hershy.programs.ports.repository import ProgramFilter
from hershy.programs.ports.runtime import LogLine, LogQuery

from .answers import ProgramLogs, ProgramStats
from .bulk import BulkOutcome
from .event_feed import Fed
from .host import Host
from .metrics import Metrics
from .requests import ProgramRequest


class Access:
    """Methods are those of Host, of the same names, for what concerns the caller's own programs.

    Others' programs do not exist here: ProgramNotFound is raised for them as for ids that were never given, from the
    id alone. Registering one for somebody else, and what concerns the whole Host, raises Forbidden.
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
        if not self._by.is_admin:
            raise Forbidden("the metrics tell of all users' programs", remedy="ask with an admin's token")
        return self._host.metrics

    async def create(self, request: ProgramRequest) -> Program:
        self._require_own(request)
        return await self._host.create(request, by=self._by)

    async def create_all(self, requests: Sequence[ProgramRequest]) -> Sequence[Program]:
        for request in requests:
            self._require_own(request)
        return await self._host.create_all(requests, by=self._by)

    async def start(self, program_id: ProgramID) -> Program:
        return await self._host.start(self._own(program_id), by=self._by)

    async def stop(self, program_id: ProgramID) -> Program:
        return await self._host.stop(self._own(program_id), by=self._by)

    async def restart(self, program_id: ProgramID) -> Program:
        return await self._host.restart(self._own(program_id), by=self._by)

    async def delete(self, program_id: ProgramID) -> None:
        await self._host.delete(self._own(program_id), by=self._by)

    async def start_all(self, matching: ProgramFilter) -> Sequence[BulkOutcome]:
        own = self._within(matching)
        return [] if own is None else await self._host.start_all(own, by=self._by)

    async def stop_all(self, matching: ProgramFilter) -> Sequence[BulkOutcome]:
        own = self._within(matching)
        return [] if own is None else await self._host.stop_all(own, by=self._by)

    async def restart_all(self, matching: ProgramFilter) -> Sequence[BulkOutcome]:
        own = self._within(matching)
        return [] if own is None else await self._host.restart_all(own, by=self._by)

    async def delete_all(self, matching: ProgramFilter) -> Sequence[BulkOutcome]:
        own = self._within(matching)
        return [] if own is None else await self._host.delete_all(own, by=self._by)

    async def get(self, program_id: ProgramID) -> Program:
        return await self._host.get(self._own(program_id))

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        own = self._within(matching)
        return [] if own is None else await self._host.list(own)

    async def logs(self, program_id: ProgramID, query: LogQuery = LogQuery()) -> ProgramLogs:
        return await self._host.logs(self._own(program_id), query)

    def follow_logs(self, program_id: ProgramID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        return self._host.follow_logs(self._own(program_id), query)

    async def build_log(self, program_id: ProgramID, tail: int | None = 200) -> Sequence[str]:
        return await self._host.build_log(self._own(program_id), tail)

    def follow_build_log(self, program_id: ProgramID, tail: int | None = 200) -> AsyncGenerator[str, None]:
        return self._host.follow_build_log(self._own(program_id), tail)

    async def stats(self, program_id: ProgramID) -> ProgramStats:
        return await self._host.stats(self._own(program_id))

    async def journal(
        self, program_id: ProgramID, *, after: int | None = None, limit: int = 200
    ) -> Sequence[JournalEntry]:
        return await self._host.journal(self._own(program_id), after=after, limit=limit)

    async def last_entry_id(self) -> int:
        """Of the whole journal: where to begin to hear of what comes next. 0 for an empty one."""
        newest = await self._host.journal(limit=1)
        return newest[-1].id if newest else 0

    async def source(self, program_id: ProgramID) -> BuildSpec:
        return await self._host.source(self._own(program_id))

    def feed(self, program_id: ProgramID | None = None, *, after: int | None = None) -> AsyncGenerator[Fed, None]:
        if program_id is not None:
            return self._host.feed(self._own(program_id), after=after)
        everything = self._host.feed(after=after)
        return everything if self._by.is_admin else self._only_own(everything)

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        return await self._host.request(self._own(program_id), request)

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        return await self._host.connect_websocket(self._own(program_id), target, headers, subprotocols)

    async def route(self, program_id: ProgramID) -> ProxyRoute | None:
        return await self._host.route(self._own(program_id))

    def _own(self, program_id: ProgramID) -> ProgramID:
        if not self._by.owns(program_id):
            raise ProgramNotFound(program_id)
        return program_id

    def _require_own(self, request: ProgramRequest) -> None:
        if self._by.user_id not in (None, request.user_id):
            raise Forbidden(
                f"user_id: this token is for user {self._by.user_id}",
                remedy="to register a program of another user's takes that user's token, or an admin's",
            )

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
