"""Sandboxes are thrown away in the background, whatever the engine says to it at first."""

import asyncio

import pytest

from hershy.core.ids import ContainerID
from hershy.errors import EngineUnavailable
from hershy_adapters.docker._sandbox import disposal as disposal_module
from hershy_adapters.docker._sandbox.disposal import Disposal

SOME = ContainerID("0123456789ab")


class Removal:
    """In place of the engine: fails so many times first."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.tried = 0

    async def __call__(self, engine: object, container_id: ContainerID) -> None:
        self.tried += 1
        if self.tried <= self.failures:
            raise EngineUnavailable("no engine")


def disposal_with(monkeypatch: pytest.MonkeyPatch, removal: Removal, pauses_s: tuple[float, ...]) -> Disposal:
    monkeypatch.setattr(disposal_module, "remove_container", removal)
    monkeypatch.setattr(disposal_module, "RETRIES_S", pauses_s)
    return Disposal(None)  # type: ignore[arg-type] # nothing but the removal uses it


async def test_it_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that is away for a moment costs no container."""
    removal = Removal(failures=2)
    disposal = disposal_with(monkeypatch, removal, (0.0, 0.0, 0.0))
    disposal.dispose_of_id(SOME)
    await disposal.settled()
    assert removal.tried == 3


async def test_it_does_not_try_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left then is found by its label."""
    removal = Removal(failures=100)
    disposal = disposal_with(monkeypatch, removal, (0.0,))
    disposal.dispose_of_id(SOME)
    await disposal.settled()
    assert removal.tried == 2


async def test_giving_up_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the middle of a pause."""
    removal = Removal(failures=100)
    disposal = disposal_with(monkeypatch, removal, (1000.0,))
    disposal.dispose_of_id(SOME)
    async with asyncio.timeout(5):
        await disposal.give_up()
    assert removal.tried <= 1
