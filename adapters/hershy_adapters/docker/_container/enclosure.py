"""What programs' containers and sandboxes have in common: as sent to the engine, and as expected of its own account.

Both are written down, neither is made of the other: a setting that was never sent is missed in the account.
"""

from dataclasses import dataclass

from .account import NOTHING_OF, digested
from .policy import Config, ContainerPolicy


@dataclass(frozen=True, slots=True)
class Bounds:
    """The engine's limits of one container. ``ulimits``: soft and hard alike, by name, in the order of names; those of
    processes are the policy's."""

    cpus: float
    memory_bytes: int
    pids: int
    ulimits: dict[str, int]


def sent(policy: ContainerPolicy, bounds: Bounds) -> Config:
    """The common part of HostConfig."""
    ulimits = bounds.ulimits | policy.process_limits(bounds.pids)
    return {
        "Runtime": policy.runtime,
        "ReadonlyRootfs": policy.contract.read_only_root,
        "CapDrop": list(policy.contract.dropped_capabilities),
        "SecurityOpt": policy.security_options,
        # Without IPC there is no writable /dev/shm.
        "IpcMode": "none",
        # Where the machine still has cgroups of version 1, an engine would show it the machine's tree of them.
        "CgroupnsMode": "private",
        "Memory": bounds.memory_bytes,
        "MemorySwap": bounds.memory_bytes,
        "NanoCpus": round(bounds.cpus * 1_000_000_000),
        "PidsLimit": policy.pids_limit(bounds.pids),
        "Ulimits": [{"Name": name, "Soft": most, "Hard": most} for name, most in ulimits.items()],
        "RestartPolicy": {"Name": "no"},
    }


def expected(policy: ContainerPolicy, bounds: Bounds) -> dict[str, object]:
    """The same of the account, by the contract."""
    ulimits = bounds.ulimits | policy.process_limits(bounds.pids)
    return {
        **{f"HostConfig.{name}": None for name in NOTHING_OF},
        "HostConfig.Runtime": policy.runtime,
        "HostConfig.ReadonlyRootfs": True,
        "HostConfig.CapDrop": ["ALL"],
        "HostConfig.SecurityOpt": digested(["no-new-privileges:true", policy.seccomp.option]),
        "HostConfig.IpcMode": "none",
        "HostConfig.CgroupnsMode": "private",
        "HostConfig.Memory": bounds.memory_bytes,
        "HostConfig.MemorySwap": bounds.memory_bytes,
        "HostConfig.NanoCpus": round(bounds.cpus * 1_000_000_000),
        "HostConfig.PidsLimit": policy.pids_limit(bounds.pids),
        "HostConfig.Ulimits": [{"Name": name, "Hard": most, "Soft": most} for name, most in ulimits.items()],
        "HostConfig.RestartPolicy.Name": "no",
        "HostConfig.RestartPolicy.MaximumRetryCount": None,
    }
