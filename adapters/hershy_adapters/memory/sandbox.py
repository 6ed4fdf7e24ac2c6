"""InMemorySandbox: runs in sandboxes that behave, without an engine. No code is ever executed."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.errors import EngineUnavailable, ImageNotFound, Unavailable
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE, DEFAULT_POOL_SIZE, Sandbox

from .sandbox_run import ScriptedRun
from .sandbox_script import Step, Steps, checked

STARTING = timedelta(milliseconds=100)
"""What it takes to make a container."""
_REMEMBERED = 1_000

Which = str | Sequence[str] | Callable[[SandboxJob], bool]
"""A job's code, a job's command, or whether a script is for that job."""


class InMemorySandbox(Sandbox):
    """Code does what ``script`` says of it; without a script it is checked for its syntax, and has nothing to say.
    A command without a script has nothing to say either. All limits are kept to, on ``clock``.

    ``ran`` holds the latest jobs that were run, the last one last, without those only looked at for their syntax.
    ``is_down``: the engine does not answer. ``abandoned``: how many containers of dead processes ``reap`` will find.
    """

    runtime = "memory"

    def __init__(
        self,
        clock: Clock,
        pool_size: int = DEFAULT_POOL_SIZE,
        limits: SandboxLimits = SandboxLimits(),
        image: str = DEFAULT_IMAGE,
    ) -> None:
        self.ran: deque[SandboxJob] = deque(maxlen=_REMEMBERED)
        self.is_down = False
        self.abandoned = 0
        self._clock = clock
        self._pool_size = pool_size
        self._image = image
        self._warm_shape = _shape(limits)
        self._scripts: list[tuple[Callable[[SandboxJob], bool], Steps]] = []
        self._missing: set[str] = set()
        self._idle = self._in_use = 0
        self._all_ended = asyncio.Event()
        self._all_ended.set()
        self._filling: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[SandboxResult]] = set()
        self._is_closed = False

    def script(self, which: Which, steps: Iterable[Step]) -> None:
        """Decide what jobs do from now on: those of this code, this command, or for which ``which`` says so.

        The latest script that fits a job counts. Raises InvalidValue, naming the step, for a script that cannot be.
        """
        self._scripts.insert(0, (_chooser(which), checked(steps)))

    def forget_image(self, name: str) -> None:
        """The engine does not have this image from now on; it has all others."""
        self._missing.add(name)

    @property
    def idle(self) -> int:
        return self._idle

    @property
    def containers(self) -> int:
        """All there are: waiting, in the making, and running something."""
        return self._idle + self._in_use + (self._filling is not None)

    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        self._require_open()
        self._require_image(job.image or self._image)
        was_warm = self._take_warm(job)
        self._in_use += 1
        self._all_ended.clear()
        try:
            if not was_warm:
                await self._clock.sleep(STARTING)
                self._require_open()
            result = await self._run(job, syntax_only=syntax_only)
        finally:
            self._in_use -= 1
            if not self._in_use:
                self._all_ended.set()
        return replace(result, was_warm=was_warm, runtime=self.runtime)

    async def warm(self) -> None:
        self._require_open()
        self._require_image(self._image)
        self._fill()
        if self._filling is not None:
            await asyncio.wait({self._filling})
            self._require_open()

    async def reap(self) -> int:
        self._require_open()
        found, self.abandoned = self.abandoned, 0
        return found

    async def diagnose(self) -> Sequence[Requirement]:
        return [Requirement("sandbox memory", True, "nothing is executed: what code does is told by scripts")]

    async def aclose(self) -> None:
        self._is_closed = True
        for task in (*self._under_way, self._filling):
            if task is not None:
                task.cancel()
        await self._all_ended.wait()
        self._filling = None
        self._idle = 0

    async def _run(self, job: SandboxJob, *, syntax_only: bool) -> SandboxResult:
        run = ScriptedRun(job, self._clock)
        performing = asyncio.create_task(self._performed(run, job, syntax_only=syntax_only))
        self._under_way.add(performing)
        try:
            return await performing
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if not self._is_closed or caller is None or caller.cancelling():
                raise
            return run.killed()
        finally:
            self._under_way.discard(performing)

    async def _performed(self, run: ScriptedRun, job: SandboxJob, *, syntax_only: bool) -> SandboxResult:
        if syntax_only:
            return run.check_syntax() or await run.perform(())
        self.ran.append(job)
        steps = next((steps for fits, steps in self._scripts if fits(job)), None)
        if steps is None and job.code is not None and (wrong := run.check_syntax()) is not None:
            return wrong
        return await run.perform(steps or ())

    def _take_warm(self, job: SandboxJob) -> bool:
        if job.image not in ("", self._image) or _shape(job.limits) != self._warm_shape:
            return False
        is_warm = self._idle > 0
        self._idle -= is_warm
        self._fill()
        return is_warm

    def _fill(self) -> None:
        if self._filling is None and self._idle < self._pool_size:
            self._filling = asyncio.create_task(self._fill_up())

    async def _fill_up(self) -> None:
        try:
            while self._idle < self._pool_size:
                await self._clock.sleep(STARTING)
                self._idle += 1
        finally:
            self._filling = None

    def _require_open(self) -> None:
        if self._is_closed:
            raise Unavailable("the sandbox is closed")
        if self.is_down:
            raise EngineUnavailable("the engine of the sandbox does not answer: is_down says so")

    def _require_image(self, name: str) -> None:
        if name in self._missing:
            raise ImageNotFound(f"{name}; forget_image says so")


def _chooser(which: Which) -> Callable[[SandboxJob], bool]:
    if callable(which):
        return which
    if isinstance(which, str):
        return lambda job: job.code == which
    command = tuple(which)
    return lambda job: job.command == command


def _shape(limits: SandboxLimits) -> SandboxLimits:
    """What is settled when a container is made; the rest can differ from job to job."""
    usual = SandboxLimits()
    return replace(limits, timeout=usual.timeout, output_bytes=usual.output_bytes, files_bytes=usual.files_bytes)


def create(context: AdapterContext) -> InMemorySandbox:
    return InMemorySandbox(
        context.clock,
        context.setting("sandbox_pool_size", int),
        context.setting("sandbox_usual_limits", SandboxLimits),
        context.setting("sandbox_image", str),
    )
