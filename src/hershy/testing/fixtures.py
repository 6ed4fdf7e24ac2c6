"""The fixtures of the pytest plugin. Imports are inside them: a test run that uses none loads nothing of hershy."""

import inspect
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from hershy.programs.application.host import Host

    from .twins import Twins

FIXTURES = frozenset({"hershy_twins", "hershy_host"})


@pytest_asyncio.fixture
async def hershy_twins() -> "AsyncIterator[Twins]":
    """An open Host on in-memory twins and virtual time, with the twins to make misbehave."""
    from .twins import open_twins

    async with open_twins() as twins:
        yield twins


@pytest_asyncio.fixture
async def hershy_host(hershy_twins: "Twins") -> "Host":
    """An open Host on in-memory twins and virtual time."""
    return hershy_twins.host


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, obj: object) -> None:
    """Run coroutine tests that ask for these fixtures under asyncio, where nothing else was chosen for them.

    So they need neither a mark nor ``asyncio_mode`` in the user's configuration.
    """
    if not inspect.iscoroutinefunction(obj) or collector.get_closest_marker("asyncio") is not None:
        return
    chosen = {mark.name for mark in getattr(obj, "pytestmark", ())}
    if "asyncio" not in chosen and FIXTURES & inspect.signature(obj).parameters.keys():
        pytest.mark.asyncio(obj)
