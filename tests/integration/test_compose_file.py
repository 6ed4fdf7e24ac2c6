"""The Compose file of a program makes the same container as the runtime does."""

import asyncio
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.core.resources import MIB, ResourceLimits
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import StateVolume
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._network.bridge import INTER_CONTAINER
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

from .engine_observation import remove_networks

NETWORK = "hershy-test-compose"
USER = UserID("Alice.B")
COMPOSE = ["docker", "compose"]

OWN_NAMES = {"NetworkMode"}
"""A Compose project has a network of its own, which is compared by its options."""
UNKNOWN_TO_THE_RUNTIME = {"Hostname", "Image", "Labels", "AttachStdout", "AttachStderr", "Volumes", "OnBuild"}
"""Names, and what says only how the container was made; images and labels are compared apart."""


@pytest.fixture
def spec(engine: docker.DockerClient, busybox_image: str, tmp_path: Path) -> Iterator[ContainerSpec]:
    """A program with an awkward name and environment, of an image that has the name of its build."""
    build_id = BuildID(f"build-{secrets.token_hex(6)}")
    image = engine.images.get(busybox_image)
    image.tag(f"hersh-program-{build_id}")
    state = tmp_path / "state"
    state.mkdir()
    yield ContainerSpec(
        ProgramID.compose(USER, build_id, "0123abcd"),
        USER,
        build_id,
        ImageID(image.id),
        StateVolume(str(state)),
        PublishPort(23_999),
        env={"MONEY": "$HOME ${X:-y} $$", "TEXT": "a: 'b'\n# \"c\"", "NO": "no", "EMPTY": ""},
        resources=ResourceLimits(cpus=0.25, memory_bytes=48 * MIB, pids=77, open_files=123, log_bytes=MIB),
    )
    engine.images.remove(f"hersh-program-{build_id}")


def compose(file: Path, *arguments: str) -> None:
    subprocess.run([*COMPOSE, "-f", file, *arguments], check=True, capture_output=True, text=True, timeout=60)


def normal(value: Any) -> Any:
    """The engine gives some empty values as null, and lists of pairs in no particular order."""
    if isinstance(value, dict):
        return {key: normal(it) for key, it in value.items() if it or it is False}
    if isinstance(value, list):
        return sorted((normal(it) for it in value), key=repr)
    return value


def without(account: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in account.items() if key not in keys}


async def account_by_runtime(
    runtime_class: type[DockerRuntime], name: str, spec: ContainerSpec, engine: docker.DockerClient
) -> tuple[dict[str, Any], str]:
    connection = Engine()
    runtime = runtime_class(connection, OwnerID("d" * 16), name, NETWORK)
    try:
        container_id = await runtime.create(spec)
        account = await asyncio.to_thread(engine.api.inspect_container, str(container_id))
        await runtime.remove(container_id)
        return account, await runtime.compose_file(spec)
    finally:
        await runtime.aclose()
        remove_networks(engine, NETWORK)


@pytest.mark.parametrize(("runtime_class", "name"), [(DockerRuntime, "runc"), (GVisorRuntime, "runsc")])
async def test_compose_makes_the_same_container(
    runtime_class: type[DockerRuntime],
    name: str,
    spec: ContainerSpec,
    engine: docker.DockerClient,
    tmp_path: Path,
) -> None:
    """Field by field, the engine's account of both containers is the same."""
    expected, text = await account_by_runtime(runtime_class, name, spec, engine)
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    compose(file, "create")
    try:
        found = engine.api.inspect_container(f"hersh-program-{spec.program_id}")
        network = engine.networks.get(found["HostConfig"]["NetworkMode"])
        assert network.attrs["Options"][INTER_CONTAINER] == "false"
        assert not network.attrs["Internal"]
    finally:
        compose(file, "down", "--volumes")
    assert normal(without(found["HostConfig"], OWN_NAMES)) == normal(without(expected["HostConfig"], OWN_NAMES))
    assert normal(without(found["Config"], UNKNOWN_TO_THE_RUNTIME)) == normal(
        without(expected["Config"], UNKNOWN_TO_THE_RUNTIME)
    )
    assert normal(found["Mounts"]) == normal(expected["Mounts"])
    assert (found["Image"], found["Name"]) == (expected["Image"], expected["Name"])
    assert found["Config"]["Labels"].items() >= expected["Config"]["Labels"].items()
