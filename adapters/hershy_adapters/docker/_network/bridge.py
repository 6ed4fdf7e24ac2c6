"""Bridge networks of programs, of each user's apart: over them none reaches another, or learns another user's names.

The engine answers a container at 127.0.0.11, whatever its resolv.conf says, with the names of all that share a network
with it. The engine's own address pools would last for some thirty networks; these are cut from a range that is set
apart. One that nobody is on stays for the user's next program, until there are many.
"""

import asyncio
import hashlib
import ipaddress
from http import HTTPStatus
from typing import Any
from weakref import WeakValueDictionary

from aiodocker.exceptions import DockerError

from hershy.errors import ConfigurationError, ContractViolation, RuntimeFailure

from .._engine import Engine
from .._errors import translated
from .link_local import BRIDGE_OPTION, allow_link_local, bridge_of, refuse_link_local

INTER_CONTAINER = "com.docker.network.bridge.enable_icc"
BRIDGE_PREFIX = "hershy-"
DEFAULT_SUBNETS = "198.18.0.0/15"
"""Reserved for tests of networks (RFC 2544): on no local network, and nowhere in the internet."""
SUBNET_BITS = 24
"""Room for twice as many containers as there are publish ports to a network: Hosts on one engine share it."""
MOST_KEPT = 32
"""Networks in all, above which idle ones are removed before another is made: each slows the engine's start down."""
_ATTEMPTS = 64
_LABEL = ("hershy.network", "programs")


class ProgramNetworks:
    """Each is made on demand, verified once, and then taken for granted until ``forget``.

    Raises ConfigurationError for ``subnets`` that are no IPv4 network, or one too small.
    """

    def __init__(self, engine: Engine, subnets: str = DEFAULT_SUBNETS) -> None:
        self._engine = engine
        self._range = _range_of(subnets)
        self._bridges: dict[str, str] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ensure(self, name: str) -> None:
        """Return once the network is there and isolates containers.

        Raises ContractViolation when a network of this name does not; it is left as it is.
        """
        async with self._lock(name):
            if name in self._bridges:
                return
            with translated("preparing the network", name):
                network = await self._find(name) or await self._make(name)
            require_isolation(name, network)
            bridge = bridge_of(network)
            await asyncio.to_thread(refuse_link_local, bridge)
            self._bridges[name] = bridge

    def forget(self, name: str) -> None:
        """The engine says that the network has gone: look again next time."""
        self._bridges.pop(name, None)

    async def prune(self) -> None:
        """Remove the networks of programs that no container is on, of whichever Host: each is made again on demand."""
        listed = await self._engine.client.networks.list(filters={"label": ["=".join(_LABEL)]})
        done = await self._engine.client.networks.prune(filters={"label": ["=".join(_LABEL)]})
        for network in listed:
            if network["Name"] in (done.get("NetworksDeleted") or ()):
                self.forget(network["Name"])
                await asyncio.to_thread(allow_link_local, bridge_of(network))

    async def _find(self, name: str) -> dict[str, Any] | None:
        try:
            network = await self._engine.client.networks.get(name)
            return await network.show()
        except DockerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _make(self, name: str) -> dict[str, Any]:
        if len(await self._engine.client.networks.list(filters={"label": ["=".join(_LABEL)]})) >= MOST_KEPT:
            await self.prune()
        for subnet in self._candidates(name):
            try:
                await self._engine.client.networks.create(_config(name, subnet))
            except DockerError as error:
                if "overlap" in str(error.message):
                    continue
                if error.status != HTTPStatus.CONFLICT:
                    raise
                # Another Host was faster; whether its network is a good one is seen by the caller.
            return await self._find(name) or {}
        raise RuntimeFailure(
            f"no subnet of {self._range} is free for the network {name}",
            remedy="give the programs more or other addresses: "
            f'HERSHY_ADAPTER_OPTIONS=\'{{"docker_subnets": "{DEFAULT_SUBNETS}"}}\'',
        )

    def _candidates(self, name: str) -> list[ipaddress.IPv4Network]:
        """Subnets to try, in an order of the name's own, so that networks made at once seldom meet."""
        first, size = int(self._range.network_address), 2 ** (32 - SUBNET_BITS)
        count = self._range.num_addresses // size
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
        indices = [(start + attempt) % count for attempt in range(min(_ATTEMPTS, count))]
        return [ipaddress.IPv4Network((first + index * size, SUBNET_BITS)) for index in indices]

    def _lock(self, name: str) -> asyncio.Lock:
        return self._locks.setdefault(name, asyncio.Lock())


def _config(name: str, subnet: ipaddress.IPv4Network) -> dict[str, Any]:
    """The bridge's own name is for firewalls, whose rules can say ``hershy-+``."""
    bridge = f"{BRIDGE_PREFIX}{int(subnet.network_address):08x}"
    return {
        "Name": name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Internal": False,
        "EnableIPv6": False,
        "Options": {INTER_CONTAINER: "false", BRIDGE_OPTION: bridge},
        "Labels": dict([_LABEL]),
        "IPAM": {"Driver": "default", "Config": [{"Subnet": str(subnet)}]},
    }


def _range_of(subnets: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(subnets)
    except ValueError as error:
        remedy = f"give an IPv4 network such as {DEFAULT_SUBNETS}"
        raise ConfigurationError(f"docker_subnets: {error}", remedy=remedy) from error
    if network.prefixlen > SUBNET_BITS:
        raise ConfigurationError(f"docker_subnets: {network} has no room; it takes a /{SUBNET_BITS} for each user")
    return network


def require_isolation(name: str, network: dict[str, Any]) -> None:
    """Raise ContractViolation unless containers on ``network``, as the engine inspects it, are kept apart."""
    options = network.get("Options") or {}
    expected = {"Driver": "bridge", "Internal": False, INTER_CONTAINER: "false"}
    found = {
        "Driver": network.get("Driver"),
        "Internal": network.get("Internal"),
        INTER_CONTAINER: options.get(INTER_CONTAINER),
    }
    if found != expected:
        raise ContractViolation(
            f"the network {name} does not keep programs apart: it should have {expected} and has {found}",
            remedy=f"remove it ('docker network rm {name}') and hershy makes it anew",
        )
