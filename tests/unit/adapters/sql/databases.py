"""SQLite files for the tests of SqlRepository, and a look into them that is none of hershy's."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from hershy.core.ids import OwnerID
from hershy_adapters.sql._sqlite import sqlite_engines
from hershy_adapters.sql.repository import SqlRepository

OWNER = OwnerID("0123456789abcdef")


@asynccontextmanager
async def opened(
    path: Path, owner: OwnerID = OWNER, deadline: timedelta = timedelta(seconds=10)
) -> AsyncIterator[SqlRepository]:
    repository = SqlRepository(sqlite_engines(path, deadline), owner, deadline)
    try:
        yield repository
    finally:
        await repository.aclose()


def sql(path: Path, statement: str, *parameters: Any) -> Sequence[Any]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()
