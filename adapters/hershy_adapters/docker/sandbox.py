"""DockerSandbox: untrusted code in containers of a Docker Engine, by default with runc."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from hershy.core.adapter import AdapterContext
from hershy.core.diagnosis import Requirement
from hershy.core.ids import ContainerID, OwnerID
from hershy.core.log import get_logger
from hershy.errors import HershyError, Unavailable
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import SandboxResult
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE, DEFAULT_POOL_SIZE, Sandbox

from ._container.removal import remove_container
from ._container.seccomp import SeccompProfile, load_profile, own_profile
from ._diagnosis import diagnose
from ._engine import Engine
from ._errors import translated
from ._sandbox.config import OWNER_LABEL, Bootstrap, Shape
from ._sandbox.container import Container
from ._sandbox.disposal import Disposal
from ._sandbox.making import Maker
from ._sandbox.owner_lock import OwnerLock
from ._sandbox.pool import Pool
from ._sandbox.python_image import PythonImage
from .runtime import DockerRuntime

CLOSING_TIMEOUT_S = 30.0

_log = get_logger("hershy.sandbox")


class DockerSandbox(Sandbox):
    """``image`` is what Python code runs in; see ``PythonImage``. ``pool_size`` containers of it are kept warm, for
    jobs that ask for ``limits``, once the first such job has run. ``storage_root`` holds a small file that says who
    owns them.
    """

    runtime_class: ClassVar[type[DockerRuntime]] = DockerRuntime
    """The runtime of programs whose containers are enclosed in the same way."""

    def __init__(
        self,
        engine: Engine,
        storage_root: Path,
        runtime_name: str = "",
        image: str = DEFAULT_IMAGE,
        pool_size: int = DEFAULT_POOL_SIZE,
        limits: SandboxLimits = SandboxLimits(),
        seccomp: SeccompProfile | None = None,
    ) -> None:
        self.runtime = runtime_name or self.runtime_class.usual_name
        self._engine = engine
        self._python = PythonImage(engine, image)
        self._storage_root = storage_root
        self._seccomp = seccomp or own_profile()
        self._usual_limits = limits
        self._pool_size = pool_size
        self._disposal = Disposal(engine)
        self._in_use: set[Container] = set()
        self._under_way = 0
        self._all_ended = asyncio.Event()
        self._all_ended.set()
        self._lease: OwnerLock | None = None
        self._maker: Maker | None = None
        self._pool: Pool | None = None
        self._is_closed = False

    @classmethod
    def of(cls, context: AdapterContext) -> Self:
        return cls(
            Engine.of(context),
            context.storage_root,
            context.adapter_name,
            context.setting("sandbox_image", str),
            context.setting("sandbox_pool_size", int),
            context.setting("sandbox_usual_limits", SandboxLimits),
            load_profile(context.setting("seccomp_profile", str)),
        )

    @property
    def idle(self) -> int:
        return 0 if self._pool is None else self._pool.idle

    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        self._opened()
        self._under_way += 1
        self._all_ended.clear()
        try:
            return await self._run(job, syntax_only=syntax_only)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._all_ended.set()

    async def _run(self, job: SandboxJob, *, syntax_only: bool) -> SandboxResult:
        maker = self._opened()
        pool = self._pool if job.image else await self._pool_of(maker)
        shape = Shape.of(job, self._python.name)
        warm = pool.take() if pool is not None and shape == pool.shape else None
        if warm is not None:
            container = warm
        elif pool is None or shape != pool.shape:
            container = await self._made(maker, shape)
        else:
            with pool.others_first():
                container = await pool.take_next() or await self._made(maker, shape)
        self._in_use.add(container)
        try:
            self._opened()  # it may have been closed meanwhile
            return await container.run(job, was_warm=warm is not None, syntax_only=syntax_only)
        finally:
            self._in_use.discard(container)
            self._disposal.dispose(container)

    async def warm(self) -> None:
        pool = await self._pool_of(self._opened())
        await pool.filled()

    async def reap(self) -> int:
        self._opened()
        assert self._lease is not None
        with self._lease.abandoned() as owners:
            return sum([await self._remove_all_of(owner) for owner in owners])

    async def diagnose(self) -> Sequence[Requirement]:
        findings = list(await diagnose(self._engine, self.runtime, self.runtime_class.remedy))
        if findings[0].ok:
            findings.append(await self._image_finding())
        return findings

    async def aclose(self) -> None:
        self._is_closed = True
        try:
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self._python.aclose()
                if self._pool is not None:
                    await self._pool.aclose()
                await asyncio.gather(*(container.kill() for container in self._in_use))
                await self._all_ended.wait()
                await self._disposal.settled()
                if self._lease is not None:
                    await self._remove_all_of(self._lease.owner)
                    self._lease.release()
        except (HershyError, TimeoutError) as error:
            _log.warning("sandboxes may be left; the next to open some removes them", error=str(error) or "timeout")
        finally:
            await self._disposal.give_up()
            if self._lease is not None:
                self._lease.abandon()
            await self._engine.aclose()

    def _opened(self) -> Maker:
        """On first use, since it leaves a file behind. Raises Unavailable once closed, ConfigurationError."""
        if self._is_closed:
            raise Unavailable("the sandbox is closed")
        if self._maker is None:
            self._lease = OwnerLock(self._storage_root, self._engine.host)
            policy = replace(
                self.runtime_class.policy(self.runtime, self._lease.owner, network=""), seccomp=self._seccomp
            )
            self._maker = Maker(self._engine, policy, self.runtime_class.remedy, self._disposal)
        return self._maker

    async def _pool_of(self, maker: Maker) -> Pool:
        image = await self._python.found()
        self._opened()  # it may have been closed meanwhile
        if self._pool is None:
            shape = Shape.made(image, Bootstrap.PYTHON, self._usual_limits)
            self._pool = Pool(maker, self._disposal, shape, self._pool_size)
        return self._pool

    async def _remove_all_of(self, owner: OwnerID) -> int:
        with translated("listing sandboxes of", owner):
            filters = json.dumps({"label": [f"{OWNER_LABEL}={owner}"]})
            found = await self._engine.client.containers.list(all=True, filters=filters)
        for it in found:
            await remove_container(self._engine, ContainerID(it.id))
        return len(found)

    async def _made(self, maker: Maker, shape: Shape) -> Container:
        making = asyncio.ensure_future(maker.make(shape))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            self._disposal.dispose_of_made(making)
            raise

    async def _image_finding(self) -> Requirement:
        name = self._python.name
        try:
            at_hand = await self._python.at_hand()
        except HershyError as error:
            return Requirement("sandbox image", False, str(error), required=False)
        if at_hand is None:
            detail = f"{name} is not there"
            return Requirement("sandbox image", False, detail, f"docker pull {name}", required=False)
        instead = "" if at_hand == name else f", in place of {name} if that cannot be pulled"
        return Requirement("sandbox image", True, f"{at_hand} is there for Python code{instead}", required=False)


def create(context: AdapterContext) -> DockerSandbox:
    return DockerSandbox.of(context)
