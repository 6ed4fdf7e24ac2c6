"""A program that is no Python runs under hershy's seccomp profile: one in Go, linked statically, with a runtime of its own."""

import asyncio
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from hershy.domain.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.ports.runtime import ContainerSpec
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

from .engine_runtime import NETWORK

SOURCE = Path(__file__).with_name("go_program") / "main.go"
DEADLINE_S = 60
DOES = {"goroutines", "timers", "files", "pipes", "child", "network", "signals", "memory", "namespace"}
"""What the program tries; all but the last must work."""


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
async def runtime(request: pytest.FixtureRequest) -> AsyncIterator[DockerRuntime]:
    runtime_class, name = request.param
    runtime: DockerRuntime = runtime_class(Engine(), OwnerID(secrets.token_hex(8)), name, NETWORK)
    yield runtime
    for status in await runtime.list_owned():
        await runtime.remove(status.container_id)
    await runtime.aclose()


async def test_a_go_program(runtime: DockerRuntime, go_image: ImageID, tmp_path: Path) -> None:
    """Threads, timers, files, pipes, children, sockets and signals work; a namespace is refused."""
    user, build = UserID("alice"), BuildID("build-0123456789ab")
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o777)
    port = PublishPort(23_000 + secrets.randbelow(900))
    spec = ContainerSpec(ProgramID.compose(user, build, secrets.token_hex(4)), user, build, go_image, port, state)
    await runtime.start(await runtime.create(spec))
    answer = await asyncio.to_thread(ask, int(port))
    assert answer.keys() == DOES
    assert answer.pop("namespace") == "operation not permitted"
    assert answer == dict.fromkeys(answer, "ok")


def ask(port: int) -> dict[str, Any]:
    last: Exception | None = None
    for _ in range(DEADLINE_S):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=DEADLINE_S) as answer:
                document: dict[str, Any] = json.load(answer)
                return document
        except OSError as error:
            last = error
    raise AssertionError(f"no answer: {last}")
