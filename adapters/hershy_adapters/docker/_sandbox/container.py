"""One sandbox: made, waiting for its job, running it once. Throwing it away is ``disposal.py``'s."""

import asyncio
import secrets
from contextlib import suppress

import aiohttp
from aiodocker.exceptions import DockerError
from aiodocker.stream import Stream

from hershy.core.ids import ContainerID
from hershy.errors import EngineUnavailable, HershyError, RuntimeFailure
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

from .._container.policy import ContainerPolicy
from .._engine import ANSWER_TIMEOUT_S as ENGINE_TIMEOUT_S
from .._engine import Engine
from .._errors import translated
from .config import Bootstrap, Shape
from .figures import Used, used_by
from .transcript import Phase, Transcript
from .verdict import RunExit, result_of
from .wire import NONCE_BYTES, for_python, for_shell

READY_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S, COLLECTING_TIMEOUT_S = 0.4, 10.0
"""How long it may take to be told how the code has ended, and to bring back files where some were asked for. Code that
pretends to have ended gains no more than that."""


class Container:
    """``stream`` has been attached before its start, so that nothing it writes is missed."""

    def __init__(
        self, engine: Engine, container_id: ContainerID, stream: Stream, shape: Shape, policy: ContainerPolicy
    ) -> None:
        self.id = container_id
        self.shape = shape
        self._engine = engine
        self._policy = policy
        self._stream = stream
        self._transcript = Transcript()
        self._before: Used | None = None
        self._reading = asyncio.create_task(self._read())

    @property
    def is_waiting(self) -> bool:
        """Whether it lives, and nothing has run in it."""
        return self._transcript.phase is Phase.WAITING

    @property
    def ends_by_itself(self) -> bool:
        """Whether nothing runs in it but the bootstrap, which ends with its input."""
        return self._transcript.phase in (Phase.WAITING, Phase.COMPLETE)

    async def ready(self) -> None:
        """Return once it waits for a job. Raises RuntimeFailure when that does not come."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                phase = await self._transcript.until_not(Phase.STARTING)
        except TimeoutError:
            raise RuntimeFailure(
                f"a sandbox of {self.shape.image} did not start within {READY_TIMEOUT_S:g} s"
            ) from None
        if phase is not Phase.WAITING:
            said = self._transcript.last_words or "it said nothing"
            raise RuntimeFailure(f"a sandbox of {self.shape.image} ended at once: {said}")

    async def measure(self) -> None:
        """Note what it has used so far, which no run shall be charged with."""
        self._before = await used_by(self._engine, self.id)

    async def run(self, job: SandboxJob, *, was_warm: bool, syntax_only: bool) -> SandboxResult:
        """Once. What is left afterwards runs nothing any more, or is about to be killed by whoever disposes of it."""
        loop, nonce = asyncio.get_running_loop(), secrets.token_hex(NONCE_BYTES // 2)
        self._transcript.expect(nonce.encode(), job.limits.output_bytes, job.limits.files_bytes if job.collect else 0)
        measuring = asyncio.create_task(self.measure()) if self._before is None else None
        timed_out = False
        try:
            await self._send(job, nonce, syntax_only=syntax_only)
            began = loop.time()
            try:
                async with asyncio.timeout(job.limits.timeout.total_seconds()):
                    await self._transcript.until_not(Phase.RUNNING)
            except TimeoutError:
                timed_out = True
            elapsed_s = loop.time() - began
            if not timed_out:
                await self._answered(COLLECTING_TIMEOUT_S if job.collect else ANSWER_TIMEOUT_S)
        finally:
            if measuring is not None:
                await asyncio.wait({measuring})
        after = await used_by(self._engine, self.id)
        if timed_out or self._transcript.phase is Phase.OVERFLOWN:
            await self.kill()
        ended = RunExit(job, self._transcript, elapsed_s, self._before, after, timed_out=timed_out, was_warm=was_warm)
        return await result_of(ended, self._engine, self.id, self._policy)

    async def kill(self) -> None:
        """End all that runs in it, now. Whoever disposes of it tries again where that fails."""
        with suppress(HershyError), translated("killing the sandbox", self.id):
            await self._engine.client.containers.container(str(self.id)).kill()

    async def detach(self) -> None:
        """Leave it alone. Its bootstrap takes the end of its input for the end of everything."""
        self._reading.cancel()
        await asyncio.wait({self._reading})
        await self._stream.close()

    async def _send(self, job: SandboxJob, nonce: str, *, syntax_only: bool) -> None:
        match self.shape.bootstrap:
            case Bootstrap.PYTHON:
                said = for_python(job, nonce, syntax_only=syntax_only)
            case Bootstrap.SHELL:
                said = for_shell(job, nonce)
        try:
            async with asyncio.timeout(ENGINE_TIMEOUT_S):
                await self._stream.write_in(said)
        except (OSError, RuntimeError, aiohttp.ClientError):
            self._transcript.end()  # it has ended meanwhile, and how is seen by asking the engine
        except TimeoutError:
            raise EngineUnavailable(f"sending a job to the sandbox {self.id}: nobody takes it") from None

    async def _answered(self, timeout_s: float) -> None:
        """What does not come in time is left out of the result."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._transcript.until_not(Phase.RUNNING, Phase.ANSWERING)

    async def _read(self) -> None:
        try:
            while (frame := await self._stream.read_out()) is not None:
                self._transcript.feed(frame.stream, frame.data)
        except (OSError, aiohttp.ClientError, DockerError):
            pass
        finally:
            self._transcript.end()
