"""What images declare, and what becomes of it in a container: the part of the tests of both runtimes."""

import io
import tarfile
from dataclasses import replace

import docker
import pytest

from hershy.core.ids import ImageID
from hershy.core.resources import MIB
from hershy.programs.ports.runtime import ContainerSpec, LogQuery, Runtime
from hershy.testing.contracts.runtime import collected, texts

from .engine_observation import EngineObservation, MakeScript


def built(client: docker.DockerClient, name: str, dockerfile: str) -> ImageID:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile.encode())
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    image, _ = client.images.build(fileobj=io.BytesIO(context.getvalue()), custom_context=True, tag=name, rm=True)
    return ImageID(image.id)


class EngineImages(EngineObservation):
    async def output(self, runtime: Runtime, spec: ContainerSpec) -> list[str]:
        """Run to the end; what the program wrote."""
        container_id = await self.started(runtime, spec)
        await self.ended(runtime, container_id)
        return texts(await collected(runtime.logs(container_id, LogQuery(tail=None))))

    # From inside

    async def test_volumes_of_the_image_are_masked(
        self, runtime: Runtime, of_shell: MakeScript, witness: docker.DockerClient, busybox_image: str
    ) -> None:
        """An image's VOLUME gives no second writable place, and leaves no volume behind."""
        name = "hershy-test-volume:local"
        dockerfile = f'FROM {busybox_image}\nVOLUME /data /state /tmp\nCMD ["sh", "/state/script.sh"]\n'
        image_id = built(witness, name, dockerfile)
        volumes = {volume.id for volume in witness.volumes.list()}
        spec = replace(of_shell("echo x > /data/x; echo y > /state/y; ls /state"), image_id=image_id)
        try:
            lines = await self.output(runtime, spec)
            assert not {volume.id for volume in witness.volumes.list()} - volumes
        finally:
            for status in await runtime.list_owned():
                await runtime.remove(status.container_id)
            witness.images.remove(name, force=True)
        assert "y" in lines
        assert any("Read-only file system" in line for line in lines)

    async def test_scratch(self, runtime: Runtime, of_shell: MakeScript, witness: docker.DockerClient) -> None:
        """Asked for, /tmp and /dev/shm can be written up to its size, and nothing there can be executed."""
        script = r"""
        for place in /tmp /dev/shm; do
            ls -A $place
            head -c 3000000 /dev/zero > $place/x && echo wrote $place
            head -c 3000000 /dev/zero > $place/y || echo full $place
            printf '#!/bin/sh\necho ran' > $place/z; chmod +x $place/z; $place/z
        done
        echo $TMPDIR; pwd
        """
        spec = of_shell(script)
        spec = replace(spec, resources=replace(spec.resources, scratch_bytes=4 * MIB))
        lines = await self.output(runtime, spec)
        told = [line for line in lines if not line.startswith(("head:", "sh:", "/state/script.sh"))]
        assert told == ["wrote /tmp", "full /tmp", "wrote /dev/shm", "full /dev/shm", "/tmp", "/"]
        (account,) = [witness.api.inspect_container(str(it.container_id)) for it in await runtime.list_owned()]
        assert {it["Target"] for it in account["HostConfig"]["Mounts"] if "TmpfsOptions" in it} == {"/tmp", "/dev/shm"}

    @pytest.mark.parametrize(
        ("instructions", "script", "expected"),
        [
            ("HEALTHCHECK --interval=1s --retries=2 CMD true", "echo up", ["up"]),
            (
                'VOLUME ["//data", "/var/www/html/", "/tmp/", "/state/", "/a/./b"]',
                "echo x > /state/x; ls /state",
                ["x"],
            ),
            ("WORKDIR /tmp/x", "pwd; touch y || echo empty", ["/tmp/x", "empty"]),
            ("VOLUME /data\nWORKDIR /data/x", "pwd; touch y || echo empty", ["/data/x", "empty"]),
            ("WORKDIR /state/a/b", "pwd; touch y && ls", ["/state/a/b", "y"]),
            ("WORKDIR /srv/x", "pwd", ["/srv/x"]),
        ],
    )
    async def test_images_as_people_write_them(
        self,
        runtime: Runtime,
        of_shell: MakeScript,
        witness: docker.DockerClient,
        busybox_image: str,
        instructions: str,
        script: str,
        expected: list[str],
    ) -> None:
        """They start, and find their places, alike under every runtime."""
        name = "hershy-test-habits:local"
        image_id = built(witness, name, f'FROM {busybox_image}\n{instructions}\nCMD ["sh", "/state/script.sh"]\n')
        try:
            lines = await self.output(runtime, replace(of_shell(script), image_id=image_id))
        finally:
            for status in await runtime.list_owned():
                await runtime.remove(status.container_id)
            witness.images.remove(name, force=True)
        assert [it for it in lines if "Read-only" not in it and it != "script.sh"] == expected

    async def test_image_user_is_honoured_unless_privileged(
        self, runtime: Runtime, of_shell: MakeScript, witness: docker.DockerClient, busybox_image: str
    ) -> None:
        """A plain number is taken from the image; root and names are not."""
        for user, expected in (("1234", "1234 1234"), ("1234:77", "1234 77"), ("0", "65532 65532")):
            name = "hershy-test-user:local"
            dockerfile = f'FROM {busybox_image}\nUSER {user}\nCMD ["sh", "/state/script.sh"]\n'
            image_id = built(witness, name, dockerfile)
            try:
                spec = replace(of_shell("echo $(id -u) $(id -g)"), image_id=image_id)
                assert await self.output(runtime, spec) == [expected]
                for status in await runtime.list_owned():
                    await runtime.remove(status.container_id)
            finally:
                witness.images.remove(name, force=True)
