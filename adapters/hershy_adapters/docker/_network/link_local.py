"""Keeps programs from link-local addresses: on a cloud's machines 169.254.169.254 gives out their credentials.

A rule of the kernel's routing policy, before any routing table: what comes in by the programs' bridge and is bound for
such an address is refused. The machine's own traffic is left alone, and no firewall is touched.
"""

import errno
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from hershy.core.log import get_logger

LINK_LOCAL = "169.254.0.0/16"
PRIORITY = 100
"""Of routing rules; the tables are asked from 32766 on."""
BRIDGE_OPTION = "com.docker.network.bridge.name"

_log = get_logger("hershy.docker")


def bridge_of(network: dict[str, Any]) -> str:
    """The kernel's name of an engine's bridge network, as the engine inspects it."""
    name: str | None = (network.get("Options") or {}).get(BRIDGE_OPTION)
    return name or f"br-{network['Id'][:12]}"


def refuse_link_local(bridge: str) -> bool:
    """Set the rule for ``bridge``; idempotent. Whether it is in force: not without the right to, nor from afar."""
    if not Path("/sys/class/net", bridge).exists():
        _log.warning("link-local addresses are not kept from programs", bridge=bridge, reason="no such bridge here")
        return False
    try:
        with IPRoute() as routing:
            routing.rule("add", iifname=bridge, dst=LINK_LOCAL, action="prohibit", priority=PRIORITY)
    except NetlinkError as error:
        if error.code == errno.EEXIST:
            return True
        why = "it takes CAP_NET_ADMIN" if error.code in (errno.EPERM, errno.EACCES) else str(error)
        _log.warning("link-local addresses are not kept from programs", bridge=bridge, reason=why)
        return False
    return True


def allow_link_local(bridge: str) -> None:
    """Take the rule for a bridge that has gone back; without one, nothing happens."""
    with suppress(NetlinkError), IPRoute() as routing:
        routing.rule("del", iifname=bridge, dst=LINK_LOCAL, action="prohibit", priority=PRIORITY)
