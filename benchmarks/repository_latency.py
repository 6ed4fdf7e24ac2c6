"""How long do a repository's writes and reads take?

    python benchmarks/repository_latency.py [--url sqlite:///path | postgresql://…] [--programs 1000] [--saves 2000]

Without a URL: a SQLite file in a fresh folder of the working directory (a temporary folder may lie in memory). Aims on
SQLite: a save's p99 under 5 ms, the list of 1 000 programs under 100 ms. "At once": as many writers as programs are
busy, which wait for each other's turn; the rate is what matters there.
"""

import argparse
import asyncio
import math
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from hershy.core.ids import OwnerID
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.ports.repository import Record
from hershy.testing.contracts._samples import NOW, sample_program, sample_record
from hershy_adapters.sql._url import engines_for
from hershy_adapters.sql.repository import DEADLINE, SqlRepository
from results import note

OPTIONS = ProgramOptions(env={f"VARIABLE_{n}": "value" * 4 for n in range(10)}, labels={"team": "7", "kind": "bot"})
LIST_ROUNDS = 10


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


def report(what: str, seconds: Sequence[float], limit_ms: float = 0) -> None:
    ordered = sorted(seconds)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    if limit_ms:
        note(f"{what} in the repository, p99", p99 * 1e3, limit_ms, "ms", "aim")
    print(f"{what:28} p50 {statistics.median(ordered) * 1e3:7.2f} ms   p99 {p99 * 1e3:7.2f} ms   n {len(ordered)}")


async def measure(repository: SqlRepository, programs: int, saves: int) -> None:
    await repository.list()  # connect and migrate
    new = [sample_record(sample_program(number, options=OPTIONS)) for number in range(programs)]
    records: list[Record] = []

    async def add(record: Record) -> None:
        records.extend(await repository.add([record]))

    async def save(number: int) -> None:
        records[number] = await repository.save(sample_record(records[number].program))

    report("add", [await timed(lambda it=it: add(it)) for it in new])
    report("save", [await timed(lambda it=it: save(it % programs)) for it in range(saves)], limit_ms=5)
    report("get", [await timed(lambda it=it: repository.get(it.program.id)) for it in records])
    report(f"list of {programs}", [await timed(repository.list) for _ in range(LIST_ROUNDS)], limit_ms=programs / 10)
    report("journal of one", [await timed(lambda it=it: repository.journal(it.program.id)) for it in records])
    began = time.perf_counter()
    await asyncio.gather(*(save(number) for number in range(programs)))
    print(f"{'saves at once':28} {programs / (time.perf_counter() - began):7.0f} /s")
    report(
        "prune, nothing to drop",
        [await timed(lambda: repository.prune_journal(NOW, keep=1000, keep_gone=100_000)) for _ in range(5)],
    )
    report("prune", [await timed(lambda: repository.prune_journal(NOW + timedelta(days=1), keep=1, keep_gone=100_000))])


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--saves", type=int, default=2000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix=".repository-", dir=Path.cwd()) as folder:
        repository = SqlRepository(engines_for(chosen.url, Path(folder), DEADLINE), OwnerID(secrets.token_hex(8)))
        try:
            await measure(repository, chosen.programs, chosen.saves)
        finally:
            await repository.aclose()


if __name__ == "__main__":
    asyncio.run(main())
