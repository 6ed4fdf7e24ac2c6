"""What containers would take over from their images, asked once per image."""

import posixpath
from collections import OrderedDict

from hershy.core.ids import ImageID
from hershy.errors import RuntimeFailure

from .._engine import Engine
from .._errors import translated
from .policy import Config, ImageFacts

MAX_REMEMBERED = 1000


class InheritedConfig:
    """An image's id stands for its content, so what was asked once stays true."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._facts: OrderedDict[ImageID, ImageFacts] = OrderedDict()

    async def facts(self, image_id: ImageID) -> ImageFacts:
        """Raises ImageNotFound for an image that was not there when first asked for."""
        facts = self._facts.get(image_id)
        if facts is None:
            _, facts = await self.named(str(image_id))
            self._facts[image_id] = facts
            if len(self._facts) > MAX_REMEMBERED:
                self._facts.popitem(last=False)
        return facts

    async def named(self, name: str) -> tuple[ImageID, ImageFacts]:
        """The image that has the name now. Raises ImageNotFound."""
        with translated("inspecting the image", name):
            account = await self._engine.client.images.inspect(name)
        config = account.get("Config") or {}
        return ImageID(account["Id"]), facts_of(config)


def facts_of(config: Config) -> ImageFacts:
    """Of an image's configuration, with its paths as the engine means them: it cleans them before it mounts anything.

    Raises RuntimeFailure for a volume that could not be mounted over.
    """
    volumes = dict.fromkeys(_volume(it) for it in config.get("Volumes") or ())
    return ImageFacts(config.get("User") or "", tuple(volumes), _cleaned(config.get("WorkingDir") or "/"))


def _volume(written: str) -> str:
    place = _cleaned(written)
    if not place.startswith("/") or place == "/":
        raise RuntimeFailure(
            f"the image declares VOLUME {written!r:.80}, which is no place below /",
            remedy="write the volume's absolute path, or leave the instruction out",
        )
    return place


def _cleaned(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned
