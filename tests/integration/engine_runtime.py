"""What the tests of both runtimes on a real engine share: the contract suite, and a look from inside."""

import asyncio
import contextlib
import io
import itertools
import json
import random
import secrets
import socket
import tarfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.core.resources import MIB, ResourceLimits
from hershy.errors import ContractViolation
from hershy.programs.ports.runtime import ContainerSpec, LogStream, Runtime
from hershy.programs.ports.storage import StateVolume
from hershy.testing.contracts.local_runtime import HoldPort
from hershy.testing.contracts.runtime import (
    DEADLINE_S,
    FOREVER,
    Answers,
    Interruptible,
    MakeSpec,
    Script,
)
from hershy_adapters.docker._container import creation as _creation
from hershy_adapters.docker._container.hardening import create_config
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime

from .engine_images import EngineImages, built
from .engine_observation import NETWORK, MakeScript, network_of, remove_networks
from .relay import Relay

SCRIPT_IMAGE = "hershy-test-script:local"
USER, BUILD = UserID("alice"), BuildID("build-0123456789ab")
LIMITS = ResourceLimits(cpus=0.5, memory_bytes=64 * MIB, pids=32, open_files=100, log_bytes=4 * MIB)

_ports = itertools.count(random.randrange(24_000, 28_000))


def shell_of(script: Script) -> str:
    """The contract's script as a shell program."""
    lines = [f"echo '{text}'{' >&2' if stream is LogStream.STDERR else ''}" for stream, text in script.output]
    before = ["trap '' TERM"] if script.ignores_sigterm else []
    pause = [f"sleep {script.pause_before_exit.total_seconds()}"] if script.pause_before_exit else []
    if script.eats_memory:
        end = "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"
    elif script.serves:
        end = "exec httpd -f -p 8080 -h /state"
    elif script.is_busy:
        end = "while true; do :; done"
    elif script.exit_code is not None:
        end = f"exit {script.exit_code}"
    elif script.ignores_sigterm:
        end = "while true; do sleep 1; done"
    else:
        end = "exec sleep 100000"
    return "\n".join([*before, *lines, *pause, end]) + "\n"


@contextlib.contextmanager
def listening(port: PublishPort) -> Iterator[None]:
    """A stranger that listens on the port."""
    with socket.create_server(("127.0.0.1", int(port))):
        yield


