"""A control group for the steps of builds: BuildKit has no limits of its own, but puts its steps where it is told.

All builds of one Host share the group. A group for each would bound each by itself, but BuildKit counts the group's
name among what a step depends on: no two builds would share a layer.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from hershy.builds.policy import BuildPolicy

CPU_PERIOD_US = 100_000
LEAST_QUOTA_US = 1000  # what the kernel accepts
_MOUNT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "cpu", "pids")


class BuildCgroup:
    """``name`` is the group's, directly below the root. Both versions of control groups; blocking calls."""

    def __init__(self, name: str, mount: Path = _MOUNT) -> None:
        self.name = name
        self._mount = mount

    @property
    def parent(self) -> str:
        """What BuildKit and the classic builder are told."""
        return f"/{self.name}"

    def prepare(self, policy: BuildPolicy) -> None:
        """Make the group, if need be, and set its limits. Idempotent. Raises OSError where that is not possible."""
        if self._is_unified:
            folder = self._mount / self.name
            _write(self._mount / "cgroup.subtree_control", " ".join(f"+{it}" for it in _CONTROLLERS))
            folder.mkdir(exist_ok=True)
            _write(folder / "cgroup.subtree_control", " ".join(f"+{it}" for it in _CONTROLLERS))
            for file, value in _unified(policy).items():
                _write(folder / file, value)
            return
        for controller in _CONTROLLERS:
            (self._mount / controller / self.name).mkdir(exist_ok=True)
        memory = self._mount / "memory" / self.name
        _write_memory(memory, str(policy.memory_bytes or -1))
        cpu = self._mount / "cpu" / self.name
        _write(cpu / "cpu.cfs_period_us", str(CPU_PERIOD_US))
        _write(cpu / "cpu.cfs_quota_us", str(quota_us(policy) or -1))
        _write(self._mount / "pids" / self.name / "pids.max", str(policy.pids or "max"))

    def can_be_made(self) -> bool:
        """Whether ``prepare`` has what it needs; changes nothing."""
        if self._is_unified:
            return os.access(self._mount / "cgroup.subtree_control", os.W_OK)
        return all(os.access(self._mount / controller, os.W_OK) for controller in _CONTROLLERS)

    def remove(self) -> None:
        """Remove the group unless a step is still in it. Idempotent; what is left is used again by the next Host."""
        roots = [self._mount] if self._is_unified else _folders(self._mount)
        for root in roots:
            for folder, _, _ in os.walk(root / self.name, topdown=False):
                with suppress(OSError):
                    Path(folder).rmdir()

    @property
    def _is_unified(self) -> bool:
        return (self._mount / "cgroup.controllers").exists()


def quota_us(policy: BuildPolicy) -> int | None:
    """CPU time in each period of ``CPU_PERIOD_US``."""
    return None if policy.cpus is None else max(LEAST_QUOTA_US, round(policy.cpus * CPU_PERIOD_US))


def is_engine_here(info: Mapping[str, Any]) -> bool:
    """Whether the engine's control groups are those that this process sees: same machine, no container between."""
    machine = os.uname()
    is_rootless = any("rootless" in str(option) for option in info.get("SecurityOptions") or ())
    same = (info.get("Name"), info.get("KernelVersion")) == (machine.nodename, machine.release)
    return same and not is_rootless and Path(info.get("DockerRootDir") or "/nowhere").is_dir()


def _unified(policy: BuildPolicy) -> Mapping[str, str]:
    return {
        "memory.max": str(policy.memory_bytes or "max"),
        "memory.swap.max": "0" if policy.memory_bytes else "max",
        "cpu.max": f"{quota_us(policy) or 'max'} {CPU_PERIOD_US}",
        "pids.max": str(policy.pids or "max"),
    }


def _write_memory(folder: Path, value: str) -> None:
    """Memory, and memory with swap, which may never be less: which goes first depends on what was there."""
    files = [folder / "memory.limit_in_bytes", folder / "memory.memsw.limit_in_bytes"]
    files = [file for file in files if file.exists()]  # swap is counted only where the kernel was told to
    try:
        for file in files:
            _write(file, value)
    except OSError:
        for file in reversed(files):
            _write(file, value)


def _write(file: Path, value: str) -> None:
    # Opened as the kernel's files must be: neither created nor truncated.
    descriptor = os.open(file, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _folders(mount: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from (it for it in mount.iterdir() if it.is_dir())
