"""How fast does hershy run a piece of code in a sandbox, beside `docker run` of the same image and llm-sandbox?

    python benchmarks/sandbox.py --llm-sandbox      # everything; half an hour at most
    python benchmarks/sandbox.py --quick            # a few runs of each, to see that it works

The same short Python program everywhere; each time is that of a whole call, from the code to what it has printed, by
hershy including its score of the code. Four measures under runc and runsc each:

"In turns": one run of each contestant after the other, each at rest before: hershy's and llm-sandbox's pools are full.
`docker run --rm` waits until its container is removed and hershy does not: "till removed" is hershy's time until then,
and "kept" `docker run` without removal.
"Back to back": one after another without a pause. "Ten at once": see sandbox_measures.py. And in the end 500 runs, ten
at once, half of them under each runtime, and what they leave behind.

`docker run` is the bare command, with networking and root; "walled" is it with bounds like hershy's. llm-sandbox gives
its containers to one run after the other, by default; "used once" throws them away as hershy does.
Needs a container engine, the docker command and the image hershy-base-python:local (scripts/base-image.sh).
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from results import note
from sandbox_contestants import IMAGE, DockerRun, WithRemoval, hershy
from sandbox_engine import BENCH_LABEL, Failed, docker, remove_labelled
from sandbox_leftovers import Footprint, Leftovers
from sandbox_llm import environment, its_wall, llm_sandbox
from sandbox_measures import AT_ONCE, Contestant, Tally, back_to_back, in_turns, steady_rate, throughput, work

REPLACED_PER_S = 1.07
"""Runs a second, ten at once, of the system whose place hershy's sandboxes take."""
FAILURES_TOLD = 10
RESTED_POOL = 4
BACK_TO_BACK_POOLS = (20, 4)
AT_ONCE_POOLS = (0, 2, AT_ONCE)
"""None, the default, and one that covers them all."""


@dataclass(frozen=True)
class Extent:
    rounds: int
    bursts: int
    each: int
    mixed: int


FULL, QUICK = Extent(20, 3, 5, 500), Extent(3, 1, 2, 20)


