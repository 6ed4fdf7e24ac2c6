"""What integration tests build on: an engine that answers, and base images made on this machine."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._network.bridge import ProgramNetworks

BUSYBOX_IMAGE = "hershy-test-busybox:local"
PYTHON_IMAGE = "hershy-base-python:local"
SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that is none of hershy's, to witness what hershy does."""
    try:
        _connect_to_socket()
        client = docker.from_env(timeout=30)
        client.ping()
    except (OSError, DockerException) as error:
        pytest.exit(f"no container engine answers ({error}); run scripts/engine-up.sh", returncode=1)
    yield client
    client.close()


@pytest.fixture(scope="session", autouse=True)
def _engine_answers(engine: docker.DockerClient) -> Iterator[None]:
    """Without an engine nothing here can run, and that is a failure, not a reason to skip."""
    yield
    asyncio.run(_prune_networks())


async def _prune_networks() -> None:
    """Hosts keep some for their next programs, with a routing rule for each."""
    connection = Engine()
    try:
        await ProgramNetworks(connection).prune()
    finally:
        await connection.aclose()


def _connect_to_socket() -> None:
    # The SDK leaves a socket open when nobody answers, and that warning would hide what is wrong.
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(host.removeprefix("unix://"))


@pytest.fixture(scope="session")
def busybox_image() -> str:
    """An image of busybox with every applet in ``/bin``, made once for each machine."""
    subprocess.run([SCRIPTS / "busybox-image.sh"], check=True, timeout=120)
    return BUSYBOX_IMAGE


@pytest.fixture(scope="session")
def python_image() -> str:
    """An image with ``python3`` on PATH, made once for each machine."""
    subprocess.run([SCRIPTS / "base-image.sh"], check=True, timeout=360)
    return PYTHON_IMAGE
