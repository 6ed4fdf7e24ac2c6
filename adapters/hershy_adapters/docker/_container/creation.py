"""Makes a container, reads it back, and leaves none behind when that fails or is cancelled."""

import asyncio
from typing import Any

from hershy.core.deadline import ended
from hershy.core.ids import ContainerID
from hershy.core.log import get_logger
from hershy.errors import ContractViolation, HershyError, ImageNotFound, RuntimeFailure
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.security import STATE_MOUNT
from hershy.programs.ports.runtime import ContainerSpec
from hershy_adapters._names import container_name

from .._engine import Engine
from .._errors import is_unknown_runtime, translated
from .._network.bridge import ProgramNetworks
from .._network.resolvers import ResolvConf
from .hardening import create_config
from .inherited import InheritedConfig
from .places import is_below
from .policy import ContainerPolicy, ImageFacts
from .readback import differences
from .removal import remove_container
from .state_folders import make_folder

_log = get_logger("hershy.docker")


class Creation:
    """``remedy`` says what to do when the engine does not know the policy's runtime."""

    def __init__(
        self,
        engine: Engine,
        images: InheritedConfig,
        networks: ProgramNetworks,
        policy: ContainerPolicy,
        remedy: str,
        resolv_conf: ResolvConf | None = None,
    ) -> None:
        self._engine = engine
        self._images = images
        self._networks = networks
        self._policy = policy
        self._remedy = remedy
        self._resolv_conf = resolv_conf

    async def create(self, spec: ContainerSpec) -> ContainerID:
        """As the port's ``create``."""
        making = asyncio.ensure_future(self._make(spec))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            await ended(asyncio.ensure_future(self._undo(making)))
            raise

    async def _make(self, spec: ContainerSpec) -> ContainerID:
        if spec.egress is Egress.OPEN:
            await self._networks.ensure(self._policy.network_of(spec))
            if self._resolv_conf is not None:
                self._resolv_conf.write()
        image = await self._images.facts(spec.image_id)
        await _prepare_working_dir(spec, image)
        container_id = await self._post(spec, image)
        try:
            await self._verify(container_id, spec, image)
        except Exception:
            await self._discard(container_id)
            raise
        return container_id

    async def _post(self, spec: ContainerSpec, image: ImageFacts) -> ContainerID:
        name, config = container_name(spec.program_id), create_config(spec, image, self._policy)
        try:
            with translated("creating", name):
                container = await self._engine.client.containers.create(config, name=name)
        except ImageNotFound as error:
            raise ImageNotFound(spec.image_id) from error
        except RuntimeFailure as error:
            if is_unknown_runtime(error):
                raise RuntimeFailure(error.explanation, remedy=self._remedy) from error
            raise
        return ContainerID(container.id)

    async def _verify(self, container_id: ContainerID, spec: ContainerSpec, image: ImageFacts) -> None:
        with translated("inspecting", container_id):
            account: dict[str, Any] = await self._engine.client.containers.container(str(container_id)).show()
        found = differences(account, spec, image, self._policy)
        if found:
            listed = "; ".join(str(difference) for difference in found)
            raise ContractViolation(
                f"container {container_name(spec.program_id)} breaks the security contract: {listed}"
            )

    async def _undo(self, making: asyncio.Future[ContainerID]) -> None:
        """The engine finishes what it was asked for, whether or not somebody listens."""
        await self._discard(await making)

    async def _discard(self, container_id: ContainerID) -> None:
        try:
            await remove_container(self._engine, container_id)
        except HershyError as error:
            _log.warning("container left behind", container_id=str(container_id), error=str(error))


async def _prepare_working_dir(spec: ContainerSpec, image: ImageFacts) -> None:
    if not is_below(image.working_dir, STATE_MOUNT):
        return
    inside = image.working_dir.removeprefix(f"{STATE_MOUNT}/")
    try:
        await asyncio.to_thread(make_folder, spec.state.handle, inside)
    except OSError as error:
        raise RuntimeFailure(f"making {image.working_dir} in the state of {spec.program_id}: {error}") from error
