"""DockerBuilder: images built by a Docker Engine, with BuildKit where it can be had.

A failed or cancelled build leaves nothing but the engine's own layer cache.
"""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hershy.builds.builder import Builder, BuildOutput, BuildRequest
from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.ids import BuildID, ImageID
from hershy.errors import (
    BuildError,
    ConfigurationError,
    EngineUnavailable,
    ImageNotFound,
    InvalidValue,
    RuntimeFailure,
)
from hershy_adapters._names import image_name
from hershy_adapters._shared_build import SharedBuilds, taken

from ._build.buildx import Buildx, find_buildx
from ._build.cache import trim_build_cache
from ._build.cgroup import BuildCgroup
from ._build.classic import ClassicBuild
from ._build.context import pack_context
from ._build.step_limits import StepLimits
from ._container.hardening import BUILD_LABEL, DIGEST_LABEL
from ._diagnosis import ask_engine
from ._engine import Engine
from ._errors import translated
from ._network.default_bridge import DefaultBridge

BUILDKIT_CHOICES = ("auto", "never")


class DockerBuilder(Builder):
    """``buildkit``: ``auto`` uses ``docker-buildx`` where it is installed, the engine has BuildKit and the limits of
    the policy can be put on it, and the classic builder elsewhere; ``never`` always uses the classic builder.
    ``cgroup`` names the control group of the steps. ``scratch``: see Buildx.
    """

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        buildkit: str = "auto",
        cgroup: str = "hershy-builds",
        scratch: Path | None = None,
    ) -> None:
        if buildkit not in BUILDKIT_CHOICES:
            raise ConfigurationError(
                f"docker_buildkit is {buildkit!r}", remedy=f"use one of {', '.join(BUILDKIT_CHOICES)}"
            )
        self._engine = engine
        self._buildkit = buildkit
        self._scratch = scratch
        self._buildx: Buildx | None = None
        self._step_limits = StepLimits(engine, BuildCgroup(cgroup))
        self._default_bridge = DefaultBridge(engine)
        self._shared = SharedBuilds(clock)

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        return await self._shared.run(request, output, partial(self._find_or_make, request))

    async def find(self, build_id: BuildID) -> ImageID | None:
        image = await self._inspect(build_id)
        return None if image is None else ImageID(image["Id"])

    async def remove(self, build_id: BuildID) -> None:
        name = image_name(build_id)
        with suppress(ImageNotFound), translated("removing image", name):
            await self._engine.client.images.delete(name)

    async def trim_cache(self, most_bytes: int, unused_for: timedelta) -> int:
        return await trim_build_cache(self._engine, most_bytes, unused_for)

    async def diagnose(self) -> Sequence[Requirement]:
        answers, _ = await ask_engine(self._engine)
        return [answers, await self._diagnose_buildkit(), await self._step_limits.diagnose()]

    async def aclose(self) -> None:
        try:
            await self._shared.aclose()
        finally:
            try:
                await self._step_limits.aclose()
            finally:
                await self._engine.aclose()

    async def _find_or_make(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        build_id, digest = request.spec.build_id, request.spec.digest
        image = await self._inspect(build_id)
        if image is not None and (label := _digest_of(image)) is not None:  # those of older versions have none
            if label != digest:
                raise taken(build_id)
            output(f"{image_name(build_id)} exists and is not built again")
            return ImageID(image["Id"])
        try:
            await self._make(request, output)
            return await self._made(build_id, digest, request.policy)
        except BaseException:
            await self._drop(build_id, digest)
            raise

    async def _make(self, request: BuildRequest, output: BuildOutput) -> None:
        spec, policy = request.spec, request.policy
        context = await asyncio.to_thread(pack_context, spec)
        if len(context) > policy.max_context_bytes:
            raise BuildError(f"a build context of {len(context)} bytes; at most {policy.max_context_bytes}")
        if policy.allow_network and not policy.allow_link_local:
            await self._default_bridge.refuse_link_local()
        name, labels = image_name(spec.build_id), _labels(spec)
        parent = await self._step_limits.parent(policy)
        buildx = await self._usable_buildx()
        if buildx is None or (policy.limits_steps and parent is None):
            await self._make_classic(request, context, parent, output)
            return
        try:
            await buildx.build(request, context, name, labels, parent, output)
        except BuildError as error:
            # docker-buildx fails alike for a broken step and a broken engine; the engine itself tells which.
            try:
                await self.find(spec.build_id)
            except EngineUnavailable as unavailable:
                raise unavailable from error
            raise

    async def _make_classic(
        self, request: BuildRequest, context: bytes, parent: str | None, output: BuildOutput
    ) -> None:
        spec = request.spec
        try:
            request.policy.require_no_ids(spec)
        except InvalidValue as error:
            raise BuildError(str(error)) from error
        await ClassicBuild(self._engine, spec, output, request.policy, parent).run(
            context, image_name(spec.build_id), _labels(spec)
        )

    async def _made(self, build_id: BuildID, digest: str, policy: BuildPolicy) -> ImageID:
        image = await self._inspect(build_id)
        if image is None:
            raise BuildError("the engine has no image after a build without an error")
        if _digest_of(image) != digest:  # another Host of this engine has tagged its own meanwhile
            raise taken(build_id)
        if image["Size"] > policy.max_image_bytes:
            raise BuildError(
                f"the image has {image['Size']} bytes; at most {policy.max_image_bytes}, its base "
                "included. Start from a smaller base or leave build tools behind in a stage of their own"
            )
        return ImageID(image["Id"])

    async def _drop(self, build_id: BuildID, digest: str) -> None:
        # The error at hand matters more than one met while cleaning up after it.
        with suppress(EngineUnavailable, RuntimeFailure):
            image = await self._inspect(build_id)
            if image is not None and _digest_of(image) == digest:
                await self.remove(build_id)

    async def _inspect(self, build_id: BuildID) -> dict[str, Any] | None:
        name = image_name(build_id)
        try:
            with translated("looking for image", name):
                return await self._engine.client.images.inspect(name)
        except ImageNotFound:
            return None

    async def _usable_buildx(self) -> Buildx | None:
        if self._buildkit == "never" or self._buildx is not None:
            return self._buildx
        binary = find_buildx()
        if binary is None:
            return None
        buildx = Buildx(binary, self._engine.host, self._scratch)
        self._buildx = buildx if await buildx.is_usable() else None
        return self._buildx

    async def _diagnose_buildkit(self) -> Requirement:
        name = "buildkit"
        if self._buildkit == "never":
            return Requirement(name, ok=True, detail="switched off by docker_buildkit=never", required=False)
        buildx = await self._usable_buildx()
        if buildx is not None:
            return Requirement(name, ok=True, detail=f"through {buildx.binary}", required=False)
        detail = "docker-buildx is missing or the engine has no BuildKit; the classic builder is used"
        return Requirement(name, ok=False, detail=detail, remedy="apt-get install -y docker-buildx", required=False)


def _labels(spec: BuildSpec) -> dict[str, str]:
    return {BUILD_LABEL: str(spec.build_id), DIGEST_LABEL: spec.digest}


def _digest_of(image: dict[str, Any]) -> str | None:
    labels = image["Config"].get("Labels") or {}
    return labels.get(DIGEST_LABEL)


def create(context: AdapterContext) -> DockerBuilder:
    buildkit = context.option("docker_buildkit", "auto")
    root = context.storage_root  # which a diagnosis does not make
    scratch = root if os.access(root, os.W_OK) else None
    # Steps can read the name of their control group, and whoever knows an owner's id can write it into labels.
    cgroup = f"hershy-builds-{hashlib.sha256(str(context.owner).encode()).hexdigest()[:16]}"
    return DockerBuilder(Engine.of(context), context.clock, buildkit, cgroup, scratch)
