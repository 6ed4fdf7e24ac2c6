"""How small is a program with an idle Watcher and its API, and how soon does it answer?

    python benchmarks/watcher_footprint.py [--rounds 10]

Each round starts a fresh Python that imports ``hershy.watcher``, runs a Watcher and answers ``GET /watcher/status``.
Start time: from the beginning of the process to that answer; aim at most 0.3 s. Memory: resident (VmRSS) once the
first execution is over and every reading call has been answered; aim at most 32 MiB. Beside both: a Python that only
imports asyncio, in the same run, because the machine decides as much as the code does.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from results import note

PROGRAM = """
from hershy.watcher import Watcher
watcher = Watcher(port={port})

@watcher.manage("idle")
async def idle(ctx, message):
    ctx.watch_tick("hourly", every=3600)

watcher.run()
"""
BARE = "import asyncio, time; print(flush=True); time.sleep(60)"
READINGS = ("status", "state", "vars", "logs", "signals", "watching", "memoCache", "varState", "config")
AIM_MIB = 32.0
AIM_S = 0.3
DEADLINE_S = 10.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def watcher_round() -> tuple[float, float]:
    """Seconds to the first answer, and MiB."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.format(port=port)])
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port)):
                    break
            except OSError:
                assert time.perf_counter() - began < DEADLINE_S, "the WatcherAPI does not answer"
                time.sleep(0.001)
        ask(port, "status")
        took = time.perf_counter() - began
        for reading in READINGS:
            ask(port, reading)
        return took, resident_mib(process.pid)
    finally:
        process.terminate()
        process.wait(DEADLINE_S)


def ask(port: int, reading: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/watcher/{reading}", timeout=DEADLINE_S) as answer:
        answer.read()


def bare_round() -> tuple[float, float]:
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", BARE], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        took = time.perf_counter() - began
        mib = resident_mib(process.pid)
        process.kill()
    return took, mib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    watcher_round()
    pairs = [(watcher_round(), bare_round()) for _ in range(rounds)]
    took_s, mib, bare_took_s, bare_mib = (
        statistics.median(pair[side][value] for pair in pairs) for side in (0, 1) for value in (0, 1)
    )
    note("Watcher: start", took_s, bare_took_s, "s", "Python with asyncio")
    note("Watcher: resident memory", mib, bare_mib, "MiB", "Python with asyncio")
    print(f"{'':24}{'start':>10}{'resident':>14}")
    print(f"{'Watcher with its API':24}{took_s:8.3f} s{mib:10.1f} MiB   (aims: {AIM_S} s, {AIM_MIB:g} MiB)")
    print(f"{'Python with asyncio':24}{bare_took_s:8.3f} s{bare_mib:10.1f} MiB")
    print(f"{'ratio':24}{took_s / bare_took_s:8.2f}  {mib / bare_mib:10.2f}")


if __name__ == "__main__":
    main()
