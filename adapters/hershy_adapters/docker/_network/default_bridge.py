"""The engine's default bridge, by which build steps reach the network: hershy cannot give them one of its own."""

import asyncio
from http import HTTPStatus
from typing import Any

from aiodocker.exceptions import DockerError

from .._engine import Engine
from .._errors import translated
from .link_local import bridge_of, refuse_link_local

NAME = "bridge"


class DefaultBridge:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_looked_after = False

    async def refuse_link_local(self) -> None:
        """Keep whatever is on this bridge from link-local addresses, as programs are; said in the log where it fails.

        An engine may have no such bridge, and then steps have no network. Raises EngineUnavailable, RuntimeFailure.
        """
        if self._is_looked_after:
            return
        with translated("looking at the network", NAME):
            network = await self._find()
        if network is not None:
            await asyncio.to_thread(refuse_link_local, bridge_of(network))
        self._is_looked_after = True

    async def _find(self) -> dict[str, Any] | None:
        try:
            return await (await self._engine.client.networks.get(NAME)).show()
        except DockerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
