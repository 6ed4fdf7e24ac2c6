"""Compares the engine's own account of a container with the security contract.

Written against the contract, not against what was sent: a setting that was never sent is missed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hershy.domain.security import STATE_MOUNT
from hershy.ports.runtime import ContainerSpec

from ._hardening import LOG_FILES, PORT_KEY, Enclosure, ImageFacts, labels, masked_places

Account = dict[str, Any]

NOTHING_OF = (
    "Binds",
    "CapAdd",
    "CgroupParent",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "ExtraHosts",
    "GroupAdd",
    "Links",
    "OomKillDisable",
    "PidMode",
    "Privileged",
    "PublishAllPorts",
    "Sysctls",
    "Tmpfs",
    "UTSMode",
    "UsernsMode",
    "VolumesFrom",
)
"""Fields of HostConfig that must be empty: each of them could open a container."""


@dataclass(frozen=True, slots=True)
class Difference:
    """``field`` as the engine's API names it."""

    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.field} should be {self.expected!r} and is {self.found!r}"


def differences(account: Account, spec: ContainerSpec, image: ImageFacts, enclosure: Enclosure) -> list[Difference]:
    """Every field in which ``account``, as the engine inspects a container, breaks the contract."""
    found = list(_compared(account, _expected(spec, image, enclosure)))
    if not _lookup(account, "HostConfig.MaskedPaths"):
        found.append(Difference("HostConfig.MaskedPaths", "the engine's default", None))
    mounts = {
        (it.get("Type"), it.get("Source"), it.get("Destination"), it.get("RW")) for it in account.get("Mounts") or ()
    }
    masks = (("tmpfs", "", place, False) for place in masked_places(image))
    wanted = {("bind", str(spec.state_dir), STATE_MOUNT, True), *masks}
    if mounts != wanted:
        found.append(Difference("Mounts", sorted(wanted), sorted(mounts, key=str)))
    return found


def _expected(spec: ContainerSpec, image: ImageFacts, enclosure: Enclosure) -> dict[str, object]:
    contract, limits = enclosure.contract, spec.resources
    return {
        "Image": str(spec.image_id),
        "Config.User": contract.user_for(image.user),
        "Config.StopSignal": "SIGTERM",
        "Config.Tty": False,
        **{f"Config.Labels.{name}": value for name, value in labels(spec, enclosure).items()},
        **{f"HostConfig.{name}": None for name in NOTHING_OF},
        "HostConfig.Runtime": enclosure.runtime,
        "HostConfig.Init": True,
        "HostConfig.NetworkMode": enclosure.network,
        "HostConfig.PortBindings": {
            PORT_KEY: [{"HostIp": contract.publish_address, "HostPort": str(spec.publish_port)}]
        },
        "HostConfig.ReadonlyRootfs": True,
        "HostConfig.CapDrop": ["ALL"],
        "HostConfig.SecurityOpt": ["no-new-privileges:true"],
        "HostConfig.IpcMode": "none",
        "HostConfig.Memory": limits.memory_bytes,
        "HostConfig.MemorySwap": limits.memory_bytes,
        "HostConfig.NanoCpus": round(limits.cpus * 1_000_000_000),
        "HostConfig.PidsLimit": enclosure.pids_limit(limits.pids),
        "HostConfig.Ulimits": [
            {"Name": "core", "Hard": 0, "Soft": 0},
            {"Name": "msgqueue", "Hard": 0, "Soft": 0},
            {"Name": "nofile", "Hard": limits.open_files, "Soft": limits.open_files},
        ],
        "HostConfig.LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(limits.log_bytes // LOG_FILES), "max-file": str(LOG_FILES)},
        },
        "HostConfig.RestartPolicy.Name": "no",
    }


def _compared(account: Account, expected: dict[str, object]) -> Iterator[Difference]:
    for field, value in expected.items():
        found = _lookup(account, field)
        if (found or None) != (value or None):
            yield Difference(field, value, found)


def _lookup(account: Account, field: str) -> Any:
    """A label's name holds dots of its own, so what follows ``Labels`` is one key."""
    path, _, label = field.partition(".Labels.")
    node: Any = account
    for key in [*path.split("."), *(["Labels", label] if label else [])]:
        node = node.get(key) if isinstance(node, dict) else None
    return node
