"""What a database is reached by, whichever it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

READERS = 4
"""Connections that read at once; one more writes."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One connection to write with, a few to read with.

    ``name`` tells the database in messages, without a password; ``remedy`` what to look at when it fails.
    ``prepare`` is called before the first connection; it may raise OSError. ``file`` is where the database is, links
    followed, if it is a file.
    """

    writer: AsyncEngine
    reader: AsyncEngine
    name: str
    remedy: str
    prepare: Callable[[], None]
    file: Path | None = None

    async def dispose(self) -> None:
        try:
            await self.reader.dispose()
        finally:
            await self.writer.dispose()
