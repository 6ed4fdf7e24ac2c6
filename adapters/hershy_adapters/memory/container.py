"""InMemoryContainer: one container's life, without a process."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, OwnerID, PublishPort
from hershy.errors import RuntimeFailure
from hershy.programs.ports.runtime import (
    ContainerEvent,
    ContainerEventKind,
    ContainerSpec,
    ContainerStats,
    ContainerStatus,
)

from .behaviour import ProgramBehaviour
from .log_buffer import LogBuffer
from .program import InMemoryProgram
from .usage import Meter, Usage

MAX_LOG_LINES = 10_000
SIGTERM_CODE = 143
SIGKILL_CODE = 137


class InMemoryContainer:
    """Created, then running, then ended. Its timers are tasks that end with it. ``publish`` hears of each change.

    ``forwarder``: the runtime that passes on connections to it, if it has no egress.
    """

    def __init__(
        self,
        container_id: ContainerID,
        owner: OwnerID,
        spec: ContainerSpec,
        clock: Clock,
        publish: Callable[[ContainerEvent], None],
    ) -> None:
        self.id = container_id
        self.owner = owner
        self.spec = spec
        self.logs = LogBuffer(clock, MAX_LOG_LINES)
        self.is_running = False
        self.is_ready = False
        self.program: InMemoryProgram | None = None
        self.behaviour = ProgramBehaviour()
        self.exit_reason: ExitReason | None = None
        self.forwarder: object | None = None
        self._clock = clock
        self._publish = publish
        self._meter = Meter(Usage(), clock.now())
        self._ended = asyncio.Event()
        self._timers: set[asyncio.Task[None]] = set()
        self._stops: set[asyncio.Task[None]] = set()

    @property
    def publish_port(self) -> PublishPort | None:
        return self.spec.publish_port

    @property
    def was_started(self) -> bool:
        return self.program is not None

    def status(self, endpoint: Endpoint | None) -> ContainerStatus:
        return ContainerStatus(
            container_id=self.id,
            program_id=self.spec.program_id,
            is_running=self.is_running,
            image_id=self.spec.image_id,
            endpoint=endpoint,
            publish_port=self.publish_port,
            exit_reason=self.exit_reason,
            egress=self.spec.egress,
        )

    def stats(self) -> ContainerStats:
        """Raises RuntimeFailure when it does not run."""
        if not self.is_running:
            raise RuntimeFailure(f"reading the statistics of {self.id}: it does not run")
        now, usage = self._clock.now(), self._meter.usage
        return ContainerStats(
            at=now,
            cpu_seconds=self._meter.cpu_seconds(now),
            memory_bytes=usage.memory_bytes,
            memory_limit_bytes=self.spec.resources.memory_bytes,
            pids=usage.pids,
            network_rx_bytes=usage.network_rx_bytes,
            network_tx_bytes=usage.network_tx_bytes,
        )

    def use(self, usage: Usage) -> None:
        """Statistics say so from now on, until the next start."""
        self._meter.change(usage, self._clock.now())

    def announce(self, kind: ContainerEventKind) -> None:
        self._publish(ContainerEvent(self.spec.program_id, self.id, kind, self._clock.now()))

    def run(self, behaviour: ProgramBehaviour) -> None:
        """The process begins. A container that has ended runs once more, as an engine would have it."""
        self.behaviour = behaviour
        self.is_running = True
        self.exit_reason = None
        self._ended = asyncio.Event()
        self._meter = Meter(behaviour.usage, self._clock.now())
        self.logs.open()
        self.announce(ContainerEventKind.STARTED)
        self.program = InMemoryProgram(self.spec.program_id, self._clock, self.spec.env, on_log=self.logs.write)
        if behaviour.prepare is not None:
            behaviour.prepare(self.program)
        for stream, text in behaviour.output:
            self.logs.write(stream, text)
        if behaviour.ready_after is not None:
            _kept(self._timers, self._become_ready(behaviour.ready_after))
        if behaviour.eats_memory:
            self.end(ExitReason.from_status(SIGKILL_CODE, out_of_memory=True))
            return
        if behaviour.exit_after is not None:
            _kept(self._timers, self._exit_after(behaviour.exit_after, behaviour.exit_code))

    def end(self, reason: ExitReason) -> None:
        """The process ends; later ends change nothing."""
        if not self.is_running:
            return
        self.is_running = self.is_ready = False
        self.forwarder = None
        self.exit_reason = reason
        self.logs.close()
        self._ended.set()
        if reason.kind is ExitKind.OUT_OF_MEMORY:
            self.announce(ContainerEventKind.OUT_OF_MEMORY)
        self.announce(ContainerEventKind.EXITED)
        for timer in self._timers:
            timer.cancel()

    async def stop(self, grace: timedelta) -> None:
        """SIGTERM, grace, SIGKILL; goes on to its end when the caller is cancelled."""
        if self.is_running:
            await asyncio.shield(_kept(self._stops, self._stop(grace)))

    async def wait(self) -> ExitReason:
        await self._ended.wait()
        return self.exit_reason or ExitReason(ExitKind.ENGINE_LOST)

    async def _stop(self, grace: timedelta) -> None:
        stop_time = self.behaviour.stop_time
        is_in_time = not self.behaviour.ignores_sigterm and stop_time <= grace
        async with asyncio.TaskGroup() as race:
            delay = race.create_task(self._clock.sleep(stop_time if is_in_time else grace))
            ended = race.create_task(self._ended.wait())
            await asyncio.wait({delay, ended}, return_when=asyncio.FIRST_COMPLETED)
            delay.cancel()
            ended.cancel()
        self.end(ExitReason.from_status(SIGTERM_CODE if is_in_time else SIGKILL_CODE))

    async def _become_ready(self, delay: timedelta) -> None:
        await self._clock.sleep(delay)
        self.is_ready = True

    async def _exit_after(self, delay: timedelta, code: int) -> None:
        await self._clock.sleep(delay)
        self.end(ExitReason.from_status(code))


def _kept(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Start ``work``; the event loop alone would keep a weak reference only."""
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return task
