"""GVisorRuntime: containers whose system calls are answered by gVisor, never by the machine's kernel."""

from dataclasses import replace
from typing import ClassVar

from hershy.domain.ids import OwnerID
from hershy.ports.adapter import AdapterContext
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._hardening import Enclosure
from hershy_adapters.docker._seccomp import SeccompProfile, load_profile
from hershy_adapters.docker.runtime import DockerRuntime

SANDBOX_PIDS = 64
"""What the sandbox itself takes: about 40 threads were counted."""
PIDS_PER_PROCESS = 3
"""What it takes for each process of the program: 2.2 were counted. Without them it would die, not refuse a fork."""
STUB_KILLED_CODE = 1
"""The sandbox is several processes to the kernel. Mostly it kills the one that stands for the program, and gVisor then
reports this code for the program; else it kills all of the sandbox, with the code that a kill has everywhere."""


class GVisorRuntime(DockerRuntime):
    """Refuses to create where the engine does not know gVisor; the engine's answer is the check."""

    remedy: ClassVar[str] = (
        "install gVisor (Debian: 'apt-get install runsc'), register it with 'runsc install' or under 'runtimes' in "
        "/etc/docker/daemon.json, and send dockerd SIGHUP; hershy does not fall back to another runtime"
    )

    def __init__(
        self,
        engine: Engine,
        owner: OwnerID,
        runtime_name: str = "runsc",
        network: str = "hershy",
        seccomp: SeccompProfile | None = None,
    ) -> None:
        super().__init__(engine, owner, runtime_name, network, seccomp)

    @classmethod
    def enclosure(cls, runtime_name: str, owner: OwnerID, network: str) -> Enclosure:
        plain = super().enclosure(runtime_name, owner, network)
        return replace(
            plain,
            own_pids=SANDBOX_PIDS,
            pids_per_process=PIDS_PER_PROCESS,
            killed_codes=plain.killed_codes | {STUB_KILLED_CODE},
        )


def create(context: AdapterContext) -> GVisorRuntime:
    network = context.option("docker_network", "hershy")
    seccomp = load_profile(context.option("seccomp_profile", ""))
    return GVisorRuntime(Engine.of(context), context.owner, context.adapter_name, network, seccomp)
