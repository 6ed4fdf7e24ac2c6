"""What each effect does, by calls to the ports. Every wait has a deadline; every handler may be cancelled."""

from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar, assert_never

from hershy.builds.builder import BuildRequest
from hershy.core.deadline import within
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, ImageID
from hershy.core.log import get_logger
from hershy.errors import (
    AlreadyExists,
    ContainerNotFound,
    EngineUnavailable,
    HershyError,
    ImageNotFound,
    PortHeld,
    RuntimeFailure,
)
from hershy.programs.domain import effects as do
from hershy.programs.domain import events as on
from hershy.programs.domain.effects import Effect
from hershy.programs.domain.events import Result
from hershy.programs.domain.last_words import with_last_words
from hershy.programs.domain.program import Program
from hershy.programs.ports.event_bus import BuildLine
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import LogKind

from ..output.tail import log_tail
from ..port_leases import PORT_ATTEMPTS
from ..services import Services
from .health import endpoint_of, watch_health

PROBE_TIMEOUT = timedelta(seconds=2)
ENGINE_RETRY_DELAY = timedelta(seconds=1)

_log = get_logger("hershy.effects")
T = TypeVar("T")


class EffectHandlers:
    """Carries out the effects of all programs of a Host.

    ``perform`` returns the event an effect ends in, or None; a failure is raised.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def perform(self, effect: Effect, program: Program) -> Result | None:
        """Carry the effect out for the program as it was after the step that asked for it."""
        match effect:
            case do.PrepareFolders():
                await self._services.storage.prepare_state(program.id)
            case do.BuildImage():
                return await self._build(program)
            case do.StartContainer(delay, attempt):
                await self._services.clock.sleep(delay)
                return await self._start(program, attempt)
            case do.ProbeReadiness():
                return await self._probe(program)
            case do.WatchExit():
                return await self._watch(program)
            case do.WatchHealth(is_healthy):
                return await watch_health(self._services, program, is_healthy)
            case do.OpenProxy():
                await self._services.proxy.open(program.id, endpoint_of(program))
            case do.CloseProxy():
                await self._services.proxy.close(program.id)
            case do.StopContainer():
                await self._stop(program)
                return on.StopCompleted(program.epoch)
            case do.RemoveContainer():
                await self._remove_containers(program)
            case do.DeleteProgram():
                await self._delete(program)
                return on.DeletionCompleted(program.epoch)
            case _:
                assert_never(effect)
        return None

    async def _build(self, program: Program) -> Result:
        services = self._services
        log = services.storage.log(program.id, LogKind.BUILD)
        await log.start()

        is_kept, number = True, 0

        def output(line: str) -> None:
            nonlocal is_kept, number
            number += 1
            try:
                if is_kept:
                    log.append([line])
            except OSError as error:  # of this program's disk, while other programs may share the build
                is_kept = False
                _log.warning("build log not kept", program_id=str(program.id), error=str(error))
            services.event_bus.publish(program.id, services.clock.now(), BuildLine(line, number))

        spec = await services.storage.read_sources(program.id)
        limit = services.limits.build
        image_id = await services.images.ensure(BuildRequest(spec, limit), program.user_id, output)
        return on.BuildSucceeded(program.epoch, image_id)

    async def _start(self, program: Program, attempt: int) -> Result:
        assert program.image_id is not None, "the reducer starts only what is built"
        services = self._services
        try:
            container_id = await self._create(program, program.image_id)
        except ImageNotFound:
            return on.ImageMissing(program.epoch)
        try:
            endpoint = await self._engine("starting", program, services.runtime.start(container_id))
        except PortHeld as held:
            await self._engine("removing", program, services.runtime.remove(container_id))
            return await self._exchange_port(program, held, attempt)
        return on.ContainerStarted(program.epoch, container_id, endpoint)

    async def _exchange_port(self, program: Program, held: PortHeld, attempt: int) -> Result:
        runtime, leases = self._services.runtime, self._services.port_leases
        if attempt >= PORT_ATTEMPTS or not isinstance(runtime, LocalRuntime):
            raise RuntimeFailure(
                f"program {program.id}: {attempt} publish ports in a row, the last of them {held.port}, are held "
                "by other processes on this machine",
                remedy="free some of 19001-29999",
            ) from held
        published = await self._engine("finding a port for", program, runtime.published_ports())
        following = leases.exchange(program.id, avoiding=published)
        return on.PortExchanged(program.epoch, following, attempt + 1)

    async def _create(self, program: Program, image_id: ImageID) -> ContainerID:
        services = self._services
        spec = ContainerSpec(
            program_id=program.id,
            user_id=program.user_id,
            build_id=program.build_id,
            image_id=image_id,
            state=await services.storage.prepare_state(program.id),
            publish_port=program.publish_port,
            env=program.options.env,
            resources=program.options.resources,
            egress=program.options.egress.within(services.limits.egress),
        )
        try:
            return await self._engine("creating", program, services.runtime.create(spec))
        except AlreadyExists:
            # What an interrupted start, or a kill of the Host, has left behind.
            await self._remove_containers(program)
            return await self._engine("creating", program, services.runtime.create(spec))

    async def _probe(self, program: Program) -> Result:
        clock, limit = self._services.clock, self._services.limits.readiness
        began = clock.monotonic()
        while (elapsed := clock.monotonic() - began) < limit.total_seconds():
            remaining = timedelta(seconds=limit.total_seconds() - elapsed)
            if await self._services.proxy.probe(endpoint_of(program), min(PROBE_TIMEOUT, remaining)):
                return on.ReadinessReached(program.epoch)
            await clock.sleep(probe_interval(elapsed))
        reason = f"no HTTP answer on port 8080 within {limit.total_seconds():g} s of its start"
        assert program.container_id is not None, "the reducer probes only what has started"
        tail = await log_tail(self._services, program.id, program.container_id)
        return on.ReadinessDeadlinePassed(program.epoch, with_last_words(reason, tail))

    async def _watch(self, program: Program) -> Result:
        assert program.container_id is not None, "the reducer watches only what has started"
        while True:
            try:
                exit_reason = await self._services.runtime.wait(program.container_id)
            except ContainerNotFound:
                return on.Exited(program.epoch, ExitReason(ExitKind.ENGINE_LOST))
            except EngineUnavailable as error:
                _log.warning("engine lost while watching", program_id=str(program.id), error=str(error))
                await self._services.clock.sleep(ENGINE_RETRY_DELAY)
            else:
                tail = await log_tail(self._services, program.id, program.container_id)
                return on.Exited(program.epoch, exit_reason, tail)

    async def _stop(self, program: Program) -> None:
        grace = self._services.limits.stop_grace
        runtime = self._services.runtime
        for container in await self._engine("finding", program, runtime.list_owned(program.id)):
            stopping = runtime.stop(container.container_id, grace)
            with suppress(ContainerNotFound):  # somebody else has removed it meanwhile
                await self._engine("stopping", program, stopping, extra=grace)
        await self._remove_containers(program)

    async def _remove_containers(self, program: Program) -> None:
        runtime = self._services.runtime
        for container in await self._engine("finding", program, runtime.list_owned(program.id)):
            try:
                keeping = self._services.log_archive.keep(program.id, container.container_id)
                await self._engine("keeping the logs of", program, keeping)
            except (HershyError, OSError) as error:
                _log.warning("logs not kept", program_id=str(program.id), error=str(error))
            await self._engine("removing", program, runtime.remove(container.container_id))

    async def _delete(self, program: Program) -> None:
        services = self._services
        await self._stop(program)
        try:
            await self._engine(
                "discarding the image of",
                program,
                services.images.discard_if_unused(program.build_id, program.id),
            )
        except RuntimeFailure as error:
            # A container still uses it: of another Host on this machine, or of a program that is being deleted too.
            _log.warning("image kept", program_id=str(program.id), error=str(error))
        await services.storage.delete(program.id)

    async def _engine(
        self, doing: str, program: Program, call: Coroutine[Any, Any, T], extra: timedelta = timedelta()
    ) -> T:
        limits = self._services.limits
        return await within(self._services.clock, limits.engine + extra, f"{doing} {program.id}", call)


def probe_interval(elapsed_s: float) -> timedelta:
    """5 % of the time waited so far, so that readiness is seen that much late at most; 5 ms to 250 ms."""
    return timedelta(seconds=min(0.25, max(0.005, elapsed_s * 0.05)))
