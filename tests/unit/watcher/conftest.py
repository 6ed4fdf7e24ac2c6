"""What several of these tests hold back until they let it go."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from hershy.watcher.testing import settle


@pytest.fixture
async def gate() -> AsyncIterator[asyncio.Event]:
    """Opened in the end, also of a test that failed: what ignores its cancellation would keep the event loop alive."""
    event = asyncio.Event()
    yield event
    event.set()
    await settle()
