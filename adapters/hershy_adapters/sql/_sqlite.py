"""A SQLite file: durable at each commit, readers and the writer not waiting for each other."""

import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ._engines import READERS, Engines

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def sqlite_engines(path: Path, deadline: timedelta) -> Engines:
    """The file is made when missing, for its owner's eyes alone.

    Nothing in the process may open it, or ``-wal`` or ``-shm`` beside it, other than through SQLite: when a process
    closes any descriptor of a file, the kernel drops all its locks on the file, those of SQLite included. The next
    process that comes and goes takes itself for the last one then, and deletes the log under the running Host.
    """
    file = Path(os.path.realpath(path))

    def prepare() -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.mknod(file, 0o600)  # unlike open(), it makes the file without a descriptor that would have to be closed

    writer = _engine(file, deadline, connections=1)
    # At once the writer's: a transaction that begins by reading can be refused when it goes on to write.
    event.listen(writer.sync_engine, "begin", _begin_immediate)
    return Engines(
        writer=writer,
        reader=_engine(file, deadline, connections=READERS),
        name=f"the database {path}",
        remedy="is there space on its disk, may this process write it, and does nobody else hold it?",
        prepare=prepare,
        file=file,
    )


def _engine(path: Path, deadline: timedelta, connections: int) -> AsyncEngine:
    # Others who hold the file are waited for, but for less than the deadline, so that SQLite can say what is wrong.
    patience_s = deadline.total_seconds() / 2
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # No isolation level: Python's sqlite3 begins no transactions by itself then, and each read is one of its own.
        connect_args={"timeout": patience_s, "isolation_level": None},
        pool_size=connections,
        max_overflow=0,
        pool_timeout=deadline.total_seconds(),
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _configure)
    engine.sync_engine.dialect.do_terminate = _terminate  # type: ignore[method-assign,assignment]
    return engine


def _configure(connection: DBAPIConnection, _record: Any) -> None:
    try:
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
    except BaseException:
        connection.close()  # nobody else knows of it yet
        raise


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _terminate(connection: DBAPIConnection) -> None:
    """Give up a connection whose thread may hang: it is closed when the thread comes back.

    SQLAlchemy would wait for a graceful close, which waits for the thread.
    """
    connection.driver_connection.stop()
