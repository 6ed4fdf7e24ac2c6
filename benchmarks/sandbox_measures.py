"""How benchmarks/sandbox.py measures: everybody takes turns, and rests before each turn, so that nobody's cleaning up
falls into somebody else's time."""

import asyncio
import math
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

CODE = "print(sum(range(1000)))"
PRINTED = "499500"
AT_ONCE = 10


class Contestant(ABC):
    name: str

    @abstractmethod
    async def run(self) -> None:
        """Run the code once and check what it printed. Raises Failed."""

    @abstractmethod
    async def rest(self) -> None:
        """Return once nothing of earlier runs is under way, and what is kept warm is complete. Not measured."""


@dataclass
class Tally:
    """``times_s``: of single runs that succeeded, and ``ends``, when. ``failures``: of the others, why."""

    times_s: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def add(self, contestant: Contestant) -> None:
        began = time.perf_counter()
        try:
            await contestant.run()
        except Exception as error:  # whatever it is, it is counted, and told of in the end
            self.failures.append(f"{contestant.name}: {type(error).__name__}: {error}")
        else:
            self.ends.append(time.perf_counter())
            self.times_s.append(self.ends[-1] - began)

    @property
    def p50_ms(self) -> float:
        return statistics.median(self.times_s) * 1000 if self.times_s else math.nan

    @property
    def p95_ms(self) -> float:
        """The nearest of the values measured: of 20, the second largest."""
        if not self.times_s:
            return math.nan
        return sorted(self.times_s)[math.ceil(0.95 * len(self.times_s)) - 1] * 1000


async def in_turns(contestants: Sequence[Contestant], rounds: int) -> list[Tally]:
    """Who goes first changes from round to round; one round that is not measured warms everybody up."""
    tallies = [Tally() for _ in contestants]
    for number in range(-1, rounds):
        first = number % len(contestants)
        for which in (*range(first, len(contestants)), *range(first)):
            await contestants[which].rest()
            tally = tallies[which] if number >= 0 else Tally()
            await tally.add(contestants[which])
    for contestant in contestants:
        await contestant.rest()
    return tallies


async def back_to_back(contestant: Contestant, runs: int) -> Tally:
    """One after another without a pause, after a rest."""
    await contestant.rest()
    tally = Tally()
    for _ in range(runs):
        await tally.add(contestant)
    await contestant.rest()
    return tally


@dataclass
class Throughput:
    """Runs a second. ``burst``: until the last of ten started together has ended, median of the rounds, after a rest
    each; ``sustained``: ten workers that start their next run when one has ended, counted from when as many have ended
    as a pool had ready, so that it is what can be kept up and not what was made before."""

    burst: float
    sustained: float
    tally: Tally


async def throughput(contestant: Contestant, bursts: int, each: int) -> Throughput:
    tally, rates = Tally(), []
    for _ in range(bursts):
        await contestant.rest()
        began, before = time.perf_counter(), len(tally.times_s)
        await work([contestant] * AT_ONCE, 1, [tally] * AT_ONCE)
        rates.append((len(tally.times_s) - before) / (time.perf_counter() - began))
    await contestant.rest()
    before = len(tally.ends)
    await work([contestant] * AT_ONCE, each, [tally] * AT_ONCE)
    sustained = steady_rate(tally.ends[before:])
    await contestant.rest()
    return Throughput(statistics.median(rates), sustained, tally)


def steady_rate(ends: Sequence[float]) -> float:
    """Without the first ten, which may have been ready beforehand."""
    counted = ends[AT_ONCE - 1 :]
    return (len(counted) - 1) / (counted[-1] - counted[0]) if len(counted) > 1 else math.nan


async def work(workers: Sequence[Contestant], each: int, tallies: Sequence[Tally]) -> None:
    """All at the same time, each ``each`` times."""

    async def one(worker: Contestant, tally: Tally) -> None:
        for _ in range(each):
            await tally.add(worker)

    async with asyncio.TaskGroup() as group:
        for worker, tally in zip(workers, tallies, strict=True):
            group.create_task(one(worker, tally))
