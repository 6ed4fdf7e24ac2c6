"""The Host: everything a caller can do with programs. The HTTP API is a thin layer over this class."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import Any, Self

from hershy.access.principals import LOCAL, Principal
from hershy.builds.spec import BuildSpec
from hershy.core.clock import Clock
from hershy.core.deadline import within
from hershy.core.ids import ProgramID, UserID
from hershy.errors import ProgramFailed, ProgramNotFound, ProgramNotReady, Unavailable
from hershy.programs.domain import events as on
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.program import Program, ProgramOptions
from hershy.programs.domain.state import FINAL, RESTING, ProgramState
from hershy.programs.ports.event_bus import Happened, Published
from hershy.programs.ports.proxy import Header, ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket
from hershy.programs.ports.repository import ProgramFilter
from hershy.programs.ports.runtime import LogLine, LogQuery

from .answers import ProgramLogs, ProgramStats
from .bulk import BulkOutcome, each
from .diagnosis import diagnose
from .event_feed import Fed, feed
from .messages import send_message
from .metered_bus import MeteredBus
from .metrics import HostGauges, Metrics
from .output.reader import LogReader
from .registration import Registration
from .requests import ProgramRequest
from .running_program import RunningProgram
from .services import Services
from .statistics import statistics
from .supervision.registry import Registry
from .supervision.supervisor import Supervisor
from .supervision.wind_down import wind_down
from .upkeep.engine_watch import EngineWatch
from .upkeep.housekeeping import Housekeeping
from .upkeep.reconciler import Reconciler


class Host:
    """An async context manager: ``async with hershy.open_host() as host``.

    Safe for concurrent use by one event loop. Methods that take a ProgramID, or its text, raise ProgramNotFound. What a
    method has acknowledged goes on even if the caller is cancelled or goes away. Everything may be done with every
    program: ``by`` only tells the journal who asked. ``Access`` is a Host as one caller may use it.
    """

    def __init__(self, services: Services, *, sweeps: bool = True) -> None:
        """``sweeps`` False leaves it to the caller to call ``sweep``: for tests in virtual time."""
        self.metrics = Metrics()
        services = replace(services, event_bus=MeteredBus(services.event_bus, self.metrics))
        self._services = services
        self._registry = Registry(services)
        self._registration = Registration(services, self._registry)
        self._logs = LogReader(services, self._registry)
        self._reconciler = Reconciler(services, self._registry)
        self._engine = EngineWatch(services, self._reconciler)
        self._housekeeping = Housekeeping(services, self._registry, self._engine, self._reconciler)
        self._sweeps = sweeps
        gauges = HostGauges(
            lambda: (it.program for it in self._registry),
            lambda: len(services.port_leases),
            lambda: self.engine_is_up,
            lambda: services.images.queue.waiting,
        )
        self.metrics.registry.register(gauges)

    @property
    def clock(self) -> Clock:
        return self._services.clock

    @property
    def engine_is_up(self) -> bool:
        """Whether the container engine is there. While it is not, reads are answered and changes refused."""
        return self._engine.is_up

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Check what the adapters need, take up the registered programs, and begin to watch over them.

        Running containers are adopted as they are; what a killed Host has left half done is finished or taken back.
        Returns once every program has been told what was found of it. Raises Unavailable, with the remedy, when the
        machine lacks something required.
        """
        services = self._services
        findings = await diagnose(services.builder, services.runtime)
        missing = [finding for finding in findings if finding.required and not finding.ok]
        if missing:
            raise Unavailable("; ".join(f"{it.name}: {it.detail}; to mend it: {it.remedy}" for it in missing))
        for program in await services.repository.list():
            services.port_leases.restore(program.id, program.publish_port)
            self._registry.supervise(program)
        await self._engine.start()
        await self._reconciler.take_up()
        if self._sweeps:
            self._housekeeping.start()

    async def aclose(self) -> None:
        """End supervision. Idempotent.

        Where the repository does not outlive this process, running programs are stopped first, since nobody
        would ever know of them again; else they go on running. Adapters belong to whoever made them.
        """
        await self._housekeeping.aclose()
        await self._engine.aclose()
        if not self._services.repository.durable:
            await asyncio.gather(*(wind_down(it, self._services) for it in self._registry))
        await asyncio.gather(*(supervisor.aclose() for supervisor in self._registry))
        self._registry.clear()

    async def sweep(self) -> None:
        """Do what is due by now: deadlines of states, times to live, idle timeouts, exits that nobody has seen.

        A Host does so by itself every second. Raises EngineUnavailable, RepositoryUnavailable.
        """
        await self._housekeeping.sweep()

    async def create(self, request: ProgramRequest, *, by: Principal = LOCAL) -> Program:
        """Register a program; nothing is built yet. It has a publish port from now until its deletion.

        Raises InvalidValue when it asks for more than this Host gives, QuotaExceeded when no port or no program is
        left or ``by`` is a user who registers too fast, EngineUnavailable while the engine is away. Failed or
        cancelled, it leaves nothing behind.
        """
        (program,) = await self.create_all([request], by=by)
        return program

    async def create_all(self, requests: Sequence[ProgramRequest], *, by: Principal = LOCAL) -> Sequence[Program]:
        """Register several programs, all or none; at most 100 at once. Raises as ``create``."""
        await self._engine.require_up()
        return await self._registration.register(requests, by)

    @asynccontextmanager
    async def running(
        self,
        build: BuildSpec,
        user: UserID | str,
        *,
        timeout: timedelta = patience.STARTING,
        by: Principal = LOCAL,
        **options: Any,
    ) -> AsyncIterator[RunningProgram]:
        """Register a program, start it, and enter once it is Ready; on leaving, delete it with all it has.

        ``options`` are those of ProgramOptions. Raises as ``create``, ``start`` and ``wait_for``; whatever is raised,
        here or inside, nothing of the program is left. Cancelled, it deletes the program first.
        """
        request = ProgramRequest(UserID.of(user), build, ProgramOptions(**options))
        program = await self.create(request, by=by)
        try:
            await self.start(program.id, by=by)
            ready = await self.wait_for(program.id, ProgramState.READY, timeout=timeout)
            yield RunningProgram(self, ready)
        finally:
            with suppress(ProgramNotFound):
                await asyncio.shield(self.delete(program.id, by=by))

    async def start(self, program_id: ProgramID | str, *, by: Principal = LOCAL) -> Program:
        """Begin to build and start; returns the program as it was *before*.

        Raises IllegalTransition while the program is active, QuotaExceeded when it must be built and too many builds of
        its user's wait already, EngineUnavailable.
        """
        program_id = ProgramID.of(program_id)
        supervisor = await self._changeable(program_id)
        program, image_id = supervisor.program, None
        if program.state is not ProgramState.CREATED:  # whose first start builds, or finds the image then
            found = await self._services.images.find(program.build_id)
            image_id = found if found == program.image_id else None  # another's: building compares specifications
        if image_id is None and program.state in RESTING:
            building = self._registry.list(ProgramFilter(user_id=program.user_id, state=ProgramState.BUILDING))
            self._services.images.queue.require_room(program.user_id, len(building))
        return (await supervisor.request(on.StartRequested(image_id), by.name)).before

    async def stop(self, program_id: ProgramID | str, *, by: Principal = LOCAL) -> Program:
        """Begin to stop, cancelling a build under way; returns the program, Stopping.

        Raises ProgramNotRunning unless the program is building, starting or running, EngineUnavailable.
        """
        program_id = ProgramID.of(program_id)
        supervisor = await self._changeable(program_id)
        return (await supervisor.request(on.StopRequested(), by.name)).after

    async def restart(self, program_id: ProgramID | str, *, by: Principal = LOCAL) -> Program:
        """Begin to replace the container by a new one of the same image; returns the program, Stopping.

        Raises ProgramNotRunning unless the program is Running or Ready, EngineUnavailable.
        """
        program_id = ProgramID.of(program_id)
        supervisor = await self._changeable(program_id)
        return (await supervisor.request(on.RestartRequested(), by.name)).after

    async def delete(self, program_id: ProgramID | str, *, by: Principal = LOCAL) -> None:
        """Stop the program; remove its container, files, unshared image and registration; release its port.

        Returns once all is gone. Asked for twice at once, both calls wait for the one deletion. Raises
        Unavailable when something could not be removed; the program is in Error then and can be deleted again.
        """
        program_id = ProgramID.of(program_id)
        supervisor = await self._changeable(program_id)
        await supervisor.request(on.DeleteRequested(), by.name)
        if not await asyncio.shield(supervisor.is_gone()):
            raise Unavailable(f"program {program_id} could not be deleted: {supervisor.program.error_msg}")

    async def start_all(self, matching: ProgramFilter, *, by: Principal = LOCAL) -> Sequence[BulkOutcome]:
        """``start`` every matching program; the failure of one stops no other. So do the three that follow."""
        return await self._each(matching, self.start, by)

    async def stop_all(self, matching: ProgramFilter, *, by: Principal = LOCAL) -> Sequence[BulkOutcome]:
        return await self._each(matching, self.stop, by)

    async def restart_all(self, matching: ProgramFilter, *, by: Principal = LOCAL) -> Sequence[BulkOutcome]:
        return await self._each(matching, self.restart, by)

    async def delete_all(self, matching: ProgramFilter, *, by: Principal = LOCAL) -> Sequence[BulkOutcome]:
        return await self._each(matching, self.delete, by)

    async def get(self, program_id: ProgramID | str) -> Program:
        program_id = ProgramID.of(program_id)
        return self._registry.get(program_id).program

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        """Matching programs in order of registration."""
        return self._registry.list(matching)

    async def wait_for(
        self,
        program_id: ProgramID | str,
        *states: ProgramState,
        timeout: timedelta = patience.STARTING,
    ) -> Program:
        """Return the program as soon as it is in one of ``states``.

        Raises ProgramFailed when it is in Error or Stopped instead, ProgramNotFound when it is deleted
        meanwhile, DeadlineExceeded after ``timeout``, Unavailable when the Host is closed.
        """
        program_id = ProgramID.of(program_id)
        wanted = " or ".join(states)
        waiting = self._wait_for(program_id, frozenset(states))
        return await within(self.clock, timeout, f"waiting for {program_id} to be {wanted}", waiting)

    async def logs(self, program_id: ProgramID | str, query: LogQuery = LogQuery()) -> ProgramLogs:
        """The program's output so far; that of earlier containers when there is none now."""
        program_id = ProgramID.of(program_id)
        return await self._logs.read(program_id, query)

    def follow_logs(self, program_id: ProgramID | str, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        """Yield output as it is written, until the present container ends; waits for the first one of a program that
        is on its way to it, and gives the archived output of one that is at rest."""
        program_id = ProgramID.of(program_id)
        return self._logs.follow(program_id, query)

    async def build_log(self, program_id: ProgramID | str, tail: int | None = 200) -> Sequence[str]:
        """The last lines of the latest build's output; None for all that is kept."""
        program_id = ProgramID.of(program_id)
        return await self._logs.build(program_id, tail)

    def follow_build_log(self, program_id: ProgramID | str, tail: int | None = 200) -> AsyncGenerator[str, None]:
        """Yield the latest build's output, and what comes while it runs, until the build ends."""
        program_id = ProgramID.of(program_id)
        return self._logs.follow_build(program_id, tail)

    async def stats(self, program_id: ProgramID | str) -> ProgramStats:
        """What the program uses of the machine. Takes about 0.2 s while it runs. Raises EngineUnavailable."""
        program_id = ProgramID.of(program_id)
        return await statistics(self._services, self._registry, program_id)

    async def journal(
        self, program_id: ProgramID | str | None = None, *, after: int | None = None, limit: int = 200
    ) -> Sequence[JournalEntry]:
        """What has happened to one program, or to all; see ``Repository.journal``.

        A deleted program is found here until its entries are pruned. Raises ProgramNotFound for one never heard of.
        """
        program_id = None if program_id is None else ProgramID.of(program_id)
        entries = await self._services.repository.journal(program_id, after=after, limit=limit)
        if not entries and program_id is not None and not await self._services.repository.journal(program_id, limit=1):
            self._registry.get(program_id)
        return entries

    async def source(self, program_id: ProgramID | str) -> BuildSpec:
        """What the program was registered with."""
        program_id = ProgramID.of(program_id)
        self._registry.get(program_id)
        return await self._services.storage.read_sources(program_id)

    def events(
        self, program_id: ProgramID | str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Published]]:
        """Subscribe to what happens to one program or all; see ``EventBus.subscribe``."""
        program_id = None if program_id is None else ProgramID.of(program_id)
        if program_id is not None:
            self._registry.get(program_id)
        return self._services.event_bus.subscribe(program_id)

    def feed(self, program_id: ProgramID | str | None = None, *, after: int | None = None) -> AsyncGenerator[Fed, None]:
        """Journal entries above the id ``after``, then what happens: gapless, also across restarts of the Host.

        See ``event_feed.feed``. A program that nobody has heard of gives nothing and ends with the Host.
        """
        program_id = None if program_id is None else ProgramID.of(program_id)
        return feed(self._services, program_id, after)

    async def message(self, program_id: ProgramID | str, text: str) -> MessageReceipt:
        """Send a message to the program's WatcherAPI. Printed, the receipt is what the program says.

        Raises ProgramNotReady, ProgramUnreachable, and InvalidValue when the program refuses the message.
        """
        program_id = ProgramID.of(program_id)
        await self._require_route(program_id)
        return await send_message(self._services.proxy, program_id, text)

    async def request(self, program_id: ProgramID | str, request: ProxyRequest) -> ProxyResponse:
        """Pass an HTTP request to the program; see ``Proxy.request``. Raises ProgramNotReady unless Ready."""
        program_id = ProgramID.of(program_id)
        await self._require_route(program_id)
        return await self._services.proxy.request(program_id, request)

    async def connect_websocket(
        self, program_id: ProgramID | str, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        """Open a WebSocket to the program; see ``Proxy.connect_websocket``. Raises ProgramNotReady unless Ready."""
        program_id = ProgramID.of(program_id)
        await self._require_route(program_id)
        return await self._services.proxy.connect_websocket(program_id, target, headers, subprotocols)

    async def route(self, program_id: ProgramID | str) -> ProxyRoute | None:
        """What the proxy holds for the program; None while it is not Ready."""
        program_id = ProgramID.of(program_id)
        self._registry.get(program_id)
        return self._services.proxy.route(program_id)

    async def _changeable(self, program_id: ProgramID) -> Supervisor:
        supervisor = self._registry.get(program_id)
        await self._engine.require_up()
        return supervisor

    async def _each(
        self, matching: ProgramFilter, act: Callable[..., Awaitable[object]], by: Principal
    ) -> Sequence[BulkOutcome]:
        await self._engine.require_up()
        return await each(self._registry.list(matching), partial(act, by=by))

    async def _require_route(self, program_id: ProgramID) -> None:
        supervisor = self._registry.get(program_id)
        if supervisor.program.state is not ProgramState.READY:
            remedy = "start it, or wait until it is Ready"
            raise ProgramNotReady(program_id, supervisor.program.state, "a request", remedy)
        if self._services.proxy.route(program_id) is None:
            await supervisor.settled()  # Ready is visible a moment before its route is open

    async def _wait_for(self, program_id: ProgramID, states: frozenset[ProgramState]) -> Program:
        async with self.events(program_id) as published:
            if _has_arrived(program := await self.get(program_id), states):
                return program
            async for it in published:
                program = it.notice.program if isinstance(it.notice, Happened) else await self.get(program_id)
                if _has_arrived(program, states):
                    return program
        raise Unavailable(f"program {program_id} is {program.state}: the Host was closed while it was waited for")


def _has_arrived(program: Program, states: frozenset[ProgramState]) -> bool:
    """Raises ProgramFailed when it rests where it will not leave by itself (Created is about to be started)."""
    if program.state in FINAL and program.state not in states:
        raise ProgramFailed(program.id, program.state, program.error_msg)
    return program.state in states
