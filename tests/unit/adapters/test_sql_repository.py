"""SqlRepository on a SQLite file."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from hershy.domain.ids import OwnerID
from hershy.testing.contracts.repository import RepositoryContract
from hershy_adapters.sql._sqlite import sqlite_engines
from hershy_adapters.sql.repository import SqlRepository

OWNER = OwnerID("0123456789abcdef")


class TestSqlRepositoryOnSqlite(RepositoryContract):
    @pytest_asyncio.fixture
    async def repository(self, tmp_path: Path) -> AsyncIterator[SqlRepository]:
        repository = SqlRepository(sqlite_engines(tmp_path / "hershy.db", timedelta(seconds=10)), OWNER)
        yield repository
        await repository.aclose()
