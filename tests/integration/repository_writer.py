"""A process that writes to a repository until it is killed, telling what it has been told is written.

python -m tests.integration.repository_writer <path or URL> [tokens]

With ``tokens`` it also asks for tokens and makes some, as a Host under ``--auth tokens`` does.
"""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hershy.access.authentication import issue
from hershy.core.ids import OwnerID
from hershy.programs.ports.repository import Record
from hershy.testing.contracts._samples import sample_entry, sample_program, sample_record
from hershy_adapters.sql._url import engines_for
from hershy_adapters.sql.repository import DEADLINE, SqlRepository
from hershy_adapters.sql.tokens import SqlTokens

OWNER = OwnerID("0123456789abcdef")
WRITERS = 4


def repository(url: str) -> SqlRepository:
    return SqlRepository(engines_for(url, Path("/nonexistent"), DEADLINE), OWNER)


async def write_for_ever(url: str, with_tokens: bool) -> None:
    target = repository(url)
    writing = [_write(target, number) for number in range(WRITERS)]
    await asyncio.gather(*writing, *([_use_tokens(url)] if with_tokens else []))


async def _use_tokens(url: str) -> None:
    while True:
        tokens = SqlTokens(engines_for(url, Path("/nonexistent"), DEADLINE), OWNER)
        made, _ = await issue(tokens, datetime.now(UTC), None)
        assert made.id in {it.id for it in await tokens.list()}
        await tokens.aclose()


async def _write(target: SqlRepository, number: int) -> None:
    """Register, save a few times, remove, again and again; or go on from where an earlier process was killed."""
    record = next((sample_record(it) for it in await target.list() if it.id == sample_program(number).id), None)
    while True:
        if record is None:
            (record,) = await target.add([sample_record(sample_program(number))])
            _tell(record)
        for _ in range(5):
            changed = replace(record.program, epoch=record.program.epoch + 1)
            record = await target.save(Record(changed, sample_entry(changed, f"epoch {changed.epoch}")))
            _tell(record)
        if record.program.version > 30:
            gone = await target.remove(sample_entry(record.program, "removed", state=None))
            print(gone.program_id, 0, 0, gone.id, flush=True)
            record = None


def _tell(record: Record) -> None:
    print(record.program.id, record.program.version, record.program.epoch, record.entry.id, flush=True)


if __name__ == "__main__":
    asyncio.run(write_for_ever(sys.argv[1], with_tokens=sys.argv[2:] == ["tokens"]))
