"""The image of Python code. Where the operator has named none it is the usual one, pulled once, or our own base."""

import asyncio

from hershy.core.log import get_logger
from hershy.errors import HershyError, ImageNotFound, Unavailable
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE

from .._container.inherited import InheritedConfig
from .._engine import Engine
from .._errors import translated

LOCAL_IMAGE = "hershy-base-python:local"
"""What ``scripts/base-image.sh`` makes on a machine without a registry."""
PULL_TIMEOUT_S = 120.0

_log = get_logger("hershy.sandbox")


class PythonImage:
    """``named`` is the operator's. Another than the usual one is taken as it is: whether it is there, its use tells."""

    def __init__(self, engine: Engine, named: str) -> None:
        self._engine = engine
        self._images = InheritedConfig(engine)
        self._found = None if named == DEFAULT_IMAGE else named
        self._pull_was_tried = False
        self._looking: asyncio.Task[str] | None = None

    @property
    def name(self) -> str:
        return self._found or DEFAULT_IMAGE

    async def found(self) -> str:
        """Its name, once it is there. Raises ImageNotFound where neither can be had, and EngineUnavailable."""
        if self._found is not None:
            return self._found
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        looking = self._looking
        try:
            return await asyncio.shield(looking)  # others may wait for it too
        except asyncio.CancelledError:
            if looking.cancelled():
                raise Unavailable("the sandbox is closed") from None
            raise

    async def at_hand(self) -> str | None:
        """The one that would be taken, without pulling any; None where there is none. Raises EngineUnavailable."""
        for name in (self.name, *([] if self._found else [LOCAL_IMAGE])):
            if await self._has(name):
                return name
        return None

    async def aclose(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> str:
        if not await self._has(DEFAULT_IMAGE) and not self._pull_was_tried:
            self._pull_was_tried = True
            await self._pull()
        self._found = await self.at_hand()
        if self._found is None:
            raise ImageNotFound(DEFAULT_IMAGE, remedy=f"'docker pull {DEFAULT_IMAGE}', or name another: sandbox_image")
        if self._found != DEFAULT_IMAGE:
            _log.warning("Python code runs in another image", image=self._found, instead_of=DEFAULT_IMAGE)
        return self._found

    async def _pull(self) -> None:
        _log.info("pulling an image for Python code", image=DEFAULT_IMAGE)
        try:
            with translated("pulling", DEFAULT_IMAGE):
                async with asyncio.timeout(PULL_TIMEOUT_S):
                    await self._engine.client.images.pull(DEFAULT_IMAGE)
        except (HershyError, TimeoutError) as error:
            _log.info(
                "it cannot be pulled", image=DEFAULT_IMAGE, error=str(error) or f"not within {PULL_TIMEOUT_S:g} s"
            )

    async def _has(self, name: str) -> bool:
        try:
            await self._images.named(name)
        except ImageNotFound:
            return False
        return True
