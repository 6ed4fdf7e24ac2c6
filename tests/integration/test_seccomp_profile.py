"""Programs of other kinds under hershy's seccomp profile: Python with a C library, and Go, static, with neither."""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.programs.ports.runtime import ContainerSpec, LogQuery
from hershy.programs.ports.storage import StateVolume
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

from .engine_observation import remove_networks

SOURCE = Path(__file__).with_name("go_program") / "main.go"
DEADLINE_S = 60
NETWORK = "hershy-test-profile"
DOES = {"goroutines", "timers", "files", "pipes", "child", "network", "signals", "memory", "namespace"}
"""What the program tries; all but the last must work."""
SCRIPT = """
import asyncio, concurrent.futures, mmap, os, socket, sqlite3, subprocess, threading

thread = threading.Thread(target=print, args=("thread",))
thread.start()
thread.join()
print(subprocess.run(["echo", "child"], capture_output=True, text=True, check=True).stdout.strip())


async def main():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        await asyncio.get_running_loop().run_in_executor(pool, print, "pool")
    child = await asyncio.create_subprocess_exec("true")
    assert await child.wait() == 0


asyncio.run(main())
assert socket.getaddrinfo("localhost", 80)
print("name")
with sqlite3.connect("/state/test.sqlite") as database:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE kept (value)")
print("database")
with mmap.mmap(-1, 4096) as memory, open(os.memfd_create("memory"), "wb") as file:
    memory[:4] = b"text"
    file.write(memory[:4])
print("memory")
os.mkfifo("/state/pipe")
print("pipe")
"""


@pytest.fixture(scope="module")
def go_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built by this machine's Go, which is installed if it is missing."""
    if shutil.which("go") is None:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "golang-go"]
        subprocess.run(install, check=True, capture_output=True, timeout=600)
    folder = tmp_path_factory.mktemp("go")
    binary = folder / "program"
    settings = {"CGO_ENABLED": "0", "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
    built = subprocess.run(
        ["go", "build", "-o", binary, SOURCE],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return binary


@pytest.fixture(scope="module")
def go_image(go_binary: Path, engine: docker.DockerClient) -> Iterator[ImageID]:
    """Nothing but the program: no C library, no shell."""
    name = f"hershy-test-go:{hashlib.sha256(go_binary.read_bytes()).hexdigest()[:12]}"
    (go_binary.parent / "Dockerfile").write_text('FROM scratch\nCOPY program /program\nCMD ["/program"]\n')
    (go_binary.parent / ".dockerignore").write_text("cache\n")
    image, _ = engine.images.build(path=str(go_binary.parent), tag=name, rm=True)
    yield ImageID(image.id)
    engine.images.remove(name, force=True)


@pytest.fixture(params=[(DockerRuntime, "runc"), (GVisorRuntime, "runsc")], ids=["runc", "runsc"])
async def runtime(request: pytest.FixtureRequest, engine: docker.DockerClient) -> AsyncIterator[DockerRuntime]:
    runtime_class, name = request.param
    runtime: DockerRuntime = runtime_class(Engine(), OwnerID(secrets.token_hex(8)), name, NETWORK)
    yield runtime
    for status in await runtime.list_owned():
        await runtime.remove(status.container_id)
    await runtime.aclose()
    remove_networks(engine, NETWORK)


def spec_of(image: ImageID, folder: Path) -> ContainerSpec:
    user, build = UserID("alice"), BuildID("build-0123456789ab")
    state = folder / "state"
    state.mkdir()
    state.chmod(0o777)
    port = PublishPort(23_000 + secrets.randbelow(900))
    return ContainerSpec(
        ProgramID.compose(user, build, secrets.token_hex(4)), user, build, image, StateVolume(str(state)), port
    )


async def test_a_go_program(runtime: DockerRuntime, go_image: ImageID, tmp_path: Path) -> None:
    """Threads, timers, files, pipes, children, sockets and signals work; a namespace is refused."""
    spec = spec_of(go_image, tmp_path)
    await runtime.start(await runtime.create(spec))
    answer = await asyncio.to_thread(ask, int(spec.publish_port))
    assert answer.keys() == DOES
    assert answer.pop("namespace") == "operation not permitted"
    assert answer == dict.fromkeys(answer, "ok")


@pytest.fixture(scope="module")
def script_image(
    python_image: str, engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageID]:
    """Python, which runs what is in /state."""
    folder, name = tmp_path_factory.mktemp("python"), "hershy-test-python-script:local"
    (folder / "Dockerfile").write_text(f'FROM {python_image}\nCMD ["python3", "-u", "/state/main.py"]\n')
    image, _ = engine.images.build(path=str(folder), tag=name, rm=True)
    yield ImageID(image.id)
    engine.images.remove(name, force=True)


async def test_a_python_program(runtime: DockerRuntime, script_image: ImageID, tmp_path: Path) -> None:
    """Threads, an event loop, children, name resolution and a database work: the C library finds its way around."""
    spec = spec_of(script_image, tmp_path)
    (Path(spec.state.handle) / "main.py").write_text(SCRIPT)
    container_id = await runtime.create(spec)
    await runtime.start(container_id)
    async with asyncio.timeout(DEADLINE_S):
        reason = await runtime.wait(container_id)
    lines = [line.text async for line in runtime.logs(container_id, LogQuery(tail=None))]
    assert reason.is_success, lines
    assert lines == ["thread", "child", "pool", "name", "database", "memory", "pipe"]


def ask(port: int) -> dict[str, Any]:
    last: Exception | None = None
    for _ in range(DEADLINE_S):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=DEADLINE_S) as answer:
                document: dict[str, Any] = json.load(answer)
                return document
        except OSError as error:
            last = error
            time.sleep(1)  # the engine's forwarder accepts, and breaks off, until the program listens
    raise AssertionError(f"no answer: {last}")
