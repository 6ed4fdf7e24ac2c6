"""What integration tests build on: an engine that answers, and base images made on this machine."""

import io
import os
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

BUSYBOX = Path("/bin/busybox")
BUSYBOX_IMAGE = "hershy-test-busybox:local"
PYTHON_IMAGE = "hershy-base-python:local"
BASE_IMAGE_SCRIPT = Path(__file__).parents[2] / "scripts" / "base-image.sh"


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
def _engine_answers(engine: docker.DockerClient) -> None:
    """Without an engine nothing here can run, and that is a failure, not a reason to skip."""


def _connect_to_socket() -> None:
    # The SDK leaves a socket open when nobody answers, and that warning would hide what is wrong.
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            probe.connect(host.removeprefix("unix://"))


@pytest.fixture(scope="session")
def busybox_image(engine: docker.DockerClient) -> str:
    """An image of busybox with every applet in ``/bin``, made once for each machine."""
    try:
        engine.images.get(BUSYBOX_IMAGE)
    except ImageNotFound:
        repository, _, tag = BUSYBOX_IMAGE.partition(":")
        changes = ["ENV PATH=/bin", 'CMD ["/bin/sh"]']
        engine.api.import_image_from_data(_busybox_root(), repository=repository, tag=tag, changes=changes)
    return BUSYBOX_IMAGE


@pytest.fixture(scope="session")
def python_image() -> str:
    """An image with ``python3`` on PATH, made once for each machine."""
    subprocess.run([BASE_IMAGE_SCRIPT], check=True, timeout=360)
    return PYTHON_IMAGE


def _busybox_root() -> bytes:
    assert BUSYBOX.exists(), f"{BUSYBOX} is missing: apt-get install -y busybox-static"
    applets = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True, timeout=30).stdout
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder, mode in [("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777)]:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        archive.add(BUSYBOX, "bin/busybox")
        for applet in applets.split():
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        users = b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(users)
        archive.addfile(entry, io.BytesIO(users))
    return buffer.getvalue()
