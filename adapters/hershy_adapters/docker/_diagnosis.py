"""What a Docker runtime needs from the machine."""

from collections.abc import Mapping, Sequence
from typing import Any

from hershy.core.diagnosis import Requirement
from hershy.errors import HershyError

from ._engine import Engine
from ._errors import translated

Info = Mapping[str, Any]

_LIMITS = {
    "MemoryLimit": "memory",
    "SwapLimit": "swap",
    "PidsLimit": "process",
    "CpuCfsQuota": "CPU",
}


async def diagnose(engine: Engine, runtime: str, remedy: str) -> Sequence[Requirement]:
    """What running containers needs. ``remedy``: how to get ``runtime``."""
    answers, info = await ask_engine(engine)
    return [answers] if info is None else [answers, *findings(info, runtime, remedy)]


async def ask_engine(engine: Engine) -> tuple[Requirement, Info | None]:
    """Whether the engine answers, and what it says of itself if it does."""
    try:
        with translated("asking the engine at", engine.host):
            info: Info = await engine.client.system.info()
    except HershyError as error:
        remedy = "apt-get install -y docker.io && systemctl start docker"
        return Requirement("docker engine", False, str(error), remedy), None
    return Requirement("docker engine", True, f"Docker Engine {info.get('ServerVersion')} at {engine.host}"), info


def findings(info: Info, runtime: str, remedy: str) -> Sequence[Requirement]:
    return [_runtime(info, runtime, remedy), _seccomp(info), *_limits(info)]


def _runtime(info: Info, runtime: str, remedy: str) -> Requirement:
    known = sorted(info.get("Runtimes") or ())
    if runtime in known:
        return Requirement(f"runtime {runtime}", True, "registered with the engine")
    return Requirement(f"runtime {runtime}", False, f"the engine knows only {', '.join(known) or 'none'}", remedy)


def _seccomp(info: Info) -> Requirement:
    """The engine's own profile is of no concern: containers bring theirs."""
    if any("name=seccomp" in str(option) for option in info.get("SecurityOptions") or ()):
        return Requirement("seccomp", True, "the engine filters system calls by the container's profile")
    return Requirement(
        "seccomp",
        False,
        "the engine has no seccomp support",
        "use a kernel with CONFIG_SECCOMP_FILTER and an engine built with seccomp",
    )


def _limits(info: Info) -> list[Requirement]:
    missing = [what for key, what in _LIMITS.items() if not info.get(key)]
    if not missing:
        return [Requirement("resource limits", True, "memory, swap, processes and CPU can be limited")]
    return [
        Requirement(
            "resource limits",
            False,
            f"the kernel or engine cannot limit: {', '.join(missing)}",
            "enable the cgroup controllers: 'cgroup_enable=memory swapaccount=1' on the kernel's command line",
            required=False,
        )
    ]
