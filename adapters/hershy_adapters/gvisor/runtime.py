"""GVisorRuntime: containers whose system calls are answered by gVisor, never by the machine's kernel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from hershy.core.adapter import AdapterContext
from hershy.core.diagnosis import Requirement
from hershy.core.ids import OwnerID
from hershy_adapters.docker._container.policy import ContainerPolicy
from hershy_adapters.docker._errors import translated
from hershy_adapters.docker.runtime import DockerRuntime

SANDBOX_PIDS = 64
"""What the sandbox itself takes: about 40 threads were counted."""
PIDS_PER_PROCESS = 3
"""What it takes for each process of the program: 2.2 were counted. Without them it would die: its own kernel is what
refuses one too many."""
SHARED_NETWORK_STACK = "--network=host"
"""Of gVisor's: the kernel's network stack instead of its own. The network is the container's either way."""
OWN_FILTER = "--oci-seccomp"
"""Has gVisor's kernel filter system calls by the container's seccomp profile, which it leaves out otherwise."""
STUB_KILLED_CODE = 1
"""The sandbox is several processes to the kernel. Mostly it kills the one that stands for the program, and gVisor then
reports this code for the program; else it kills all of the sandbox, with the code that a kill has everywhere."""


class GVisorRuntime(DockerRuntime):
    """Refuses to create where the engine does not know gVisor; the engine's answer is the check."""

    usual_name: ClassVar[str] = "runsc"
    remedy: ClassVar[str] = (
        "install gVisor (Debian: 'apt-get install runsc'), register it with 'runsc install' or under 'runtimes' in "
        "/etc/docker/daemon.json, and send dockerd SIGHUP; hershy does not fall back to another runtime"
    )

    @classmethod
    def policy(cls, runtime_name: str, owner: OwnerID, network: str) -> ContainerPolicy:
        plain = super().policy(runtime_name, owner, network)
        return replace(
            plain,
            own_pids=SANDBOX_PIDS,
            pids_per_process=PIDS_PER_PROCESS,
            counts_inside=True,
            killed_codes=plain.killed_codes | {STUB_KILLED_CODE},
        )

    async def diagnose(self) -> Sequence[Requirement]:
        findings = await super().diagnose()
        return [*findings, await self._filter_finding()] if all(it.ok for it in findings if it.required) else findings

    async def obstacle_to_forwarding(self) -> str:
        return await super().obstacle_to_forwarding() or await self._obstacle_of_own_network_stack()

    async def _obstacle_of_own_network_stack(self) -> str:
        """Its own stack keeps the loopback device inside the sandbox, where nothing from outside connects to."""
        name = self._policy.runtime
        if SHARED_NETWORK_STACK in await self._arguments():
            return ""
        return (
            f"the runtime {name} brings its own network stack, or does not say that it shares the machine's; "
            f'register it with "runtimeArgs": ["{SHARED_NETWORK_STACK}"] in /etc/docker/daemon.json'
        )

    async def _filter_finding(self) -> Requirement:
        """Not required: what it would refuse meets gVisor's kernel, not the machine's. ``hershy verify`` wants it."""
        name, about = self._policy.runtime, "seccomp inside gVisor"
        if OWN_FILTER in await self._arguments():
            return Requirement(about, True, f"the runtime {name} holds programs to their seccomp profile")
        return Requirement(
            about,
            False,
            f"the runtime {name} leaves seccomp profiles out, so that a program can make user namespaces in gVisor",
            f'add "{OWN_FILTER}" to its "runtimeArgs" in /etc/docker/daemon.json, and send dockerd SIGHUP',
            required=False,
        )

    async def _arguments(self) -> Sequence[str]:
        name = self._policy.runtime
        with translated("asking the engine for the runtime", name):
            info = await self._engine.client.system.info()
        arguments: Sequence[str] = ((info.get("Runtimes") or {}).get(name) or {}).get("runtimeArgs") or ()
        return arguments


def create(context: AdapterContext) -> GVisorRuntime:
    return GVisorRuntime.of(context)
