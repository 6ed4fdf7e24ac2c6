"""Dockerfiles as people write them: accepted where the engine's own ``docker build`` accepts them, and served alike.

The bases have the names and the habits of public images, and are made here of busybox.
"""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from hershy.client import Client
from hershy.errors import InvalidValue
from hershy.programs.domain.patience import STARTING

from .host_process import serving

DOCKERFILES = Path(__file__).parent / "dockerfiles"
BASES = {
    "golang": "1.22",
    "jenkins": "lts",
    "nginx": "1.27-alpine",
    "node": "20-alpine",
    "onbuild": "latest",
    "postgres": "16",
    "python": "3.12-slim",
}
ENTRYPOINT = '#!/bin/sh\nset -e\nif [ "${1#-}" != "$1" ]; then set -- node "$@"; fi\nexec "$@"\n'
CONTEXT = {
    "index.html": "hello\n",
    "conf/app.conf": "key = value\n",
    "conf/log.conf": "level = info\n",
    "docker-entrypoint.sh": ENTRYPOINT,
}
BUILD_DEADLINE_S = 60


@pytest.fixture(scope="module")
def bases(busybox_image: str, engine: docker.DockerClient, context: Path) -> Iterator[None]:
    names = ["hershy-habits/busybox:latest"]
    engine.images.get(busybox_image).tag("hershy-habits/busybox", "latest")
    for base, tag in BASES.items():
        names.append(f"hershy-habits/{base}:{tag}")
        dockerfile = DOCKERFILES / "bases" / f"{base}.Dockerfile"
        assert is_built(dockerfile, context, "--build-arg", f"BASE={busybox_image}", "--tag", names[-1]), base
    engine.images.get("hershy-habits/nginx:1.27-alpine").tag("hershy-habits/nginx", "latest")
    yield
    for name in [*names, "hershy-habits/nginx:latest"]:
        engine.images.remove(name, force=True)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name, text in CONTEXT.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Client]]:
    with ExitStack() as stack:
        hosts = {
            runtime: stack.enter_context(serving(runtime, tmp_path_factory.mktemp(runtime) / "storage"))
            for runtime in ("runc", "runsc")
        }
        yield {runtime: stack.enter_context(Client(host.url)) for runtime, host in hosts.items()}


def is_built(dockerfile: Path, context: Path, *options: str) -> bool:
    command = ["docker", "build", "--quiet", "--file", str(dockerfile), *options, str(context)]
    return subprocess.run(command, capture_output=True, timeout=BUILD_DEADLINE_S, check=False).returncode == 0


def deployed(client: Client, dockerfile: str) -> str:
    """What the program answers, or how it ended where it was refused."""
    try:
        created = client.create_program("alice", dockerfile, CONTEXT)
    except InvalidValue as error:
        return f"refused: {error}"
    try:
        client.start(created.program_id)
        program = client.wait_for(created.program_id, {"Ready", "Error"}, STARTING)
        if program.state == "Error":
            return f"refused: {program.error_msg}"
        return client.request(created.program_id, "GET", "/index.html").text
    finally:
        client.delete(created.program_id)


@pytest.mark.usefixtures("bases")
@pytest.mark.parametrize("name", sorted(it.stem for it in DOCKERFILES.glob("*.Dockerfile")))
def test_as_docker_build_does(
    name: str, context: Path, clients: dict[str, Client], engine: docker.DockerClient
) -> None:
    """Accepted or refused alike; what is accepted answers alike under both runtimes."""
    dockerfile = DOCKERFILES / f"{name}.Dockerfile"
    tag = f"hershy-habits/of-docker:{name}"
    is_accepted = is_built(dockerfile, context, "--tag", tag)
    if is_accepted:
        engine.images.remove(tag, force=True)
    assert is_accepted != name.startswith("refused")
    text = dockerfile.read_bytes().decode()
    with ThreadPoolExecutor() as both:
        answers = dict(zip(clients, both.map(lambda client: deployed(client, text), clients.values()), strict=True))
    if is_accepted:
        assert answers == {"runc": "hello\n", "runsc": "hello\n"}
    else:
        assert all(it.startswith("refused: ") for it in answers.values()), answers
