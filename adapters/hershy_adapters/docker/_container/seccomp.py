"""The seccomp profile of every container: hershy's own, or the operator's; see ``docs/seccomp.md``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hershy.errors import ConfigurationError

OWN_PROFILE = Path(__file__).with_name("seccomp.json")
MAX_PROFILE_BYTES = 1024 * 1024
"""It goes to the engine with every container, and back with every look at one."""

_REFUSALS = ("SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS")
_ACTIONS = (*_REFUSALS, "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_TRAP")


@dataclass(frozen=True, slots=True)
class SeccompProfile:
    """``text`` is the profile as the engine takes it, JSON without white space; ``path`` where it was read.

    As Compose would send the file, so that a container made either way has the same setting.
    """

    path: Path
    text: str

    @property
    def option(self) -> str:
        """As a security option of the engine's API, which wants the text and not the path."""
        return f"seccomp={self.text}"


def load_profile(path: str) -> SeccompProfile:
    """The profile at ``path``, hershy's own for an empty one.

    Raises ConfigurationError, naming the file, for what is not an allowlist that the engine understands.
    """
    return own_profile() if not path else _read(Path(path))


@cache
def own_profile() -> SeccompProfile:
    return _read(OWN_PROFILE)


def _read(path: Path) -> SeccompProfile:
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_PROFILE_BYTES:
            raise ValueError(f"it is larger than {MAX_PROFILE_BYTES} bytes")
        profile = json.loads(raw)
        _require_allowlist(profile)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"seccomp_profile: {path} cannot be used: {error}") from error
    return SeccompProfile(path.absolute(), json.dumps(profile, separators=(",", ":"), ensure_ascii=False))


def _require_allowlist(profile: Any) -> None:
    if not isinstance(profile, Mapping):
        raise ValueError("it is not a JSON object")
    default = profile.get("defaultAction")
    if default not in _REFUSALS:
        raise ValueError(f"defaultAction must refuse ({', '.join(_REFUSALS)}), not {default!r:.80}")
    rules = profile.get("syscalls")
    if not isinstance(rules, list) or not rules:
        raise ValueError("syscalls must list what is allowed")
    for number, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            raise ValueError(f"syscalls[{number}] is not an object")
        names = rule.get("names")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ValueError(f"syscalls[{number}].names must list names of system calls")
        if rule.get("action") not in _ACTIONS:
            raise ValueError(
                f"syscalls[{number}].action is {rule.get('action')!r:.80}, which is none that hershy knows"
            )
