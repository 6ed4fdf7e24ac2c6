"""How much longer does one user's work take while another takes all that the Host gives?

    python benchmarks/fairness.py [--seconds 60] [--loads builds,starts,...]

A real `hershy serve` with tokens (SQLite, runc). A quiet user registers, reads and starts programs: alone, and then
beside a loud one, whose calls come from a process of their own: builds, starts, streams, uploads, runs in the sandbox,
registrations and deletions, and programs that flood their logs, each by several callers without a pause. Shown is the
quiet user's p99 of each, loaded beside alone; limit: twice as long. Meanwhile `/healthz` and an administrator must be
answered every time within 5 s, or the benchmark fails. The machine's processors are shared too, and the loud calls are
made on the same machine: the fewer there are, the worse the figures. Needs a container engine and the images
hershy-test-busybox:local, made by scripts/busybox-image.sh, and hershy-base-python:local.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from fairness_loads import DEADLINE_S, LOADS, Caller, press
from results import note

LIMIT = 2.0
ANSWER_WITHIN_S = 5.0
WATCH_EVERY_S = 0.2
REGISTER_EVERY_S = 0.6
READ_EVERY_S = 0.05
WARM_UP_S = 5.0
HERSHY = [sys.executable, "-m", "hershy.cli.main"]
Times = dict[str, list[float]]


@asynccontextmanager
async def served(folder: Path):
    """The URL of a Host that asks for tokens, and a maker of them; ended in the end."""
    storage = folder / "storage"
    env = {**os.environ, "HERSHY_AUTH": "tokens", "HERSHY_SANDBOX_IMAGE": "hershy-base-python:local"}
    command = [*HERSHY, "serve", "--json", "--port", "0", "--runtime", "runc", "--storage", str(storage)]
    with (folder / "serve.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log, env=env)
    assert process.stdout is not None

    def token(*arguments: str) -> str:
        command = [*HERSHY, "token", "create", *arguments, "--storage", str(storage)]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    try:
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
        assert line, (folder / "serve.log").read_text()
        yield json.loads(line)["url"], token
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def timed(times: list[float], work: Awaitable[object]) -> None:
    began = time.perf_counter()
    await work
    times.append((time.perf_counter() - began) * 1000)


async def every(seconds: float, until: float, work: Callable[[], Awaitable[None]]) -> None:
    while time.monotonic() < until:
        await work()
        await asyncio.sleep(seconds)


async def quiet_work(quiet: Caller, program_id: str, seconds: float) -> Times:
    """Milliseconds of each of the quiet user's calls; each kind one after another, the three at one time."""
    times: Times = {"create": [], "read": [], "start to Ready": []}
    until = time.monotonic() + seconds

    async def create() -> None:
        await timed(times["create"], quiet.create())

    async def read() -> None:
        await timed(times["read"], quiet.ask("GET", f"/programs/{program_id}"))

    async def start() -> None:
        await timed(times["start to Ready"], quiet.start(program_id))
        await quiet.stop(program_id)

    await asyncio.gather(
        every(REGISTER_EVERY_S, until, create), every(READ_EVERY_S, until, read), every(0, until, start)
    )
    return times


async def watched(url: str, admin: Caller, times: Times) -> None:
    """Ask for the Host's health, and as its administrator, until cancelled. Raises when one is not answered in time."""

    async def health() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
            assert answer.status == 200, answer.status

    async def administer() -> None:
        await admin.ask("GET", "/programs?user_id=quiet")

    while True:
        for name, work in (("/healthz", health), ("administrator", administer)):
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await timed(times[name], work())
            except TimeoutError:
                raise AssertionError(f"{name}: no answer within {ANSWER_WITHIN_S:g} s") from None
        await asyncio.sleep(WATCH_EVERY_S)


def p99(times: list[float]) -> float:
    """By nearest rank: of fewer than a hundred, the longest."""
    return sorted(times)[math.ceil(0.99 * len(times)) - 1]


def report(alone: Times, loaded: Times) -> None:
    print(f"{'':16} {'calls':>11}   {'p50 alone':>9} {'loaded':>8}   {'p99 alone':>9} {'loaded':>8}   ratio (limit 2)")
    for name in alone:
        of = [alone[name], loaded[name]]
        counts = f"{len(of[0])}/{len(of[1])}"
        p50s, p99s = [statistics.median(it) for it in of], [p99(it) for it in of]
        ratio = p99s[1] / p99s[0]
        print(
            f"{name:16} {counts:>11}   {p50s[0]:6.1f} ms {p50s[1]:5.1f} ms   {p99s[0]:6.1f} ms {p99s[1]:5.1f} ms   "
            f"{ratio:.2f}"
        )
        note(f"beside a loud user: {name}, p99 by that alone", ratio, LIMIT, "times", "limit")


async def run(seconds: float, loads: list[str], folder: Path) -> None:
    timeout = aiohttp.ClientTimeout(total=DEADLINE_S)
    async with served(folder) as (url, token), aiohttp.ClientSession(timeout=timeout) as session:
        quiet = Caller(session, url, "quiet", token("--user", "quiet"))
        admin = Caller(session, url, "", token("--admin"))
        loud_token = token("--user", "loud")
        program_id = await quiet.create()
        await quiet.start(program_id)  # builds the image
        await quiet.stop(program_id)

        alone = await quiet_work(quiet, program_id, seconds)
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        loud = multiprocessing.get_context("spawn").Process(target=press, args=(url, "loud", loud_token, loads, theirs))
        loud.start()
        theirs.close()
        answered: Times = {"/healthz": [], "administrator": []}
        watching = asyncio.create_task(watched(url, admin, answered))
        try:
            await asyncio.sleep(WARM_UP_S)
            loaded = await quiet_work(quiet, program_id, seconds)
            if watching.done():
                watching.result()
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            ours.send(None)
            done = await asyncio.to_thread(ours.recv)
            await asyncio.to_thread(loud.join, DEADLINE_S)
        report(alone, loaded)
        for name, times in answered.items():
            print(f"{name:16} answered each of {len(times)} times, the slowest in {max(times):.0f} ms")
            note(f"beside a loud user: {name}, slowest", max(times), ANSWER_WITHIN_S * 1000, "ms", "limit")
        print(f"the quiet user was refused {quiet.calls['refused']} times; the loud one meanwhile:")
        for name, count in sorted(done.items()):
            print(f"  {name:20} {count:6}")
        for program in (await admin.ask("GET", "/programs"))["programs"]:
            await admin.delete(program["program_id"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each of the two halves; default 60")
    parser.add_argument("--loads", default=",".join(LOADS), help=f"comma-separated; default all: {', '.join(LOADS)}")
    given = parser.parse_args()
    loads = given.loads.split(",")
    if unknown := [it for it in loads if it not in LOADS]:
        parser.error(f"no such load: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(given.seconds, loads, Path(folder)))


if __name__ == "__main__":
    main()
