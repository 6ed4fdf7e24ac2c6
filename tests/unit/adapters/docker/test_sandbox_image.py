"""Which image Python code runs in, with an engine that has what the test says."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiodocker.exceptions import DockerError

from hershy.errors import ImageNotFound, Unavailable
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE
from hershy_adapters.docker._sandbox.python_image import LOCAL_IMAGE, PythonImage

DEADLINE_S = 10


class FakeImages:
    """``pulls`` are asked for; each waits for ``go`` and brings the image if ``can_pull``."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.pulls: list[str] = []
        self.can_pull = False
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def inspect(self, name: str) -> dict[str, Any]:
        if name not in self.names:
            raise DockerError(404, f"No such image: {name}")
        return {"Id": "sha256:" + "0" * 64}

    async def pull(self, name: str) -> None:
        self.pulls.append(name)
        self.asked.set()
        await self.go.wait()
        if not self.can_pull:
            raise DockerError(500, "no such host")
        self.names.add(name)


@pytest.fixture
def images() -> FakeImages:
    return FakeImages()


def image_of(images: FakeImages, named: str = DEFAULT_IMAGE) -> PythonImage:
    return PythonImage(SimpleNamespace(client=SimpleNamespace(images=images)), named)  # type: ignore[arg-type]


async def test_the_usual_image_is_taken_where_it_is(images: FakeImages) -> None:
    """Nothing is pulled then."""
    images.names = {DEFAULT_IMAGE, LOCAL_IMAGE}
    assert await image_of(images).found() == DEFAULT_IMAGE
    assert images.pulls == []


async def test_the_usual_image_is_pulled_once_for_all_who_wait(images: FakeImages) -> None:
    """A Host that was started as the documents say runs code."""
    images.can_pull = True
    image = image_of(images)
    images.go.clear()
    waiting = [asyncio.create_task(image.found()) for _ in range(3)]
    await asyncio.sleep(0)
    images.go.set()
    async with asyncio.timeout(DEADLINE_S):
        assert await asyncio.gather(*waiting) == [DEFAULT_IMAGE] * 3
    assert images.pulls == [DEFAULT_IMAGE]


async def test_the_local_base_takes_its_place(images: FakeImages, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing can be pulled; that is said once."""
    images.names = {LOCAL_IMAGE}
    image = image_of(images)
    with caplog.at_level(logging.WARNING, "hershy.sandbox"):
        for _ in range(3):
            assert (await image.found(), image.name) == (LOCAL_IMAGE, LOCAL_IMAGE)
    assert images.pulls == [DEFAULT_IMAGE]
    assert len(caplog.records) == 1


async def test_without_any_the_remedy_is_told(images: FakeImages) -> None:
    """A pull is tried once; an image that is brought later is found."""
    image = image_of(images)
    for _ in range(2):
        with pytest.raises(ImageNotFound) as caught:
            await image.found()
        assert f"docker pull {DEFAULT_IMAGE}" in caught.value.remedy
    assert images.pulls == [DEFAULT_IMAGE]
    images.names = {DEFAULT_IMAGE}
    assert await image.found() == DEFAULT_IMAGE


async def test_another_image_is_the_operator_s_affair(images: FakeImages) -> None:
    """It is neither pulled nor replaced."""
    images.names = {LOCAL_IMAGE}
    image = image_of(images, "mine:1")
    assert (await image.found(), await image.at_hand(), images.pulls) == ("mine:1", None, [])


async def test_closing_ends_a_pull(images: FakeImages) -> None:
    """Whoever waits is told so; nobody's task is cancelled for it."""
    image = image_of(images)
    images.go.clear()
    waiting = asyncio.create_task(image.found())
    async with asyncio.timeout(DEADLINE_S):
        await images.asked.wait()
        await image.aclose()
        with pytest.raises(Unavailable, match="closed"):
            await waiting
