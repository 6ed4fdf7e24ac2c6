"""How much slower is a program's way from start to Ready through hershy than through the bare Engine API?

    python benchmarks/start_to_ready.py [--runtimes runc,runsc] [--rounds 20] [--bursts 5]

Both sides make the same container of the same image from the same configuration (security contract included) and
probe it with the same HTTP request at the same intervals; they take turns in one process, so that whatever else
the machine does hits both. "One after another": each start alone, medians compared; aim at most 1.10. "Ten at
once": ten started together, starts per second until the tenth answers; aim at least 0.90 of the bare rate.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiodocker

from hershy import BuildSpec, Host, HostContainer, ProgramRequest, ProgramState, Settings, UserID, open_host
from hershy.core.ids import ImageID, ProgramID, PublishPort
from hershy.programs.application.supervision.effect_handlers import probe_interval
from hershy.programs.ports.proxy import Proxy
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import StateVolume
from hershy_adapters.docker._container.policy import Config
from hershy_adapters.docker.runtime import DockerRuntime
from results import note

BASE = "hershy-test-busybox:local"
BUILD = BuildSpec(f'FROM {BASE}\nCMD ["httpd", "-f", "-p", "8080", "-h", "/bin"]\n')
AT_ONCE = 10
FIRST_BARE_PORT = 28_000
PROBE_TIMEOUT = timedelta(seconds=2)
DEADLINE_S = 60.0


@dataclass
class Bare:
    """The Engine API without hershy, but for its probe and the text of its container configuration."""

    client: aiodocker.Docker
    proxy: Proxy
    configs: list[Config]

    async def start(self, number: int) -> str:
        config = self.configs[number]
        container = await self.client.containers.create_or_replace(f"hershy-bench-{number}", config)
        await container.start()
        port = config["HostConfig"]["PortBindings"]["8080/tcp"][0]["HostPort"]
        began = time.monotonic()
        while not await self.proxy.probe(PublishPort(int(port)).endpoint, PROBE_TIMEOUT):
            elapsed_s = time.monotonic() - began
            assert elapsed_s < DEADLINE_S, f"hershy-bench-{number} does not answer"
            await asyncio.sleep(probe_interval(elapsed_s).total_seconds())
        return container.id

    async def remove(self, container_id: str) -> None:
        await self.client.containers.container(container_id).delete(force=True)


@dataclass
class Hershy:
    host: Host
    programs: list[ProgramID]

    async def start(self, number: int) -> str:
        program_id = self.programs[number]
        await self.host.start(program_id)
        await self.host.wait_for(program_id, ProgramState.READY)
        return str(program_id)

    async def remove(self, program_id: str) -> None:
        await self.host.stop(ProgramID(program_id))
        await self.host.wait_for(ProgramID(program_id), ProgramState.STOPPED)


Side = Bare | Hershy


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def one(side: Side) -> float:
    """Seconds from start to the first answer."""
    started: list[str] = []

    async def work() -> None:
        started.append(await side.start(0))

    took = await timed(work)
    await side.remove(started[0])
    return took


async def burst(side: Side) -> float:
    """Seconds until the last of ten started together answers."""
    started: list[str] = []

    async def work() -> None:
        started.extend(await asyncio.gather(*(side.start(number) for number in range(AT_ONCE))))

    took = await timed(work)
    await asyncio.gather(*(side.remove(name) for name in started))
    return took


async def in_turns(
    measure: Callable[[Side], Awaitable[float]], bare: Bare, hershy: Hershy, rounds: int
) -> tuple[float, float]:
    """Medians of both sides; who goes first alternates, and one unmeasured round warms both up."""
    times: dict[int, list[float]] = {0: [], 1: []}
    sides: list[Side] = [bare, hershy]
    for number in range(rounds + 1):
        for which in (0, 1) if number % 2 else (1, 0):
            took = await measure(sides[which])
            if number:
                times[which].append(took)
    return statistics.median(times[0]), statistics.median(times[1])


async def compare(runtime_name: str, rounds: int, bursts: int) -> None:
    async with AsyncExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        container = HostContainer(settings=Settings.load(runtime=runtime_name, storage_root=root))
        host = await stack.enter_async_context(open_host(container=container))
        registered = [await host.create(ProgramRequest(UserID("bench"), BUILD)) for _ in range(AT_ONCE)]
        hershy = Hershy(host, [program.id for program in registered])
        await hershy.remove(await hershy.start(0))  # builds the image
        image_id = (await host.get(registered[0].id)).image_id
        assert image_id is not None
        client = await stack.enter_async_context(aiodocker.Docker())
        configs = [await config(container.runtime(), image_id, number, root) for number in range(AT_ONCE)]
        bare = Bare(client, container.proxy(), configs)

        print(f"{runtime_name}:")
        plain, through = await in_turns(one, bare, hershy, rounds)
        print(
            f"  one after another   bare {plain * 1000:6.0f} ms    hershy {through * 1000:6.0f} ms    "
            f"ratio {through / plain:.2f}"
        )
        note(f"{runtime_name}: start to Ready", through * 1000, plain * 1000, "ms", "bare Engine API")
        plain, through = await in_turns(burst, bare, hershy, bursts)
        rates = AT_ONCE / through, AT_ONCE / plain
        note(f"{runtime_name}: ten at once", *rates, "starts/s", "bare Engine API", more_is_better=True)
        print(
            f"  ten at once         bare {AT_ONCE / plain:6.1f} /s    hershy {AT_ONCE / through:6.1f} /s    "
            f"ratio {plain / through:.2f}",
            flush=True,
        )
        for program in registered:
            await host.delete(program.id)


async def config(runtime: DockerRuntime, image_id: ImageID, number: int, root: Path) -> Config:
    """What hershy's runtime sends for such a program, under another name and port."""
    state = root / f"bare-{number}"
    state.mkdir()
    spec = ContainerSpec(
        program_id=ProgramID.compose(UserID("bench"), BUILD.build_id, f"{number:08x}"),
        user_id=UserID("bench"),
        build_id=BUILD.build_id,
        image_id=image_id,
        publish_port=PublishPort(FIRST_BARE_PORT + number),
        state=StateVolume(str(state)),
    )
    await runtime.remove(await runtime.create(spec))  # which makes the network that is used for such ports
    made = await runtime.configuration(spec)
    made["Labels"] = {}  # nobody's, or the Host's sweep would remove it as a stray
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtimes", default="runc,runsc", help="comma-separated; default both")
    parser.add_argument("--rounds", type=int, default=20, help="starts of each side, one after another")
    parser.add_argument("--bursts", type=int, default=5, help="bursts of ten of each side")
    arguments = parser.parse_args()
    for runtime_name in arguments.runtimes.split(","):
        asyncio.run(compare(runtime_name, arguments.rounds, arguments.bursts))


if __name__ == "__main__":
    main()
