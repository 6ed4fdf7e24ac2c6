"""The contract suites of the smaller ports, on the in-memory twins and on the adapters that need no engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hershy.core.ids import ProgramID
from hershy.programs.ports.storage import StateUsage
from hershy.testing.contracts.clock import ClockContract
from hershy.testing.contracts.event_bus import EventBusContract
from hershy.testing.contracts.repository import RepositoryContract
from hershy.testing.contracts.storage import FillState, StorageContract
from hershy.testing.contracts.tokens import TokensContract
from hershy_adapters.filesystem.storage import FilesystemStorage
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.event_bus import InMemoryEventBus
from hershy_adapters.memory.repository import InMemoryRepository
from hershy_adapters.memory.storage import InMemoryStorage
from hershy_adapters.memory.tokens import InMemoryTokens
from hershy_adapters.system.clock import SystemClock


class TestInMemoryRepository(RepositoryContract):
    @pytest.fixture
    def repository(self) -> InMemoryRepository:
        return InMemoryRepository()


class TestInMemoryTokens(TokensContract):
    @pytest.fixture
    def tokens(self) -> InMemoryTokens:
        return InMemoryTokens()


class TestInMemoryStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> InMemoryStorage:
        return InMemoryStorage()

    @pytest.fixture
    def fill_state(self, storage: InMemoryStorage) -> FillState:
        async def fill(program_id: ProgramID, size: int) -> None:
            storage.states[program_id] = StateUsage(size, 1)

        return fill


class TestFilesystemStorage(StorageContract):
    @pytest_asyncio.fixture
    async def storage(self, tmp_path: Path) -> AsyncIterator[FilesystemStorage]:
        storage = FilesystemStorage(tmp_path / "root")
        await storage.claim()
        yield storage
        await storage.aclose()

    @pytest.fixture
    def fill_state(self, storage: FilesystemStorage) -> FillState:
        async def fill(program_id: ProgramID, size: int) -> None:
            state = Path((await storage.prepare_state(program_id)).handle)
            (state / "data").write_bytes(b"x" * size)

        return fill


class TestVirtualClock(ClockContract):
    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestInMemoryEventBus(EventBusContract):
    @pytest.fixture
    def buffer_size(self) -> int:
        return 5

    @pytest.fixture
    def event_bus(self, buffer_size: int) -> InMemoryEventBus:
        return InMemoryEventBus(buffer_size)