class EngineRuntimeSuite(EngineImages):
    """The whole contract, then what only a real engine can show."""

    async def settle(self) -> None:
        await asyncio.sleep(0.2)  # the call is on its way to another process

    @pytest.fixture(scope="class")
    @classmethod
    def witness(cls, engine: docker.DockerClient) -> Iterator[docker.DockerClient]:
        """Another client of the same engine, to see what really is there. The tests' network ends with it."""
        yield engine
        remove_networks(engine, NETWORK)

    @pytest.fixture(scope="class")
    @classmethod
    def script_image(cls, witness: docker.DockerClient, busybox_image: str) -> Iterator[ImageID]:
        dockerfile = f'FROM {busybox_image}\nCMD ["/bin/sh", "/state/script.sh"]\n'
        yield built(witness, SCRIPT_IMAGE, dockerfile)
        witness.images.remove(SCRIPT_IMAGE, force=True)

    @pytest.fixture(scope="class")
    @classmethod
    def unstartable_image(cls, witness: docker.DockerClient) -> Iterator[ImageID]:
        """Nothing can be mounted below a file: where the engine tries that, no process can be started."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("file"))
        answer = witness.api.import_image_from_data(
            archive.getvalue(),
            repository="hershy-test-unstartable",
            tag="local",
            changes=["VOLUME /file/x", 'CMD ["/file"]'],
        )
        image_id = ImageID(json.loads(answer)["status"])
        yield image_id
        witness.images.remove(str(image_id), force=True)

    @pytest.fixture
    async def connection(self) -> AsyncIterator[Engine]:
        connection = Engine()
        yield connection
        await connection.aclose()

    @pytest.fixture
    def owner(self) -> OwnerID:
        return OwnerID(secrets.token_hex(8))

    @pytest.fixture
    def runtime(self, connection: Engine, owner: OwnerID, witness: docker.DockerClient) -> DockerRuntime:
        return self.runtime_class(connection, owner, self.runtime_name, NETWORK)

    @pytest.fixture
    def other_runtime(self, connection: Engine) -> DockerRuntime:
        return self.runtime_class(connection, OwnerID(secrets.token_hex(8)), self.runtime_name, NETWORK)

    @pytest.fixture
    def unreachable_runtime(self, tmp_path: Path) -> DockerRuntime:
        nobody = Engine(f"unix://{tmp_path}/nobody.sock")
        return self.runtime_class(nobody, OwnerID(secrets.token_hex(8)), self.runtime_name, NETWORK)

    @pytest.fixture
    async def interruptible(self, owner: OwnerID, tmp_path: Path) -> AsyncIterator[Interruptible]:
        """The engine's socket by way of a relay, which can be cut: the engine itself serves other tests too."""
        relay = Relay(tmp_path / "relay.sock")
        connection = Engine(f"unix://{relay.path}")
        await relay.open()
        yield Interruptible(self.runtime_class(connection, owner, self.runtime_name, NETWORK), relay.outage)
        await connection.aclose()
        await relay.aclose()

    @pytest.fixture
    def missing_image(self) -> ImageID:
        return ImageID("sha256:" + "1" * 64)

    @pytest.fixture
    def hold_port(self) -> HoldPort:
        return listening

    @pytest.fixture
    def answers(self) -> Answers:
        async def answers(endpoint: Endpoint, patience: timedelta) -> bool:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience.total_seconds()):
                    return bool(await self.http_status(PublishPort(endpoint.port)))
            return False

        return answers

    @pytest.fixture
    async def successor(self, owner: OwnerID) -> AsyncIterator[DockerRuntime]:
        runtime = self.runtime_class(Engine(), owner, self.runtime_name, NETWORK)
        yield runtime
        await runtime.aclose()

    @pytest.fixture
    def of_shell(self, tmp_path: Path, script_image: ImageID) -> MakeScript:
        """Gives a spec of a new program that runs a shell script."""

        def make(script: str) -> ContainerSpec:
            program_id = ProgramID.compose(USER, BUILD, secrets.token_hex(4))
            state = tmp_path / str(program_id) / "state"
            state.mkdir(parents=True)
            state.chmod(0o777)
            (state / "script.sh").write_text(script)
            port = PublishPort(next(_ports))
            return ContainerSpec(program_id, USER, BUILD, script_image, StateVolume(str(state)), port, resources=LIMITS)

        return make

    @pytest.fixture
    def make_spec(self, of_shell: MakeScript, unstartable_image: ImageID) -> MakeSpec:
        def make(script: Script) -> ContainerSpec:
            spec = of_shell(shell_of(script))
            return replace(spec, image_id=unstartable_image) if script.cannot_start else spec

        return make

    async def test_nothing_but_state_can_be_written(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Of all places in the container only /state takes a file."""
        script = """
        for place in / /tmp /dev /dev/shm /dev/mqueue /etc /bin /sys /proc /run /var /home /sys/fs/cgroup /state; do
            [ -d $place ] && (echo x > $place/hershy-probe) 2>/dev/null && echo wrote $place
        done
        find / -xdev -type d -writable 2>/dev/null | grep -v ^/proc
        echo $TMPDIR
        """
        lines = await self.output(runtime, of_shell(script))
        assert [line for line in lines if line.startswith("wrote")] == ["wrote /state"]
        assert lines[-1] == "/state"

    async def test_program_is_nobody(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """The program has an unprivileged id, no group beside its own, and no capability at all."""
        lines = await self.output(runtime, of_shell("id -u; id -G; grep ^Cap /proc/self/status"))
        assert lines[:2] == ["65532", "65532"]
        masks = {line.split()[1] for line in lines[2:]}
        assert masks == {"0" * 16}

    async def test_no_escalation(
        self, runtime: Runtime, of_shell: MakeScript, witness: docker.DockerClient, busybox_image: str
    ) -> None:
        """A set-uid program of root's gives nothing."""
        name = "hershy-test-setuid:local"
        dockerfile = f"""
        FROM {busybox_image}
        RUN mkdir /suid && cp /bin/busybox /suid/id && chmod 4755 /suid/id
        CMD ["/suid/id", "-u"]
        """
        image_id = built(witness, name, dockerfile)
        try:
            lines = await self.output(runtime, replace(of_shell(""), image_id=image_id))
        finally:
            witness.images.remove(name, force=True)
        assert lines == ["65532"]

    async def test_programs_cannot_reach_each_other(
        self, runtime: Runtime, of_shell: MakeScript, witness: docker.DockerClient
    ) -> None:
        """One program answers on its port to the Host, and on no address to another program."""
        serving = of_shell("echo up; exec httpd -f -p 8080 -h /state")
        container_id = await self.started(runtime, serving)
        async with asyncio.timeout(DEADLINE_S):
            assert (await self.http_status(serving.publish_port)).endswith(b" 404")
        networks = witness.containers.get(str(container_id)).attrs["NetworkSettings"]["Networks"]
        address = networks[network_of(serving)]["IPAddress"]
        assert address
        lines = await self.output(runtime, of_shell(f"nc -w 2 {address} 8080 </dev/null && echo reached; echo end"))
        assert "end" in lines
        assert "reached" not in lines

    async def test_limits_hold_inside(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Open files and core dumps are bounded as asked for."""
        assert await self.output(runtime, of_shell("ulimit -n; ulimit -q")) == ["100", "0"]

    # The engine

    async def test_network_is_made_again(
        self, runtime: DockerRuntime, make_spec: MakeSpec, witness: docker.DockerClient
    ) -> None:
        """A network that somebody removed between creation and start is there again at the start."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        witness.networks.get(network_of(spec)).remove()
        await runtime.start(container_id)
        options = witness.networks.get(network_of(spec)).attrs["Options"]
        assert options["com.docker.network.bridge.enable_icc"] == "false"

    async def test_file_of_the_wrong_owner_is_readable_output(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Output that is not UTF-8 comes with replacement characters; a last line without its end comes too."""
        lines = await self.output(runtime, of_shell(r"printf 'a\377b\nlast'"))
        assert lines == ["a\N{REPLACEMENT CHARACTER}b", "last"]

    async def test_exit_by_itself_beats_a_later_stop(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """A program that handles SIGTERM ends with the code it chose."""
        spec = of_shell("trap 'exit 7' TERM; echo up; while true; do sleep 0.1; done")
        container_id = await self.started(runtime, spec)
        await self.first_line(runtime, container_id)
        await runtime.stop(container_id, timedelta(seconds=10))
        assert await self.ended(runtime, container_id) == ExitReason(ExitKind.CODE, 7)

    async def test_cancelled_create_at_any_moment(
        self, runtime: Runtime, make_spec: MakeSpec, witness: docker.DockerClient
    ) -> None:
        """Nothing is left after a creation cancelled while the engine works on it."""
        for delay_s in (0.001, 0.005, 0.01, 0.02, 0.04):
            spec = make_spec(FOREVER)
            creation = asyncio.ensure_future(runtime.create(spec))
            await asyncio.wait({creation}, timeout=delay_s)
            creation.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runtime.remove(await creation)
            assert not await runtime.list_owned()
            with pytest.raises(docker.errors.NotFound):
                witness.containers.get(f"hersh-program-{spec.program_id}")

    async def test_start_cancelled_at_any_moment(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A container whose start was cancelled can be removed, running or not."""
        for delay_s in (0.0, 0.02, 0.1, 0.3):
            container_id = await runtime.create(make_spec(FOREVER))
            starting = asyncio.ensure_future(runtime.start(container_id))
            await asyncio.wait({starting}, timeout=delay_s)
            starting.cancel()
            await asyncio.wait({starting})
            await runtime.stop(container_id, timedelta())
            await runtime.remove(container_id)
            assert not await runtime.list_owned()

    async def test_container_that_breaks_the_contract_is_removed(
        self, runtime: Runtime, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Should the engine make a container otherwise than the contract says, it is removed and the field named."""

        def loosened(*arguments: Any) -> dict[str, Any]:
            config = create_config(*arguments)
            del config["HostConfig"]["CapDrop"]
            return config

        monkeypatch.setattr(_creation, "create_config", loosened)
        with pytest.raises(ContractViolation, match=r"HostConfig.CapDrop should be \['ALL'\] and is None"):
            await runtime.create(make_spec(FOREVER))
        assert not await runtime.list_owned()

    async def test_network_without_isolation_is_refused(
        self, connection: Engine, make_spec: MakeSpec, witness: docker.DockerClient
    ) -> None:
        """A network of this name that lets programs reach each other is not used, and not touched."""
        base, spec = f"{NETWORK}-open", make_spec(FOREVER)
        name = network_of(spec, base)
        network = witness.networks.create(name, driver="bridge")
        runtime = self.runtime_class(connection, OwnerID("e" * 16), self.runtime_name, base)
        try:
            with pytest.raises(ContractViolation, match=f"docker network rm {name}"):
                await runtime.create(spec)
            assert not await runtime.list_owned()
            network.reload()
        finally:
            network.remove()

    async def test_hosts_make_the_network_together(
        self, connection: Engine, make_spec: MakeSpec, witness: docker.DockerClient
    ) -> None:
        """Of several Hosts that start at once each gets its container, on one network where they have one port."""
        base = f"{NETWORK}-race"
        specs = [make_spec(FOREVER) for _ in range(4)]
        specs = [replace(it, publish_port=specs[0].publish_port) for it in specs]
        name = network_of(specs[0], base)
        owners = [OwnerID(letter * 16) for letter in "abcd"]
        runtimes = [self.runtime_class(connection, owner, self.runtime_name, base) for owner in owners]
        try:
            made = await asyncio.gather(*(runtime.create(spec) for runtime, spec in zip(runtimes, specs, strict=True)))
            assert len(witness.networks.list(names=[name])) == 1
            await asyncio.gather(*(runtimes[0].remove(container_id) for container_id in made))
        finally:
            remove_networks(witness, base)
