"""How one adapter encloses all of its containers, and what a container takes over from its image."""

import hashlib
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hershy.core.ids import OwnerID
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.security import PROGRAM_PORT, SecurityContract
from hershy.programs.ports.runtime import ContainerSpec

from .seccomp import SeccompProfile, own_profile

PORT_KEY = f"{PROGRAM_PORT}/tcp"
NO_NETWORK = "none"
"""The engine's name for a network of a container's own with nothing in it but the loopback device."""
REAPER_PIDS = 1
"""The engine's init, which forwards SIGTERM to the program and reaps its orphans, counts as a process."""
PORTS_PER_NETWORK = 125
"""Half of what a network's subnet has addresses for (see ``_network/bridge.py``): Hosts on one engine share it."""
KILLED_CODE = 128 + signal.SIGKILL

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a container would take over from its image: the user, writable places it declares, and where it begins.

    Paths are absolute and clean.
    """

    user: str = ""
    volumes: tuple[str, ...] = ()
    working_dir: str = "/"


@dataclass(frozen=True, slots=True)
class ContainerPolicy:
    """How one runtime adapter encloses all of its programs.

    ``runtime`` is the name the engine knows it by. The engine counts ``own_pids`` for the runtime itself and
    ``pids_per_process`` for each process of the program. ``counts_inside``: the runtime's own kernel counts processes
    and threads of this container alone, so that it refuses one too many itself (RLIMIT_NPROC, which the machine's
    kernel would count over all containers of a user). A program that the kernel kills for its memory ends with one of
    ``killed_codes``. ``resolv_conf`` names the resolvers that programs with egress are given; without it they ask the
    engine. ``network`` is what the names of the users' networks begin with.
    """

    runtime: str
    owner: OwnerID
    network: str = "hershy"
    contract: SecurityContract = field(default_factory=SecurityContract)
    own_pids: int = REAPER_PIDS
    pids_per_process: int = 1
    counts_inside: bool = False
    killed_codes: frozenset[int] = frozenset({KILLED_CODE})
    seccomp: SeccompProfile = field(default_factory=own_profile)
    resolv_conf: Path | None = None

    @property
    def security_options(self) -> list[str]:
        privileges = ["no-new-privileges:true"] if self.contract.no_new_privileges else []
        return [*privileges, self.seccomp.option]

    def pids_limit(self, processes: int) -> int:
        return self.own_pids + self.pids_per_process * processes

    def process_limits(self, processes: int) -> dict[str, int]:
        return {"nproc": REAPER_PIDS + processes} if self.counts_inside else {}

    def network_of(self, spec: ContainerSpec) -> str:
        """Of the user's programs alone, as many as its subnet has room for, by a name that tells nobody who that is."""
        if spec.egress is Egress.NONE:
            return NO_NETWORK
        assert spec.publish_port is not None, "programs here are leased one"
        key = f"{spec.user_id}/{int(spec.publish_port) // PORTS_PER_NETWORK}"
        return f"{self.network}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def ports_of(self, spec: ContainerSpec) -> Config:
        """What the engine publishes: nothing of a container that it has no network to reach by."""
        if spec.egress is Egress.NONE:
            return {}
        return {PORT_KEY: [{"HostIp": self.contract.publish_address, "HostPort": str(spec.publish_port)}]}

    def resolv_conf_of(self, spec: ContainerSpec) -> Path | None:
        return None if spec.egress is Egress.NONE else self.resolv_conf
