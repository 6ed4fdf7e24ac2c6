"""An engine whose operator has changed its defaults: what it makes otherwise than asked for is found and removed."""

import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import docker
import pytest

from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.errors import ContractViolation
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import StateVolume
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime

from .own_engine import OwnEngine

USER, BUILD = UserID("alice"), BuildID("build-0123456789ab")
CHANGED = {
    "bridge": "none",
    "log-driver": "json-file",
    "log-opts": {"max-file": "7", "labels": "secrets"},
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 99999, "Hard": 99999}},
    "default-ipc-mode": "shareable",
    "default-cgroupns-mode": "host",
    "no-new-privileges": True,
}


@pytest.fixture(scope="module")
def changed_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    engine = OwnEngine(tmp_path_factory.mktemp("engine"), CHANGED)
    engine.start()
    yield engine
    engine.end()


@pytest.fixture
async def runtime(changed_engine: OwnEngine) -> AsyncIterator[DockerRuntime]:
    runtime = DockerRuntime(Engine(changed_engine.host), OwnerID(secrets.token_hex(8)))
    yield runtime
    await runtime.aclose()


@pytest.fixture(scope="module")
def image(changed_engine: OwnEngine) -> Iterator[ImageID]:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"))
    client = docker.DockerClient(base_url=changed_engine.host)
    client.api.import_image_from_data(archive.getvalue(), repository="nothing", tag="local", changes=['CMD ["/file"]'])
    yield ImageID(client.images.get("nothing:local").id)
    client.close()


async def test_defaults_of_the_daemon_that_get_into_a_container(
    runtime: DockerRuntime, image: ImageID, tmp_path: Path
) -> None:
    """The field is named and the container gone; defaults that what is sent overrides are no difference."""
    program_id = ProgramID.compose(USER, BUILD, secrets.token_hex(4))
    spec = ContainerSpec(program_id, USER, BUILD, image, StateVolume(str(tmp_path)), PublishPort(23_998))
    with pytest.raises(ContractViolation) as refusal:
        await runtime.create(spec)
    assert "breaks the security contract: HostConfig.LogConfig should be" in str(refusal.value)
    assert "'labels': 'secrets'" in str(refusal.value)
    assert str(refusal.value).count(" should be ") == 1
    assert not await runtime.list_owned()
