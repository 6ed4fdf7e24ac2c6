"""Compares the engine's own account of a container with what it should say: what every readback needs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Account = dict[str, Any]

NOTHING_OF = (
    "Annotations",
    "AutoRemove",
    "Binds",
    "CapAdd",
    "Cgroup",
    "CgroupParent",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "DeviceCgroupRules",
    "DeviceRequests",
    "Devices",
    "ExtraHosts",
    "GroupAdd",
    "Links",
    "OomKillDisable",
    "OomScoreAdj",
    "PidMode",
    "Privileged",
    "PublishAllPorts",
    "Sysctls",
    "Tmpfs",
    "UTSMode",
    "UsernsMode",
    "VolumesFrom",
)
"""Fields of HostConfig that must be empty: each of them could open a container, or make more of it than one."""
OF_THE_ENGINE = ("MaskedPaths", "ReadonlyPaths")
"""Fields of HostConfig that the engine fills in by itself, unless somebody has told it to leave them empty."""

_SECCOMP = "seccomp="


@dataclass(frozen=True, slots=True)
class Difference:
    """``field`` as the engine's API names it."""

    field: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.field} should be {self.expected!r} and is {self.found!r}"


def own_paths(account: Account) -> Iterator[Difference]:
    for name in OF_THE_ENGINE:
        if not lookup(account, f"HostConfig.{name}"):
            yield Difference(f"HostConfig.{name}", "the engine's default", None)


def compared(account: Account, expected: dict[str, object]) -> Iterator[Difference]:
    for field, value in expected.items():
        found = digested(lookup(account, field))
        if (found or None) != (value or None):
            yield Difference(field, value, found)


def lookup(account: Account, field: str) -> Any:
    """A label's name holds dots of its own, so what follows ``Labels`` is one key."""
    path, _, label = field.partition(".Labels.")
    node: Any = account
    for key in [*path.split("."), *(["Labels", label] if label else [])]:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def digested(value: Any) -> Any:
    """A seccomp profile is some thousand characters long: a message about it gives its hash."""
    if not isinstance(value, list):
        return value
    return [
        f"{_SECCOMP}(sha256 {hashlib.sha256(it.encode()).hexdigest()[:12]})"
        if isinstance(it, str) and it.startswith(_SECCOMP)
        else it
        for it in value
    ]
