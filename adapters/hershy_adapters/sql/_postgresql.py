"""A PostgreSQL server, reached as asyncpg does: its URLs are libpq's, ``sslmode`` and ``host=/socket`` included."""

from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hershy.errors import ConfigurationError, RepositoryUnavailable

from ._engines import READERS, Engines

_REMEDY = "is the server running, and reachable with database_url from here?"


def postgresql_engines(url: str, deadline: timedelta) -> Engines:
    connect = partial(_connect, url, deadline)
    options: dict[str, Any] = {
        "async_creator": connect,
        "max_overflow": 0,
        "pool_timeout": deadline.total_seconds(),
        "pool_pre_ping": True,  # the first request after a restart of the server is to succeed
        "hide_parameters": True,
    }
    writer: AsyncEngine = create_async_engine("postgresql+asyncpg://", pool_size=1, **options)
    reader: AsyncEngine = create_async_engine(
        "postgresql+asyncpg://", pool_size=READERS, isolation_level="AUTOCOMMIT", **options
    )
    return Engines(writer, reader, name="the PostgreSQL database", remedy=_REMEDY, prepare=lambda: None)


async def _connect(url: str, deadline: timedelta) -> Any:
    """SQLAlchemy does not translate what goes wrong here, since a creator of our own is not its driver."""
    seconds = deadline.total_seconds()
    try:
        return await asyncpg.connect(url, timeout=seconds, command_timeout=seconds)
    except asyncpg.ClientConfigurationError as error:
        raise ConfigurationError(f"database_url: {error}") from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise RepositoryUnavailable(f"connecting to the PostgreSQL database: {error}", remedy=_REMEDY) from error
