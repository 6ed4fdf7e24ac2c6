"""The one bridge network of all programs, over which none reaches another."""

import asyncio
from http import HTTPStatus
from typing import Any

from aiodocker.exceptions import DockerError

from hershy.errors import ContractViolation

from .._engine import Engine
from .._errors import translated
from .link_local import bridge_of, refuse_link_local

INTER_CONTAINER = "com.docker.network.bridge.enable_icc"
_CONFIG: dict[str, Any] = {
    "Driver": "bridge",
    "CheckDuplicate": True,
    "Internal": False,
    "EnableIPv6": False,
    "Options": {INTER_CONTAINER: "false"},
    "Labels": {"hershy.network": "programs"},
}


class ProgramNetwork:
    """Made on demand, verified once, then taken for granted until ``forget``."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine
        self._lock = asyncio.Lock()
        self._is_verified = False

    async def ensure(self) -> None:
        """Return once the network is there and isolates containers.

        Raises ContractViolation when a network of this name does not; it is left as it is.
        """
        if self._is_verified:
            return
        async with self._lock:
            if not self._is_verified:
                with translated("preparing the network", self.name):
                    network = await self._find() or await self._make()
                require_isolation(self.name, network)
                await asyncio.to_thread(refuse_link_local, bridge_of(network))
                self._is_verified = True

    def forget(self) -> None:
        """The engine says that the network has gone: look again next time."""
        self._is_verified = False

    async def _find(self) -> dict[str, Any] | None:
        try:
            network = await self._engine.client.networks.get(self.name)
            return await network.show()
        except DockerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _make(self) -> dict[str, Any]:
        try:
            await self._engine.client.networks.create({"Name": self.name, **_CONFIG})
        except DockerError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            # Another Host was faster; whether its network is a good one is seen below.
        return await self._find() or {}


def require_isolation(name: str, network: dict[str, Any]) -> None:
    """Raise ContractViolation unless containers on ``network``, as the engine inspects it, are kept apart."""
    options = network.get("Options") or {}
    expected = {"Driver": "bridge", "Internal": False, INTER_CONTAINER: "false"}
    found = {
        "Driver": network.get("Driver"),
        "Internal": network.get("Internal"),
        INTER_CONTAINER: options.get(INTER_CONTAINER),
    }
    if found != expected:
        raise ContractViolation(
            f"the network {name} does not keep programs apart: it should have {expected} and has {found}",
            remedy=f"remove it ('docker network rm {name}') and hershy makes it anew",
        )
