"""What a Docker runtime needs from the machine."""

from collections.abc import Mapping, Sequence
from typing import Any

from hershy.domain.errors import HershyError
from hershy.ports.diagnosis import Finding

from ._engine import Engine
from ._errors import translated

_LIMITS = {
    "MemoryLimit": "memory",
    "SwapLimit": "swap",
    "PidsLimit": "process",
    "CpuCfsQuota": "CPU",
}


async def diagnose(engine: Engine, runtime: str, remedy: str) -> Sequence[Finding]:
    try:
        with translated("asking the engine at", engine.host):
            info: Mapping[str, Any] = await engine.client.system.info()
    except HershyError as error:
        return [Finding("container engine", False, str(error), "start it: 'systemctl start docker' or 'dockerd'")]
    return findings(info, engine.host, runtime, remedy)


def findings(info: Mapping[str, Any], host: str, runtime: str, remedy: str) -> Sequence[Finding]:
    """From what the engine says of itself. ``remedy``: how to get ``runtime``."""
    return [
        Finding("container engine", True, f"Docker Engine {info.get('ServerVersion')} at {host}"),
        _runtime(info, runtime, remedy),
        _seccomp(info),
        *_limits(info),
    ]


def _runtime(info: Mapping[str, Any], runtime: str, remedy: str) -> Finding:
    known = sorted(info.get("Runtimes") or ())
    if runtime in known:
        return Finding(f"runtime {runtime}", True, "registered with the engine")
    return Finding(f"runtime {runtime}", False, f"the engine knows only {', '.join(known) or 'none'}", remedy)


def _seccomp(info: Mapping[str, Any]) -> Finding:
    profiles = [str(option) for option in info.get("SecurityOptions") or () if "name=seccomp" in str(option)]
    ok = bool(profiles) and not any("unconfined" in profile for profile in profiles)
    remedy = "" if ok else "remove 'seccomp-profile' from /etc/docker/daemon.json and restart the engine"
    return Finding("seccomp", ok, profiles[0] if profiles else "the engine has no seccomp support", remedy)


def _limits(info: Mapping[str, Any]) -> list[Finding]:
    missing = [what for key, what in _LIMITS.items() if not info.get(key)]
    if not missing:
        return [Finding("resource limits", True, "memory, swap, processes and CPU can be limited")]
    return [
        Finding(
            "resource limits",
            False,
            f"the kernel or engine cannot limit: {', '.join(missing)}",
            "enable the cgroup controllers: 'cgroup_enable=memory swapaccount=1' on the kernel's command line",
            required=False,
        )
    ]
