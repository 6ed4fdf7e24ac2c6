"""DockerRuntime with runc on a real engine."""

from hershy.ports.runtime import Runtime
from hershy_adapters.docker.runtime import DockerRuntime

from .engine_runtime import EngineRuntimeSuite, MakeScript


class TestDockerRuntime(EngineRuntimeSuite):
    runtime_class = DockerRuntime
    runtime_name = "runc"

    async def test_kernel_filters_system_calls(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """The kernel itself says: no new privileges, a seccomp filter."""
        lines = await self.output(runtime, of_shell("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status"))
        assert [line.split() for line in lines] == [["NoNewPrivs:", "1"], ["Seccomp:", "2"]]

    async def test_processes_are_bounded(self, runtime: Runtime, of_shell: MakeScript) -> None:
        """Of the processes it tries to make, a program gets as many as its limit says, itself included."""
        fork = "i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i+1)); echo $i; done"
        lines = await self.output(runtime, of_shell(fork))
        assert "31" in lines
        assert "33" not in lines
