"""A bridge network for each program: none reaches another over it, or learns another's name.

The engine answers a container at 127.0.0.11, whatever its resolv.conf says, with the names of all that share a network
with it. So programs share none. The engine's own address pools would last for some thirty of them; theirs are cut from
a range that is set apart.
"""

import asyncio
import hashlib
import ipaddress
from http import HTTPStatus
from typing import Any
from weakref import WeakValueDictionary

from aiodocker.exceptions import DockerError

from hershy.core.log import get_logger
from hershy.errors import ConfigurationError, ContractViolation, HershyError, RuntimeFailure

from .._engine import Engine
from .._errors import translated
from .link_local import BRIDGE_OPTION, allow_link_local, bridge_of, refuse_link_local

INTER_CONTAINER = "com.docker.network.bridge.enable_icc"
BRIDGE_PREFIX = "hershy-"
DEFAULT_SUBNETS = "198.18.0.0/15"
"""Reserved for tests of networks (RFC 2544): on no local network, and nowhere in the internet."""
_SUBNET_BITS = 29
"""Room for the gateway and five: another Host's container that is refused the same port needs an address meanwhile."""
_ATTEMPTS = 64

_log = get_logger("hershy.docker")


class ProgramNetworks:
    """Each is made on demand, verified once, and then taken for granted until ``forget`` or ``remove``.

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

    async def remove(self, name: str) -> None:
        """Remove the network unless a container runs on it. One that stays is used again: no error, but a warning."""
        async with self._lock(name):
            self._bridges.pop(name, None)
            try:
                with translated("removing the network", name):
                    network = await self._find(name)
                    if network is not None:
                        await self._delete(name, bridge_of(network))
            except HershyError as error:
                _log.warning("network left behind", network=name, error=str(error))

    async def _delete(self, name: str, bridge: str) -> None:
        try:
            await (await self._engine.client.networks.get(name)).delete()
        except DockerError as error:
            if error.status != HTTPStatus.FORBIDDEN:  # a container of another Host, which has this port, runs on it
                raise
        else:
            await asyncio.to_thread(allow_link_local, bridge)

    async def _find(self, name: str) -> dict[str, Any] | None:
        try:
            network = await self._engine.client.networks.get(name)
            return await network.show()
        except DockerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def _make(self, name: str) -> dict[str, Any]:
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
            f"no subnet of {self._range} is free for the network {name}; give the programs more or other addresses: "
            'HERSHY_ADAPTER_OPTIONS=\'{"docker_subnets": "198.18.0.0/15"}\''
        )

    def _candidates(self, name: str) -> list[ipaddress.IPv4Network]:
        """Subnets to try, in an order of the name's own, so that networks made at once seldom meet."""
        first, size = int(self._range.network_address), 2 ** (32 - _SUBNET_BITS)
        count = self._range.num_addresses // size
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
        indices = [(start + attempt) % count for attempt in range(min(_ATTEMPTS, count))]
        return [ipaddress.IPv4Network((first + index * size, _SUBNET_BITS)) for index in indices]

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
        "Labels": {"hershy.network": "programs"},
        "IPAM": {"Driver": "default", "Config": [{"Subnet": str(subnet)}]},
    }


def _range_of(subnets: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(subnets)
    except ValueError as error:
        raise ConfigurationError(f"docker_subnets: {error}; give an IPv4 network such as {DEFAULT_SUBNETS}") from error
    if network.prefixlen > _SUBNET_BITS:
        raise ConfigurationError(f"docker_subnets: {network} has no room; it takes a /{_SUBNET_BITS} for each program")
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
            f"the network {name} does not keep programs apart: it should have {expected} and has {found}; "
            f"remove it ('docker network rm {name}') and hershy makes it anew"
        )
