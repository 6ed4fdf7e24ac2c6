"""DockerRuntime with runc on a real engine."""

import asyncio
from pathlib import Path

import pytest

from hershy.core.ids import ContainerID, OwnerID
from hershy.errors import EngineUnavailable
from hershy.programs.ports.runtime import LogQuery, Runtime
from hershy.testing.contracts.runtime import collected
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.runtime import DockerRuntime

from .engine_observation import MakeScript
from .engine_runtime import EngineRuntimeSuite


class TestDockerRuntime(EngineRuntimeSuite):
    runtime_class = DockerRuntime
    runtime_name = "runc"

    async def test_kernel_filters_system_calls(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """The kernel itself says: no new privileges, a seccomp filter."""
        lines = await self.output(runtime, of_shell("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status"))
        assert [line.split() for line in lines] == [["NoNewPrivs:", "1"], ["Seccomp:", "2"]]

    async def test_processes_are_counted(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Each process of the program counts, and the engine's init."""
        container_id = await self.up(runtime, of_shell("sleep 1000 & sleep 1000 & echo up; wait"))
        assert (await runtime.stats(container_id)).pids == 4

    async def test_processes_are_bounded(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Of the processes it tries to make, a program gets as many as its limit says, itself included."""
        fork = "i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); echo $i; done"
        lines = await self.output(runtime, of_shell(fork))
        assert "31" in lines
        assert "33" not in lines


async def test_engine_that_goes_away(tmp_path: Path) -> None:
    """An engine that drops the connection while it is waited on gives EngineUnavailable, not an exit."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        body = b'{"ApiVersion": "1.45"}' if b"/version " in request else None
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
        if body is None:
            writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        else:
            writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    socket = tmp_path / "engine.sock"
    server = await asyncio.start_unix_server(answer, socket)
    runtime = DockerRuntime(Engine(f"unix://{socket}"), OwnerID("f" * 16))
    try:
        with pytest.raises(EngineUnavailable):
            await runtime.wait(ContainerID("1" * 64))
        with pytest.raises(EngineUnavailable):
            await collected(runtime.logs(ContainerID("1" * 64), LogQuery(follow=True)))
    finally:
        await runtime.aclose()
        server.close()
        await server.wait_closed()
