"""What only a real engine can show of events, statistics, silence, and kills for memory; for both runtimes."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import ClassVar

import docker
import pytest

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, OwnerID, PublishPort
from hershy.core.resources import MIB
from hershy.programs.ports.runtime import ContainerEventKind, ContainerSpec, LogQuery, Runtime
from hershy.testing.contracts.local_runtime import LocalRuntimeContract
from hershy.testing.contracts.runtime import DEADLINE_S, collected, texts
from hershy_adapters.docker import _engine
from hershy_adapters.docker._container.kernel_log import was_killed_for_memory
from hershy_adapters.docker._container.policy import ContainerPolicy
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._output import logs as _logs
from hershy_adapters.docker.runtime import DockerRuntime

NETWORK = "hershy-test-runtime"


def remove_networks(engine: docker.DockerClient, base: str) -> None:
    """What tests that made no end of their containers by hershy have left of its networks."""
    for network in engine.networks.list(names=[f"{base}-"]):
        with contextlib.suppress(docker.errors.NotFound):
            network.remove()


def network_of(spec: ContainerSpec, base: str = NETWORK) -> str:
    return ContainerPolicy("runc", OwnerID("0" * 16), base).network_of(spec)


EAT = "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"

MakeScript = Callable[[str], ContainerSpec]


class EngineObservation(LocalRuntimeContract):
    """``other_ends``: how a program may end too, of which the kernel killed a child for its memory."""

    runtime_class: ClassVar[type[DockerRuntime]]
    runtime_name: ClassVar[str]
    other_ends: ClassVar[frozenset[ExitReason]] = frozenset()

    async def up(self, runtime: Runtime, spec: ContainerSpec) -> ContainerID:
        """Start it, and return once it has written its first line."""
        container_id = await self.started(runtime, spec)
        await self.first_line(runtime, container_id)
        return container_id

    async def http_status(self, port: PublishPort) -> bytes:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
                writer.write(b"GET /nothing HTTP/1.0\r\n\r\n")
                if answer := await reader.read(12):
                    return answer
            except ConnectionError:
                pass
            finally:
                with contextlib.suppress(UnboundLocalError):
                    writer.close()
            await asyncio.sleep(0.05)

    async def test_silence_is_survived(
        self, runtime: Runtime, owner: OwnerID, of_shell: MakeScript, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither events nor followed logs mind a silence, however long beyond what any other answer may take."""
        container_id = await self.up(runtime, of_shell("echo one; sleep 4; echo two"))
        for module in (_engine, _logs):
            monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 1.0)
        impatient = self.runtime_class(Engine(), owner, self.runtime_name, NETWORK)
        try:
            async with asyncio.timeout(DEADLINE_S), impatient.events() as events:
                lines = await collected(impatient.logs(container_id, LogQuery(follow=True)))
                assert (await anext(events)).kind is ContainerEventKind.EXITED
        finally:
            await impatient.aclose()
        assert texts(lines) == ["one", "two"]

    async def test_forged_labels(
        self, runtime: Runtime, owner: OwnerID, of_shell: MakeScript, witness: docker.DockerClient, busybox_image: str
    ) -> None:
        """A stranger's container with a program's labels, or with nonsense, is neither taken up nor in the way."""
        spec = of_shell("echo up; exec sleep 1000")
        container_id = await self.up(runtime, spec)
        own = {"hershy.owner": str(owner), "hershy.program-id": str(spec.program_id)}
        forged = [own | {"hershy.publish-port": port} for port in ("notanumber", "29999")]
        strangers = [
            witness.containers.run(busybox_image, ["sleep", "1000"], detach=True, labels=it)
            for it in (*forged, {**forged[0], "hershy.program-id": "x"})
        ]
        try:
            for listed in (await runtime.list_owned(), await runtime.list_owned(spec.program_id)):
                assert [it.container_id for it in listed] == [container_id]
            held = await runtime.published_ports()
        finally:
            for it in strangers:
                it.remove(force=True)
        assert spec.publish_port in held
        assert PublishPort(29_999) not in held

    async def test_memory_of_the_program_is_counted(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """What a program holds shows, and a file that it has written, which the kernel keeps cached, does not."""
        holding = "x=$(head -c 10485760 /dev/zero | tr '\\0' a); echo up; while true; do sleep 1; done"
        writing = "head -c 41943040 /dev/zero > /state/file; echo up; exec sleep 1000"
        held = await runtime.stats(await self.up(runtime, of_shell(holding)))
        written = await runtime.stats(await self.up(runtime, of_shell(writing)))
        assert held.memory_bytes >= 10 * MIB
        assert written.memory_bytes < 30 * MIB

    async def test_traffic_is_counted(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """A file that the program has served has gone out over the network, and the request for it has come in."""
        spec = of_shell("head -c 300000 /dev/zero > /state/file; echo up; exec httpd -f -p 8080 -h /state")
        container_id = await self.up(runtime, spec)
        async with asyncio.timeout(DEADLINE_S):
            await self.http_status(spec.publish_port)
            before = await runtime.stats(container_id)
            assert len(await fetched(spec.publish_port, "/file")) >= 300_000
        after = await runtime.stats(container_id)
        assert after.network_tx_bytes - before.network_tx_bytes >= 300_000
        assert after.network_rx_bytes > before.network_rx_bytes

    async def test_kill_for_memory_is_told_in_all_ways(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """By the exit's reason, when listed as when waited for, as an event, and in the kernel's log."""
        async with runtime.events() as events:
            container_id = await self.started(runtime, of_shell(f"echo eating; {EAT}"))
            reason = await self.ended(runtime, container_id)
            kinds = set()
            async with asyncio.timeout(DEADLINE_S):
                while ContainerEventKind.EXITED not in kinds:
                    kinds.add((await anext(events)).kind)
        assert reason.kind is ExitKind.OUT_OF_MEMORY
        (status,) = await runtime.list_owned()
        assert status.exit_reason == reason
        assert kinds <= {ContainerEventKind.STARTED, ContainerEventKind.OUT_OF_MEMORY, ContainerEventKind.EXITED}
        assert was_killed_for_memory(container_id)

    @pytest.mark.parametrize("code", [0, 3])
    async def test_child_killed_for_memory(self, runtime: Runtime, of_shell: MakeScript, code: int) -> None:
        """A program that outlives the kill of its child has ended as it says itself."""
        container_id = await self.started(runtime, of_shell(f"sh -c '{EAT}'; echo survived; exit {code}"))
        reason = await self.ended(runtime, container_id)
        assert was_killed_for_memory(container_id)
        survived = "survived" in texts(await collected(runtime.logs(container_id, LogQuery())))
        assert reason == ExitReason(ExitKind.CODE, code) if survived else reason in self.other_ends


async def fetched(port: PublishPort, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    with contextlib.closing(writer):
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return await reader.read(-1)
