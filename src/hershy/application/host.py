"""The Host: everything a caller can do with programs. The HTTP API is a thin layer over this class."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta
from types import TracebackType
from typing import Self

from hershy.domain import events as on
from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import (
    ContainerNotFound,
    ProgramFailed,
    ProgramNotFound,
    ProgramNotReady,
    RuntimeFailure,
    Unavailable,
)
from hershy.domain.ids import ProgramID
from hershy.domain.program import Program
from hershy.domain.state import RESTING, ProgramState
from hershy.ports.clock import Clock
from hershy.ports.event_bus import Published, StateChanged
from hershy.ports.proxy import Header, ProxyRequest, ProxyResponse, ProxyRoute, ProxyWebSocket
from hershy.ports.repository import ProgramFilter
from hershy.ports.runtime import LogLine, LogQuery
from hershy.ports.storage import LogKind

from .deadline import within
from .diagnosis import diagnose
from .leftovers import remove_leftovers
from .log import get_logger
from .log_archive import LogArchive
from .messages import send_message
from .requests import ProgramLogs, ProgramRequest
from .services import Services
from .supervisor import Supervisor

_log = get_logger("hershy.host")


class Host:
    """An async context manager: ``async with hershy.open_host() as host``.

    Safe for concurrent use by one event loop. Methods that take a ProgramID raise ProgramNotFound. What a
    method has acknowledged goes on even if the caller is cancelled or goes away.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._archive = LogArchive(services.storage, services.runtime)
        self._supervisors: dict[ProgramID, Supervisor] = {}

    @property
    def clock(self) -> Clock:
        return self._services.clock

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def open(self) -> None:
        """Check what the adapters need, take up the registered programs, remove containers without a program.

        Raises Unavailable, with the remedy, when the machine lacks something required.
        """
        services = self._services
        findings = await diagnose(services.builder, services.runtime)
        missing = [finding for finding in findings if finding.required and not finding.ok]
        if missing:
            raise Unavailable("; ".join(f"{it.name}: {it.detail}; to mend it: {it.remedy}" for it in missing))
        programs = await services.repository.list()
        for program in programs:
            services.ports.restore(program.id, program.publish_port)
        await remove_leftovers(services, known={program.id for program in programs})
        for program in programs:
            self._supervise(program)

    async def aclose(self) -> None:
        """End supervision. Idempotent.

        Where the repository does not outlive this process, running programs are stopped first, since nobody
        would ever know of them again; else they go on running. Adapters belong to whoever made them.
        """
        if not self._services.repository.durable:
            await asyncio.gather(*(self._wind_down(it) for it in self._supervisors.values()))
        await asyncio.gather(*(supervisor.aclose() for supervisor in self._supervisors.values()))
        self._supervisors.clear()

    async def create(self, request: ProgramRequest) -> Program:
        """Register a program; nothing is built yet. It has a publish port from now until its deletion.

        Raises InvalidValue when it asks for more resources than this Host gives, QuotaExceeded when no port is
        free. Failed or cancelled, it leaves nothing behind.
        """
        services = self._services
        request.options.resources.require_within(services.limits.max_resources)
        build_id = request.build.build_id
        program_id = ProgramID.compose(request.user_id, build_id, secrets.token_hex(4))
        now = services.clock.now()
        port = services.ports.lease(program_id)
        try:
            await services.storage.write_sources(program_id, request.build)
            registered = await services.repository.add(
                Program(
                    id=program_id,
                    user_id=request.user_id,
                    build_id=build_id,
                    publish_port=port,
                    created_at=now,
                    updated_at=now,
                    build_args=request.build.build_args,
                    options=request.options,
                )
            )
        except BaseException:
            await services.storage.delete(program_id)
            services.ports.release(program_id)
            raise
        self._supervise(registered)
        services.event_bus.publish(program_id, now, StateChanged(registered, None))
        return registered

    async def start(self, program_id: ProgramID) -> Program:
        """Begin to build and start; returns the program as it was *before*.

        Raises IllegalTransition while the program is active, EngineUnavailable.
        """
        supervisor = self._supervisor(program_id)
        image_id = await self._services.images.find(supervisor.program.build_id)
        return (await supervisor.request(on.StartRequested(image_id))).before

    async def stop(self, program_id: ProgramID) -> Program:
        """Begin to stop, cancelling a build under way; returns the program, Stopping.

        Raises ProgramNotRunning unless the program is building, starting or running.
        """
        return (await self._supervisor(program_id).request(on.StopRequested())).after

    async def restart(self, program_id: ProgramID) -> Program:
        """Begin to replace the container by a new one of the same image; returns the program, Stopping.

        Raises ProgramNotRunning unless the program is Running or Ready.
        """
        return (await self._supervisor(program_id).request(on.RestartRequested())).after

    async def delete(self, program_id: ProgramID) -> None:
        """Stop the program; remove its container, files, unshared image and registration; release its port.

        Returns once all is gone. Asked for twice at once, both calls wait for the one deletion. Raises
        Unavailable when something could not be removed; the program is in Error then and can be deleted again.
        """
        supervisor = self._supervisor(program_id)
        await supervisor.request(on.DeleteRequested())
        if not await asyncio.shield(supervisor.is_gone()):
            raise Unavailable(f"program {program_id} could not be deleted: {supervisor.program.error_msg}")

    async def get(self, program_id: ProgramID) -> Program:
        return self._supervisor(program_id).program

    async def list(self, matching: ProgramFilter = ProgramFilter()) -> Sequence[Program]:
        """Matching programs in order of registration."""
        return await self._services.repository.list(matching)

    async def wait_for(
        self,
        program_id: ProgramID,
        *states: ProgramState,
        timeout: timedelta = timedelta(minutes=15),
    ) -> Program:
        """Return the program as soon as it is in one of ``states``.

        Raises ProgramFailed when it is in Error or Stopped instead, ProgramNotFound when it is deleted
        meanwhile, DeadlineExceeded after ``timeout``, Unavailable when the Host is closed.
        """
        wanted = " or ".join(states)
        waiting = self._wait_for(program_id, frozenset(states))
        return await within(self.clock, timeout, f"waiting for {program_id} to be {wanted}", waiting)

    async def logs(self, program_id: ProgramID, query: LogQuery = LogQuery()) -> ProgramLogs:
        """The program's output so far; that of earlier containers when there is none now."""
        supervisor = self._supervisor(program_id)
        program = supervisor.program
        if program.container_id is None:
            return ProgramLogs(None, await self._archived(program_id, query))
        so_far = self._services.runtime.logs(
            program.container_id, LogQuery(query.tail, False, query.since, query.streams)
        )
        reading = self._collect(so_far)
        try:
            lines = await within(self.clock, self._services.limits.engine, f"reading the logs of {program_id}", reading)
        except (ContainerNotFound, RuntimeFailure):
            now = supervisor.program
            if now.container_id == program.container_id and now.state is not ProgramState.STOPPING:
                raise
            return ProgramLogs(None, await self._archived(program_id, query))  # kept before it is removed
        return ProgramLogs(program.container_id, lines)

    async def follow_logs(self, program_id: ProgramID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        """Yield output as it is written, until the present container ends; archived output if there is none."""
        program = self._supervisor(program_id).program
        if program.container_id is None:
            for line in await self._archived(program_id, query):
                yield line
            return
        following = LogQuery(query.tail, True, query.since, query.streams)
        async with aclosing(self._services.runtime.logs(program.container_id, following)) as lines:
            async for line in lines:
                yield line

    async def build_log(self, program_id: ProgramID, tail: int | None = 200) -> Sequence[str]:
        """The last lines of the latest build's output; None for all that is kept."""
        self._supervisor(program_id)
        return await self._services.storage.read_log(program_id, LogKind.BUILD, tail)

    async def source(self, program_id: ProgramID) -> BuildSpec:
        """What the program was registered with."""
        self._supervisor(program_id)
        return await self._services.storage.read_sources(program_id)

    def events(self, program_id: ProgramID | None = None) -> AbstractAsyncContextManager[AsyncIterator[Published]]:
        """Subscribe to what happens to one program or all; see ``EventBus.subscribe``."""
        if program_id is not None:
            self._supervisor(program_id)
        return self._services.event_bus.subscribe(program_id)

    async def message(self, program_id: ProgramID, content: str) -> str:
        """Send a message to the program's WatcherAPI and return the body of its answer.

        Raises ProgramNotReady, ProgramUnreachable, and InvalidValue when the program refuses the message.
        """
        await self._require_route(program_id)
        return await send_message(self._services.proxy, program_id, content)

    async def request(self, program_id: ProgramID, request: ProxyRequest) -> ProxyResponse:
        """Pass an HTTP request to the program; see ``Proxy.request``. Raises ProgramNotReady unless Ready."""
        await self._require_route(program_id)
        return await self._services.proxy.request(program_id, request)

    async def connect_websocket(
        self, program_id: ProgramID, target: str, headers: Sequence[Header], subprotocols: Sequence[str]
    ) -> ProxyWebSocket:
        """Open a WebSocket to the program; see ``Proxy.connect_websocket``. Raises ProgramNotReady unless Ready."""
        await self._require_route(program_id)
        return await self._services.proxy.connect_websocket(program_id, target, headers, subprotocols)

    async def route(self, program_id: ProgramID) -> ProxyRoute | None:
        """What the proxy holds for the program; None while it is not Ready."""
        self._supervisor(program_id)
        return self._services.proxy.route(program_id)

    def _supervise(self, program: Program) -> None:
        self._supervisors[program.id] = Supervisor(program, self._services, forget=self._supervisors.pop)

    def _supervisor(self, program_id: ProgramID) -> Supervisor:
        try:
            return self._supervisors[program_id]
        except KeyError:
            raise ProgramNotFound(program_id) from None

    async def _require_route(self, program_id: ProgramID) -> None:
        supervisor = self._supervisor(program_id)
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
                program = it.notice.program if isinstance(it.notice, StateChanged) else await self.get(program_id)
                if _has_arrived(program, states):
                    return program
        raise Unavailable(f"program {program_id} is {program.state}: the Host was closed while it was waited for")

    async def _archived(self, program_id: ProgramID, query: LogQuery) -> tuple[LogLine, ...]:
        supervisor = self._supervisor(program_id)
        if not supervisor.program.state.is_active:
            await supervisor.settled()  # the end of a container is visible a moment before its logs are kept
        return tuple(await self._archive.read(program_id, query))

    async def _collect(self, lines: AsyncIterator[LogLine]) -> tuple[LogLine, ...]:
        return tuple([line async for line in lines])

    async def _wind_down(self, supervisor: Supervisor) -> None:
        program, limits = supervisor.program, self._services.limits
        try:
            # Each of finding, stopping and removing the container may take the engine's whole deadline.
            timeout = limits.stop_grace + 3 * limits.engine
            await within(self.clock, timeout, f"stopping {program.id}", self._stop_and_settle(supervisor))
        except Exception as error:
            _log.warning("not stopped", program_id=str(program.id), error=repr(error))

    async def _stop_and_settle(self, supervisor: Supervisor) -> None:
        while supervisor.program.state.is_active:
            if supervisor.program.state is not ProgramState.STOPPING:
                await supervisor.request(on.StopRequested())
            if await supervisor.is_gone():
                return  # by a deletion that was under way; the last snapshot says Stopping for ever
        await supervisor.settled()


def _has_arrived(program: Program, states: frozenset[ProgramState]) -> bool:
    """Raises ProgramFailed when it rests where it will not leave by itself (Created is about to be started)."""
    hopeless = RESTING - {ProgramState.CREATED}
    if program.state in hopeless and program.state not in states:
        raise ProgramFailed(program.id, program.state, program.error_msg)
    return program.state in states
