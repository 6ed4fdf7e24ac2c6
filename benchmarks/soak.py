"""Lets real programs be started, stopped, restarted, killed and replaced at random while the engine fails now and then.

    python benchmarks/soak.py --minutes 10 [--seed 7] [--runtime runsc] [--programs 8]

Prints one JSON document with what happened. The exit code is 1, and standard error says why, when at any moment a
program had two containers, when one did not come to rest or to Ready in the end, when its journal had a gap, or when
anything was left: a container, an image, a folder, a lease of a port, a task, an open file.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import random
import secrets
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiodocker

from hershy import BuildSpec, Host, Program, ProgramOptions, ProgramRequest, ProgramState, RestartPolicy, UserID
from hershy.core.ids import ProgramID
from hershy.errors import EngineUnavailable, HershyError, ProgramNotFound, RuntimeFailure
from hershy.programs.domain.restart import RestartMode
from hershy.programs.ports.proxy import ProxyRequest
from hershy.testing.faults.boundaries import Boundaries, Boundary, Phase
from hershy.wiring import HostContainer, Settings, open_host

SCRIPT = """mkdir -p /state/www
echo hello >/state/www/index.html
httpd -f -p 8080 -h /state/www &
while [ ! -e /state/end ]; do sleep 0.1; done
code=$(cat /state/end)
rm /state/end
exit $code
"""
FAILING = frozenset({"create", "start", "stop", "remove", "list_owned"})
FAULTS_EVERY_S, FAULTS_LAST_S, FAULT_SHARE = 5.0, 2.0, 0.3
HOST_LIVES_S = 45.0
SETTLING = timedelta(seconds=90)
RESTING = (ProgramState.CREATED, ProgramState.STOPPED, ProgramState.ERROR)
ACTIONS = {"start": 6, "stop": 3, "restart": 3, "kill": 3, "exit": 3, "ask": 6, "replace": 1, "remove container": 1}


class Soak:
    def __init__(self, arguments: argparse.Namespace, root: Path) -> None:
        self._arguments = arguments
        self._root = root
        self._random = random.Random(arguments.seed)
        self._docker = aiodocker.Docker()
        self._counts: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._builds: set[str] = set()
        self._faults_until = 0.0
        self._fault_kinds = (EngineUnavailable, RuntimeFailure)
        self._open = asyncio.Event()
        self._host: Host | None = None
        self._container: Any = None
        self._owner = ""
        self.most_files = 0

    async def run(self) -> dict[str, Any]:
        began = time.monotonic()
        end = began + self._arguments.seconds
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._docker.close)
            looking = asyncio.create_task(self._look(end))
            actors = [asyncio.create_task(self._act(number, end)) for number in range(self._arguments.programs)]
            while time.monotonic() < end:
                await self._life_of_a_host(min(end, time.monotonic() + self._host_lives_s()))
            self._faults_until = 0.0
            async with self._opened() as host:
                self._open.set()
                await asyncio.gather(looking, *actors)
                await self._finish(host)
            await self._require_nothing_left()
        return {
            "seconds": round(time.monotonic() - began, 1),
            "seed": self._arguments.seed,
            "did": dict(self._counts),
            "refused": dict(self._refusals),
            "most_open_files": self.most_files,
        }

    def _host_lives_s(self) -> float:
        return min(HOST_LIVES_S, self._arguments.seconds / 2)

    async def _life_of_a_host(self, until: float) -> None:
        """Closed in the middle of whatever is under way; the next one adopts what runs."""
        async with self._opened():
            self._open.set()
            while (left := until - time.monotonic()) > 0:
                await asyncio.sleep(min(left, FAULTS_EVERY_S))
                self._faults_until = time.monotonic() + FAULTS_LAST_S
            self._open.clear()
            self._faults_until = 0.0
        self._counts["host restarted"] += 1

    @contextlib.asynccontextmanager
    async def _opened(self) -> Any:
        settings = Settings.load(
            runtime=self._arguments.runtime,
            storage_root=self._root,
            stop_grace_s=2,
            readiness_timeout_s=30,
            engine_timeout_s=20,
        )
        self._container = HostContainer(settings=settings)
        Boundaries(self._fail_at_times).override(self._container, "runtime")
        async with open_host(container=self._container) as host:
            self._owner = str(self._container.owner())
            self._host = host
            yield host

    def _fail_at_times(self, boundary: Boundary) -> None:
        is_due = time.monotonic() < self._faults_until and boundary.method in FAILING
        if is_due and boundary.phase is Phase.BEFORE and self._random.random() < FAULT_SHARE:
            self._counts["fault"] += 1
            raise self._random.choice(self._fault_kinds)(f"{boundary}: a fault on purpose")

    async def _act(self, number: int, end: float) -> None:
        """What one caller does to one program."""
        chance = random.Random(f"{self._arguments.seed} {number}")
        program: Program | None = None
        while time.monotonic() < end:
            await self._open.wait()
            action = chance.choices(list(ACTIONS), list(ACTIONS.values()))[0]
            self._counts[action] += 1
            try:
                program = await self._do(action, number, program, chance)
            except ProgramNotFound:
                program = None
            except (HershyError, aiodocker.DockerError, OSError) as error:
                self._refusals[type(error).__name__] += 1
            await asyncio.sleep(chance.expovariate(2.0))

    async def _do(self, action: str, number: int, program: Program | None, chance: random.Random) -> Program | None:
        host = self._host
        assert host is not None
        if program is None:
            return await host.create(self._request(number, chance))
        match action:
            case "start":
                await host.start(program.id)
            case "stop":
                await host.stop(program.id)
            case "restart":
                await host.restart(program.id)
            case "kill":
                await self._docker.containers.container(self._name(program.id)).kill()
            case "remove container":
                await self._docker.containers.container(self._name(program.id)).delete(force=True)
            case "exit":
                state = self._root / str(program.id) / "state"
                (state / "end").write_text(str(chance.choice([0, 1, 137])))
            case "ask":
                response = await host.request(program.id, ProxyRequest("GET", "/", ()))
                assert b"".join([chunk async for chunk in response.body]) == b"hello\n"
            case "replace":
                await host.delete(program.id)
                return None
        return program

    def _request(self, number: int, chance: random.Random) -> ProgramRequest:
        sources = {"run.sh": SCRIPT, "nonce.txt": secrets.token_hex(8)}
        dockerfile = f'FROM {self._arguments.image}\nCOPY run.sh /run.sh\nCMD ["/bin/sh", "/run.sh"]\n'
        build = BuildSpec(dockerfile, sources)
        self._builds.add(str(build.build_id))
        mode = chance.choice(list(RestartMode))
        policy = RestartPolicy(mode, timedelta(milliseconds=100), timedelta(seconds=2), max_restarts=20)
        return ProgramRequest(UserID(f"user-{number}"), build, ProgramOptions(restart_policy=policy))

    async def _look(self, end: float) -> None:
        while time.monotonic() < end:
            owners = Counter(labels["hershy.program-id"] for labels in await self._containers())
            doubled = [it for it, count in owners.items() if count > 1]
            assert not doubled, f"two containers of {doubled}"
            self.most_files = max(self.most_files, open_files())
            await asyncio.sleep(0.25)

    async def _containers(self) -> list[dict[str, str]]:
        """Labels of every container of this Host."""
        filters = json.dumps({"label": [f"hershy.owner={self._owner}"]})
        listed = await self._docker.containers.list(all=True, filters=filters) if self._owner else []
        return [it._container["Labels"] for it in listed]

    async def _finish(self, host: Host) -> None:
        """Every program comes to rest or to Ready; then all are deleted."""
        async with asyncio.timeout(SETTLING.total_seconds()):
            for program in await host.list():
                with contextlib.suppress(ProgramNotFound):
                    await host.wait_for(program.id, ProgramState.READY, *RESTING, timeout=SETTLING)
        for program in await host.list():
            self._counts[f"ended {program.state}"] += 1
            if program.state is ProgramState.READY:
                await self._do("ask", 0, program, self._random)
            assert program.state is not ProgramState.ERROR or program.error_msg, program
            await host.delete(program.id)
        assert len(self._container.services().port_leases) == 0, "a port is still leased"
        await self._require_whole_journal(host)

    async def _require_whole_journal(self, host: Host) -> None:
        after, last = 0, dict[ProgramID, ProgramState | None]()
        while page := await host.journal(after=after, limit=500):
            assert all(earlier.id < later.id for earlier, later in pairwise(page))
            after = page[-1].id
            for entry in page:
                assert last.get(entry.program_id) is entry.previous, f"a gap before {entry}"
                last[entry.program_id] = entry.state
        assert not any(last.values()), "a deleted program has no last entry"
        self._counts["programs"] = len(last)

    async def _require_nothing_left(self) -> None:
        assert await self._containers() == [], "containers are left"
        for image in await self._docker.images.list(filters={"label": ["hershy.build-id"]}, all="true"):
            build = image["Labels"]["hershy.build-id"]
            assert build not in self._builds, f"the image of {build} is left"
        folders = [path.name for path in self._root.iterdir() if path.is_dir()]
        assert not folders, f"folders are left: {folders}"

    def _name(self, program_id: ProgramID) -> str:
        return f"hersh-program-{program_id}"


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def soak(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hershy-soak-") as root:
        before = open_files()
        report = await Soak(arguments, Path(root)).run()
        await asyncio.sleep(0.5)  # for transports that close in the loop's next rounds
        gc.collect()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not tasks, f"tasks are left: {tasks}"
        left = open_files() - before
        assert left <= 2, f"{left} files are left open"
        return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--programs", type=int, default=8)
    parser.add_argument("--runtime", default="runc")
    parser.add_argument("--image", default="hershy-test-busybox:local", help="one with busybox")
    arguments = parser.parse_args()
    arguments.seconds = arguments.minutes * 60
    logging.basicConfig(level=logging.CRITICAL)
    report = asyncio.run(soak(arguments))
    json.dump(report, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
