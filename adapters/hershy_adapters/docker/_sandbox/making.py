"""Makes a sandbox and brings it to where it waits for its job."""

import asyncio
import secrets
from typing import Any

from hershy.core.ids import ContainerID
from hershy.errors import ContractViolation, HershyError, ImageNotFound, RuntimeFailure

from .._container.inherited import InheritedConfig
from .._container.policy import ContainerPolicy, ImageFacts
from .._container.removal import remove_container
from .._engine import ANSWER_TIMEOUT_S, Engine
from .._errors import is_unknown_runtime, translated
from .config import NAME_PREFIX, NEEDS, Shape, create_config, differences
from .container import Container
from .disposal import Disposal


class Maker:
    """``remedy`` says what to do when the engine does not know the policy's runtime."""

    def __init__(self, engine: Engine, policy: ContainerPolicy, remedy: str, disposal: Disposal) -> None:
        self._engine = engine
        self._disposal = disposal
        self._images = InheritedConfig(engine)
        self._policy = policy
        self._remedy = remedy

    async def make(self, shape: Shape) -> Container:
        """A sandbox that waits for its job, its contract verified. Failed, it leaves nothing behind.

        Not to be cancelled: the engine finishes what it was asked for, whether or not somebody listens. Raises
        ImageNotFound, RuntimeFailure, ContractViolation, EngineUnavailable.
        """
        try:
            image_id, facts = await self._images.named(shape.image)
        except ImageNotFound as error:
            raise ImageNotFound(shape.image, remedy=f"the engine must have it: 'docker pull {shape.image}'") from error
        container_id = await self._create(shape, str(image_id), facts)
        starting = asyncio.ensure_future(self._start(container_id, shape))
        try:
            await self._verify(container_id, shape, facts)
            return await starting
        except BaseException:
            await self._undo(container_id, starting)
            raise

    async def _undo(self, container_id: ContainerID, starting: asyncio.Future[Container]) -> None:
        starting.cancel()
        await asyncio.wait({starting})
        if not starting.cancelled() and starting.exception() is None:
            await starting.result().detach()
        try:
            await remove_container(self._engine, container_id)
        except HershyError:
            self._disposal.dispose_of_id(container_id)  # which does not give up easily

    async def _create(self, shape: Shape, image_id: str, facts: ImageFacts) -> ContainerID:
        name = f"{NAME_PREFIX}{secrets.token_hex(8)}"
        config = {**create_config(shape, facts, self._policy), "Image": image_id}
        try:
            with translated("creating", name):
                made = await self._engine.client.containers.create(config, name=name)
        except RuntimeFailure as error:
            if is_unknown_runtime(error):
                raise RuntimeFailure(error.explanation, remedy=self._remedy) from error
            raise
        return ContainerID(made.id)

    async def _start(self, container_id: ContainerID, shape: Shape) -> Container:
        raw = self._engine.client.containers.container(str(container_id))
        stream = raw.attach(stdin=True, stdout=True, stderr=True)
        with translated("attaching to", container_id):
            async with asyncio.timeout(ANSWER_TIMEOUT_S):  # the client's own waits for ever
                await stream.__aenter__()
        container = Container(self._engine, container_id, stream, shape, self._policy)
        try:
            with translated("starting", container_id):
                await raw.start()
            await container.ready()
        except RuntimeFailure as error:
            await container.detach()
            raise RuntimeFailure(error.explanation, remedy=NEEDS[shape.bootstrap]) from error
        except BaseException:
            await container.detach()
            raise
        return container

    async def _verify(self, container_id: ContainerID, shape: Shape, facts: ImageFacts) -> None:
        with translated("inspecting", container_id):
            account: dict[str, Any] = await self._engine.client.containers.container(str(container_id)).show()
        found = differences(account, shape, facts, self._policy)
        if found:
            listed = "; ".join(str(difference) for difference in found)
            raise ContractViolation(f"sandbox {container_id} breaks the security contract: {listed}")
