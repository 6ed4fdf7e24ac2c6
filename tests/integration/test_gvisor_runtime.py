"""GVisorRuntime on a real engine that knows runsc."""

from pathlib import Path

import docker
import pytest

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import OwnerID
from hershy.errors import RuntimeFailure
from hershy.programs.ports.runtime import Runtime
from hershy.testing.contracts.runtime import FOREVER, MakeSpec
from hershy_adapters.docker._engine import Engine
from hershy_adapters.gvisor.runtime import GVisorRuntime

from .engine_observation import NETWORK, MakeScript
from .engine_runtime import EngineRuntimeSuite


class TestGVisorRuntime(EngineRuntimeSuite):
    runtime_class = GVisorRuntime
    runtime_name = "runsc"
    # The kernel may choose the whole sandbox.
    other_ends = frozenset({ExitReason(ExitKind.OUT_OF_MEMORY, 137)})

    async def test_kernel_is_gvisor(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """The program sees gVisor's kernel, not the machine's."""
        lines = await self.output(runtime, of_shell("cat /proc/version"))
        assert lines[-1].startswith("Linux version 4.4.0")
        assert "4.4.0" not in Path("/proc/version").read_text()

    async def test_many_processes_run(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """The sandbox has room for as many processes as the program may have."""
        fork = "i=0; while [ $i -lt 30 ]; do sleep 30 & i=$((i+1)); done; echo $i; kill $(jobs -p); exit 0"
        assert "30" in await self.output(runtime, of_shell(fork))

    async def test_refuses_an_engine_without_gvisor(
        self, connection: Engine, make_spec: MakeSpec, witness: docker.DockerClient
    ) -> None:
        """An engine that lacks the runtime gets no container, and the error says how to mend it."""
        runtime = GVisorRuntime(connection, OwnerID("c" * 16), "runsc-that-is-not-there", NETWORK)
        with pytest.raises(RuntimeFailure, match="install gVisor"):
            await runtime.create(make_spec(FOREVER))
        assert not await runtime.list_owned()
        missing = [finding for finding in await runtime.diagnose() if not finding.ok]
        assert [finding.name for finding in missing] == ["runtime runsc-that-is-not-there"]
        assert "install gVisor" in missing[0].remedy
