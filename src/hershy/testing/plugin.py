"""pytest plugin, found by its entry point: fixtures for unit tests without Docker, network or waiting.

Imports are inside the fixtures, so that a test run that uses none of them loads nothing of hershy.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

if TYPE_CHECKING:
    from hershy.application.host import Host

    from .twins import Twins

pytest.register_assert_rewrite("hershy.testing.contracts")


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
