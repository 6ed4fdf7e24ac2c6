"""How a Host fares with a thousand registered programs: answers, memory, and taking twenty running ones up again.

    python benchmarks/host_at_scale.py [--programs 1000] [--running 20] [--reads 1000]

A real `hershy serve` on a folder of its own (SQLite, runc), asked over loopback by one caller at a time. Aims: reads
p99 under 5 ms, create under 20 ms, start's answer under 10 ms; the Host under 150 MiB with all programs registered;
killed with SIGKILL and started again, it has taken 20 running programs up within 2 s of being able to listen.
Needs a container engine and the image hershy-test-busybox:local, made by scripts/busybox-image.sh.
"""

import argparse
import asyncio
import json
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from results import note

DOCKERFILE = 'FROM hershy-test-busybox:local\nCMD ["httpd", "-f", "-p", "8080", "-h", "/bin"]\n'
DEADLINE_S = 120.0


@dataclass
class Server:
    process: asyncio.subprocess.Process
    url: str
    listening_after_s: float

    @classmethod
    async def start(cls, storage: Path) -> "Server":
        began = time.perf_counter()
        command = ["serve", "--json", "--port", "0", "--runtime", "runc", "--storage", str(storage)]
        log = (storage.parent / "serve.log").open("ab")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hershy.cli.main", *command, stdout=asyncio.subprocess.PIPE, stderr=log
        )
        log.close()
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
        return cls(process, json.loads(line)["url"], time.perf_counter() - began)

    @property
    def resident_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (it for it in status.splitlines() if it.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    async def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        await self.process.wait()


async def times_ms(count: int, call: Callable[[int], Awaitable[object]]) -> list[float]:
    times = []
    for number in range(count):
        began = time.perf_counter()
        await call(number)
        times.append((time.perf_counter() - began) * 1000)
    return times


def report(what: str, times: list[float], aim_ms: float) -> None:
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    note(f"HTTP: {what}, p99", p99, aim_ms, "ms", "aim")
    print(f"{what:32} {len(times):5} calls   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   aim: p99 under {aim_ms:g} ms")


async def run(programs: int, running: int, reads: int, folder: Path) -> None:
    storage = folder / "storage"
    server = await Server.start(storage)
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, body: object = None) -> dict:
            async with session.request(method, server.url + path, json=body) as answer:
                assert answer.status < 300, (path, answer.status, await answer.text())
                return await answer.json()

        async def until(state: str, ids: list[str]) -> None:
            deadline = time.monotonic() + DEADLINE_S
            for program_id in ids:
                while (shown := await ask("GET", f"/programs/{program_id}"))["state"] != state:
                    assert time.monotonic() < deadline, shown
                    await asyncio.sleep(0.01)

        ids: list[str] = []

        async def create(number: int) -> None:
            body = {"user_id": f"user{number % 10}", "dockerfile": DOCKERFILE, "labels": {"bench": "scale"}}
            ids.append((await ask("POST", "/programs", body))["program_id"])

        report("create", await times_ms(programs, create), 20)
        report("show one", await times_ms(reads, lambda n: ask("GET", f"/programs/{ids[n % programs]}")), 5)
        report("list one user's", await times_ms(reads, lambda n: ask("GET", f"/programs?user_id=user{n % 10}")), 5)

        async def list_all(number: int) -> None:
            async with session.get(server.url + "/programs") as answer:
                assert answer.status == 200
                await answer.read()

        report(f"list all {programs}", await times_ms(reads, list_all), 5)
        note("the Host's memory", server.resident_mib, 150, "MiB", "aim")
        print(f"the Host with {programs} programs: {server.resident_mib:.0f} MiB resident   aim: under 150 MiB")

        await ask("POST", f"/programs/{ids[0]}/start")
        await until("Ready", ids[:1])  # the image is built from now on
        started: list[float] = []
        for program_id in ids[1:running]:
            started += await times_ms(1, lambda _, it=program_id: ask("POST", f"/programs/{it}/start"))
            await until("Ready", [program_id])
        report("start's answer", started, 10)
        containers = [(await ask("GET", f"/programs/{it}"))["container_id"] for it in ids[:running]]

        await server.end(signal.SIGKILL)
        server = await Server.start(storage)
        listening = time.perf_counter()
        await until("Ready", ids[:running])
        for program_id, container_id in zip(ids, containers, strict=False):
            assert (await ask("GET", f"/programs/{program_id}"))["container_id"] == container_id
        print(
            f"killed and started again: listening after {server.listening_after_s:.2f} s, "
            f"{running} programs taken up {time.perf_counter() - listening:.2f} s later   aim: under 2 s"
        )
        await asyncio.gather(*(ask("DELETE", f"/programs/{it}") for it in ids[:running]))
        await server.end(signal.SIGTERM)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--running", type=int, default=20)
    parser.add_argument("--reads", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(given.programs, given.running, given.reads, Path(folder)))


if __name__ == "__main__":
    main()
