"""What containers would take over from their images, asked once per image."""

from collections import OrderedDict

from hershy.core.ids import ImageID

from .._engine import Engine
from .._errors import translated
from .policy import ImageFacts

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
        return ImageID(account["Id"]), ImageFacts(config.get("User") or "", tuple(config.get("Volumes") or ()))
