"""Which DNS resolvers programs are given: in a file of hershy's own, mounted where they look for it.

The engine's own resolver, which it tells containers on a network like hershy's to use, is out of reach where gVisor
brings its own network stack.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hershy.core.diagnosis import Requirement
from hershy.errors import ConfigurationError, RuntimeFailure

FILE_NAME = "resolv.conf"
MOST = 3
"""So many are looked at by the C library; more are left out."""

_OF_THIS_MACHINE = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
"""The second says what a local stub, which the first may name, asks itself."""


def resolv_conf_for(folder: Path, given: Sequence[str]) -> "ResolvConf":
    """What goes into the folder. Raises ConfigurationError, as ``resolvers``."""
    return ResolvConf((folder / FILE_NAME).absolute(), resolvers(given))


def resolvers(given: Sequence[str], sources: Sequence[Path] = _OF_THIS_MACHINE) -> Sequence[str]:
    """The operator's, or else those of this machine that a container can reach; none where there is none.

    Raises ConfigurationError for one of the operator's that no container reaches.
    """
    for address in given:
        if not _is_reachable(address):
            raise ConfigurationError(
                f"dns: {address!r:.80} is not the IPv4 address of a resolver that programs reach",
                remedy="one on this machine itself must be named by an address other than 127.x",
            )
    if given:
        return tuple(given)[:MOST]
    for source in sources:
        found = [address for address in _named_in(source) if _is_reachable(address)]
        if found:
            return tuple(found)[:MOST]
    return ()


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """The file at ``path``, which names ``addresses``."""

    path: Path
    addresses: Sequence[str]

    def write(self) -> None:
        """Unless it says so already: containers hold on to the file that they were made with. Raises RuntimeFailure."""
        lines = ["# Written by hershy; the setting 'dns' changes it.", *(f"nameserver {it}" for it in self.addresses)]
        text = "\n".join(lines) + "\n"
        try:
            if not self.path.exists() or self.path.read_text() != text:
                fresh = self.path.with_name(f"{self.path.name}.new")
                fresh.write_text(text)
                fresh.chmod(0o644)  # programs run as somebody else
                fresh.replace(self.path)
        except OSError as error:
            raise RuntimeFailure(f"the file that tells programs their resolvers cannot be written: {error}") from error

    def finding(self) -> Requirement:
        if self.addresses:
            return Requirement("dns", True, f"programs ask {', '.join(self.addresses)}")
        remedy = "name a resolver that containers reach: HERSHY_DNS='[\"192.0.2.53\"]'"
        return Requirement("dns", False, "this machine names no resolver that containers reach", remedy, required=False)


def _named_in(source: Path) -> list[str]:
    try:
        lines = [line.split() for line in source.read_text(errors="replace").splitlines()]
    except OSError:
        return []
    return [fields[1] for fields in lines if len(fields) > 1 and fields[0] == "nameserver"]


def _is_reachable(address: str) -> bool:
    """By a container, whose network has IPv4 only."""
    try:
        parsed = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast)