class Report:
    """Prints as it goes, and the aims once more in the end."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self._aims: list[str] = []

    def times(self, contestant: Contestant, tally: Tally, what: str = "") -> None:
        self.failures += tally.failures
        failed = f"   {len(tally.failures)} failed" if tally.failures else ""
        name = contestant.name + what
        count = len(tally.times_s)
        print(
            f"  {name:36} {count:4} runs   p50 {tally.p50_ms:6.0f} ms   p95 {tally.p95_ms:6.0f} ms{failed}", flush=True
        )

    def aim(self, what: str, measured: str, aim: str, *, met: bool) -> None:
        self._aims.append(f"  {'met    ' if met else 'NOT MET'}  {what:54} {measured:>12}   aim: {aim}")

    def conclude(self) -> None:
        print(f"{len(self.failures)} runs failed in all, of all contestants")
        for failure in self.failures[:FAILURES_TOLD]:
            print(f"  {failure}")
        print("aims:", *self._aims, sep="\n", flush=True)


async def compare(runtime: str, extent: Extent, python: Path | None, report: Report, left: Leftovers) -> None:
    print(f"{runtime}, in turns:")
    docker_runs = [DockerRun(runtime), DockerRun(runtime, walled=True)]
    async with AsyncExitStack() as stack:
        cold = await stack.enter_async_context(hershy("hershy cold", runtime, 0, left))
        warm = await stack.enter_async_context(hershy("hershy warm", runtime, RESTED_POOL, left))
        contestants: list[Contestant] = [
            *docker_runs,
            DockerRun(runtime, walled=True, kept=True),
            cold,
            WithRemoval(cold),
            warm,
        ]
        if python is not None:
            llm = await stack.enter_async_context(llm_sandbox(python, "llm-sandbox", runtime, RESTED_POOL))
            contestants.append(llm)
            print(f"  llm-sandbox {llm.version} runs code with: {await its_wall()}", flush=True)
        tallies = await in_turns(contestants, extent.rounds)
    for contestant, tally in zip(contestants, tallies, strict=True):
        report.times(contestant, tally)
    judge(runtime, tallies, report)

    print(f"{runtime}, back to back:")
    for size in BACK_TO_BACK_POOLS:
        async with hershy(f"hershy, pool of {size}", runtime, size, left) as pooled:
            report.times(pooled, await back_to_back(pooled, extent.rounds))
    if python is not None:
        async with llm_sandbox(python, "llm-sandbox, used once", runtime, RESTED_POOL, used_once=True) as once:
            report.times(once, await back_to_back(once, extent.rounds))

    print(f"{runtime}, ten at once, runs a second:")
    for docker_run in docker_runs:
        await at_once(docker_run, runtime, extent, report)
    for size in AT_ONCE_POOLS:
        async with hershy(f"hershy, pool of {size}" if size else "hershy cold", runtime, size, left) as contestant:
            await at_once(contestant, runtime, extent, report)
    if python is not None:
        async with llm_sandbox(python, "llm-sandbox", runtime, AT_ONCE) as llm:
            await at_once(llm, runtime, extent, report)
        async with llm_sandbox(python, "llm-sandbox, used once", runtime, AT_ONCE, used_once=True) as once:
            await at_once(once, runtime, extent, report)


def judge(runtime: str, tallies: Sequence[Tally], report: Report) -> None:
    """Which docker run the aim speaks of is left open, so every pair that does the same work is told of."""
    plain, walled, kept, cold, till_removed, warm, *llm = (it.p50_ms for it in tallies)
    note(f"{runtime}: sandbox cold, p50", cold, kept, "ms", "docker run, walled, kept")
    note(f"{runtime}: sandbox warm, p50", warm, walled, "ms", "docker run, walled")
    for what, ratio in (
        ("hershy cold / docker run", cold / plain),
        ("hershy cold / docker run, walled", cold / walled),
        ("hershy cold / docker run, walled, kept", cold / kept),
        ("hershy cold, till removed / docker run, walled", till_removed / walled),
    ):
        report.aim(f"{runtime}: {what}", f"{ratio:.2f}", "at most 1.15", met=ratio <= 1.15)
    if runtime == "runsc":
        report.aim("runsc: hershy warm, p50", f"{warm:.0f} ms", "at most 150 ms", met=warm <= 150)
    for other in llm:
        print(f"  hershy warm / llm-sandbox {warm / other:.2f}")


async def at_once(contestant: Contestant, runtime: str, extent: Extent, report: Report) -> None:
    rates = await throughput(contestant, extent.bursts, extent.each)
    report.failures += rates.tally.failures
    failed = f"   {len(rates.tally.failures)} failed" if rates.tally.failures else ""
    print(f"  {contestant.name:36} bursts {rates.burst:6.1f}   sustained {rates.sustained:6.1f}{failed}", flush=True)
    if contestant.name.startswith("hershy"):
        aim = f"at least {5 * REPLACED_PER_S:.2f} /s"
        for what, value in (("bursts", rates.burst), ("sustained", rates.sustained)):
            met = value >= 5 * REPLACED_PER_S
            report.aim(f"{runtime}: {contestant.name}, ten at once, {what}", f"{value:.1f} /s", aim, met=met)


async def mixed(runtimes: Sequence[str], runs: int, report: Report, left: Leftovers) -> None:
    """Ten workers, each with one runtime."""
    print(f"{runs} runs, ten at once, {' and '.join(runtimes)} in equal parts:")
    tallies = [Tally() for _ in runtimes]
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(hershy(f"hershy, {it}", it, RESTED_POOL, left)) for it in runtimes]
        turns = [number % len(services) for number in range(AT_ONCE)]
        await work([services[it] for it in turns], runs // AT_ONCE, [tallies[it] for it in turns])
    for service, tally in zip(services, tallies, strict=True):
        report.times(service, tally)
    print(f"  {steady_rate(sorted(end for tally in tallies for end in tally.ends)):.1f} runs a second")
    failed = sum(len(it.failures) for it in tallies)
    report.aim(f"failures in {runs} runs", str(failed), "none", met=not failed)


async def look_for_leftovers(before: Footprint, report: Report, left: Leftovers) -> None:
    after = Footprint.now()
    for what, count in (
        ("containers left behind", len(await left.containers())),
        ("lease files left behind", len(left.leases)),
        ("descriptors more than before", after.descriptors - before.descriptors),
        ("child processes more than before", after.children - before.children),
    ):
        report.aim(what, str(count), "none", met=count <= 0)
    print(f"memory of this process: {before.resident_mib:.0f} MiB before, {after.resident_mib:.0f} MiB after")


async def run(runtimes: Sequence[str], extent: Extent, with_llm: bool) -> None:
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)  # type: ignore[union-attr]
    report, left = Report(), Leftovers()
    try:
        await docker("image", "inspect", IMAGE)
        async with AsyncExitStack() as stack:
            python = None
            if with_llm:
                try:
                    python = await stack.enter_async_context(environment())
                except Failed as error:
                    print(f"WITHOUT llm-sandbox: {error}", flush=True)
            for runtime in runtimes:  # what is imported and opened once is not taken for a leak
                async with hershy("hershy", runtime, 1, left):
                    pass
            before = Footprint.now()
            for runtime in runtimes:
                await compare(runtime, extent, python, report, left)
            await mixed(runtimes, extent.mixed, report, left)
            await look_for_leftovers(before, report, left)
    finally:
        await remove_labelled(BENCH_LABEL)
    report.conclude()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtimes", default="runc,runsc", help="comma-separated; default both")
    parser.add_argument("--quick", action="store_true", help="a few runs of each; its numbers mean little")
    parser.add_argument("--llm-sandbox", action="store_true", help="beside llm-sandbox, installed for this run by pip")
    given = parser.parse_args()
    try:
        asyncio.run(run(given.runtimes.split(","), QUICK if given.quick else FULL, given.llm_sandbox))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("interrupted; what was made is removed")
    except Failed as error:
        sys.exit(f"cannot be measured: {error}")


if __name__ == "__main__":
    main()
