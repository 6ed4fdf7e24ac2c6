"""What is sent to the engine to make a container: a spec, with every security contract enforced.

The one source of it: the Compose file is a translation of this configuration, and the readback compares the
engine's own account with the contract it stands for.
"""

import hashlib
import json
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hershy.core.ids import OwnerID
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.security import PROGRAM_PORT, STATE_MOUNT, SecurityContract
from hershy.programs.ports.runtime import ContainerSpec

from .seccomp import SeccompProfile, own_profile

OWNER_LABEL = "hershy.owner"
PROGRAM_LABEL = "hershy.program-id"
USER_LABEL = "hershy.user-id"
BUILD_LABEL = "hershy.build-id"
"""Of containers, and of the images they run."""
PORT_LABEL = "hershy.publish-port"
SPEC_HASH_LABEL = "hershy.spec-hash"

PORT_KEY = f"{PROGRAM_PORT}/tcp"
NO_NETWORK = "none"
"""The engine's name for a network of a container's own with nothing in it but the loopback device."""
RESOLV_CONF = "/etc/resolv.conf"
SCRATCH = "/tmp"  # noqa: S108 -- a path inside the container, where nothing can be written
LOG_FILES = 2
"""The engine rotates a log between so many files, so that the newest half is always there."""
REAPER_PIDS = 1
"""The engine's init, which forwards SIGTERM to the program and reaps its orphans, counts as a process."""

KILLED_CODE = 128 + signal.SIGKILL

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a container would take over from its image: the user, and writable places it declares."""

    user: str = ""
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerPolicy:
    """How one runtime adapter encloses all of its programs.

    ``runtime`` is the name the engine knows it by. The engine counts ``own_pids`` for the runtime itself and
    ``pids_per_process`` for each process of the program. ``counts_inside``: the runtime's own kernel counts processes
    and threads of this container alone, so that it refuses one too many itself (RLIMIT_NPROC, which the machine's
    kernel would count over all containers of a user). A program that the kernel kills for its memory ends with
    one of ``killed_codes``. ``resolv_conf`` names the resolvers that programs with egress are given; without it they
    ask the engine.
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

    def process_limits(self, processes: int) -> list[Config]:
        most = REAPER_PIDS + processes
        return [{"Name": "nproc", "Soft": most, "Hard": most}] if self.counts_inside else []

    def network_of(self, spec: ContainerSpec) -> str:
        return NO_NETWORK if spec.egress is Egress.NONE else self.network

    def ports_of(self, spec: ContainerSpec) -> Config:
        """What the engine publishes: nothing of a container that it has no network to reach by."""
        if spec.egress is Egress.NONE:
            return {}
        return {PORT_KEY: [{"HostIp": self.contract.publish_address, "HostPort": str(spec.publish_port)}]}

    def resolv_conf_of(self, spec: ContainerSpec) -> Path | None:
        return None if spec.egress is Egress.NONE else self.resolv_conf


def masked_places(image: ImageFacts) -> tuple[str, ...]:
    """Where an empty, read-only file system is mounted.

    An image's volumes, because each would be writable and unbounded. ``/tmp``, because gVisor puts a writable
    file system there of its own accord; under every runtime, so that a program meets the same thing everywhere.
    """
    return tuple(sorted({SCRATCH, *image.volumes} - {STATE_MOUNT}))


def create_config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    """The body of the engine's "create a container"."""
    config = _config(spec, image, policy)
    config["Labels"] = {**labels(spec, policy), SPEC_HASH_LABEL: _digest(config)}
    return config


def spec_hash(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> str:
    """Of everything that is sent but the labels: equal for containers made alike."""
    return _digest(_config(spec, image, policy))


def environment(spec: ContainerSpec) -> dict[str, str]:
    return {"TMPDIR": STATE_MOUNT, **spec.env}


def labels(spec: ContainerSpec, policy: ContainerPolicy) -> dict[str, str]:
    return {
        OWNER_LABEL: str(policy.owner),
        PROGRAM_LABEL: str(spec.program_id),
        USER_LABEL: str(spec.user_id),
        BUILD_LABEL: str(spec.build_id),
        PORT_LABEL: str(spec.publish_port),
    }


def _config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    return {
        "Image": str(spec.image_id),
        "User": policy.contract.user_for(image.user),
        "Env": [f"{name}={value}" for name, value in sorted(environment(spec).items())],
        "ExposedPorts": {PORT_KEY: {}},
        "StopSignal": signal.SIGTERM.name,
        # Checks of the image's own would run beside the program and count against its limits, for nobody.
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _host_config(spec, image, policy),
    }


def _host_config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    contract, limits = policy.contract, spec.resources
    return {
        "Runtime": policy.runtime,
        "Init": True,
        "NetworkMode": policy.network_of(spec),
        "PortBindings": policy.ports_of(spec),
        "ReadonlyRootfs": contract.read_only_root,
        "Mounts": _mounts(spec, image, policy.resolv_conf_of(spec)),
        "CapDrop": list(contract.dropped_capabilities),
        "SecurityOpt": policy.security_options,
        # Without IPC there is no writable /dev/shm.
        "IpcMode": "none",
        # Where the machine still has cgroups of version 1, an engine would show it the machine's tree of them.
        "CgroupnsMode": "private",
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "NanoCpus": round(limits.cpus * 1_000_000_000),
        "PidsLimit": policy.pids_limit(limits.pids),
        "Ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            # The whole of /state is measured from time to time; by then, one file has not outgrown it.
            {"Name": "fsize", "Soft": limits.state_bytes, "Hard": limits.state_bytes},
            # Nothing can be put into /dev/mqueue, which is writable for everybody.
            {"Name": "msgqueue", "Soft": 0, "Hard": 0},
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            *policy.process_limits(limits.pids),
        ],
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(limits.log_bytes // LOG_FILES), "max-file": str(LOG_FILES)},
        },
        "RestartPolicy": {"Name": "no"},
    }


def _mounts(spec: ContainerSpec, image: ImageFacts, resolv_conf: Path | None) -> list[Config]:
    bound = [_bind(spec.state_dir, STATE_MOUNT)]
    if resolv_conf is not None:
        bound.append({**_bind(resolv_conf, RESOLV_CONF), "ReadOnly": True})
    return [*bound, *({"Type": "tmpfs", "Target": place, "ReadOnly": True} for place in masked_places(image))]


def _bind(source: Path, target: str) -> Config:
    return {"Type": "bind", "Source": str(source), "Target": target, "BindOptions": {"Propagation": "rprivate"}}


def _digest(config: Config) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
