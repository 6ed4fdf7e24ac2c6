"""SqlTokens on SQLite."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from hershy.core.ids import OwnerID
from hershy.testing.contracts.tokens import TokensContract, sample_token
from hershy_adapters.sql._sqlite import sqlite_engines
from hershy_adapters.sql.tokens import SqlTokens

from .databases import OWNER, sql

DEADLINE = timedelta(seconds=10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hershy.db"


@pytest.fixture
async def tokens(path: Path) -> AsyncIterator[SqlTokens]:
    tokens = SqlTokens(sqlite_engines(path, DEADLINE), OWNER)
    yield tokens
    await tokens.aclose()


class TestSqlTokensOnSqlite(TokensContract):
    """The fixture ``tokens`` is this module's."""


async def test_another_process_finds_it_at_once(tokens: SqlTokens, path: Path) -> None:
    """What one store has written, another on the same database reads next; another Host's tokens it does not."""
    await tokens.list()
    other, stranger = (SqlTokens(sqlite_engines(path, DEADLINE), it) for it in (OWNER, OwnerID("f" * 16)))
    await other.add(sample_token())
    await stranger.add(sample_token())
    await other.aclose()
    assert list(await tokens.list()) == [sample_token()]
    await stranger.revoke(sample_token().id, sample_token().created_at)
    await stranger.aclose()
    assert list(await tokens.list()) == [sample_token()]
    assert sql(path, "SELECT count(*) FROM hershy_tokens") == [(2,)]
