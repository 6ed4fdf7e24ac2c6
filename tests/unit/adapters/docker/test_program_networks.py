"""Networks of programs: of each user apart, with addresses of their own, and removed when many are idle."""

import ipaddress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from aiodocker.exceptions import DockerError

from hershy.core.ids import PublishPort, UserID
from hershy.errors import ConfigurationError, ContractViolation, RuntimeFailure
from hershy_adapters.docker._container.policy import ContainerPolicy
from hershy_adapters.docker._network.bridge import DEFAULT_SUBNETS, INTER_CONTAINER, MOST_KEPT, ProgramNetworks

from .test_hardening import OWNER, SPEC


class FakeNetwork:
    def __init__(self, account: dict[str, Any]) -> None:
        self._account = account

    async def show(self) -> dict[str, Any]:
        return self._account


class FakeNetworks:
    """Of an engine that lets no two subnets overlap."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.in_use: set[str] = set()
        self.asked = 0

    @property
    def taken(self) -> list[ipaddress.IPv4Network]:
        return [ipaddress.IPv4Network(it["IPAM"]["Config"][0]["Subnet"]) for it in self.there.values() if "IPAM" in it]

    async def get(self, name: str) -> FakeNetwork:
        self.asked += 1
        if name not in self.there:
            raise DockerError(404, f"network {name} not found")
        return FakeNetwork(self.there[name])

    async def prune(self, *, filters: dict[str, list[str]]) -> dict[str, Any]:
        idle = [it["Name"] for it in await self.list(filters=filters) if it["Name"] not in self.in_use]
        for name in idle:
            del self.there[name]
        return {"NetworksDeleted": idle or None}

    async def list(self, *, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
        self.asked += 1
        (label,) = filters["label"]
        name, _, value = label.partition("=")
        return [it for it in self.there.values() if it.get("Labels", {}).get(name) == value]

    async def create(self, config: dict[str, Any]) -> None:
        subnet = ipaddress.IPv4Network(config["IPAM"]["Config"][0]["Subnet"])
        if any(subnet.overlaps(it) for it in self.taken):
            raise DockerError(403, "invalid pool request: Pool overlaps with other one on this address space")
        self.there[config["Name"]] = {"Id": "0" * 64, **config}


def networks_of(engine: FakeNetworks, subnets: str = DEFAULT_SUBNETS) -> ProgramNetworks:
    return ProgramNetworks(SimpleNamespace(client=SimpleNamespace(networks=engine)), subnets)  # type: ignore[arg-type]


def network_name(user: str, port: int, policy: ContainerPolicy = ContainerPolicy("runc", OWNER)) -> str:
    return policy.network_of(replace(SPEC, user_id=UserID(user), publish_port=PublishPort(port)))


def test_users_share_no_network() -> None:
    """One user's programs are on one, up to as many as its subnet holds; its name tells nobody whose it is."""
    assert network_name("alice", 19005) == network_name("alice", 19006) != network_name("bob", 19006)
    assert network_name("alice", 19005) != network_name("alice", 29005)
    assert "alice" not in network_name("alice", 19005)
    assert len({network_name("alice", port) for port in range(19001, 19250)}) == 2


async def test_subnets_never_meet() -> None:
    """A part each of the range; where one is taken, by whomever, the next is."""
    engine = FakeNetworks()
    networks = networks_of(engine, "10.9.0.0/20")
    for number in range(16):
        await networks.ensure(f"hershy-{number}")
    assert {it.prefixlen for it in engine.taken} == {24}
    assert sum(it.num_addresses for it in ipaddress.collapse_addresses(engine.taken)) == 4096
    assert all(it["Options"][INTER_CONTAINER] == "false" for it in engine.there.values())
    with pytest.raises(RuntimeFailure, match=r"no subnet of 10\.9\.0\.0/20 is free .*docker_subnets"):
        await networks.ensure("hershy-16")


async def test_a_networks_device_has_a_name_that_firewalls_know() -> None:
    """One for each subnet, as long as the kernel allows."""
    engine = FakeNetworks()
    await networks_of(engine, "198.18.8.0/24").ensure("hershy-1")
    assert engine.there["hershy-1"]["Options"]["com.docker.network.bridge.name"] == "hershy-c6120800"


async def test_what_is_verified_is_not_asked_for_again_until_it_has_gone() -> None:
    engine = FakeNetworks()
    networks = networks_of(engine)
    await networks.ensure("hershy-1")
    asked = engine.asked
    await networks.ensure("hershy-1")
    assert engine.asked == asked
    await networks.prune()
    assert engine.there == {}
    await networks.prune()
    await networks.ensure("hershy-1")
    assert list(engine.there) == ["hershy-1"]


async def test_idle_networks_do_not_become_many() -> None:
    """Those that containers are on stay, and so do networks of others."""
    engine = FakeNetworks()
    engine.there["theirs"] = {"Id": "1" * 64, "Name": "theirs", "Labels": {}}
    networks = networks_of(engine)
    for number in range(MOST_KEPT):
        await networks.ensure(f"hershy-{number}")
    assert len(engine.there) == 1 + MOST_KEPT
    engine.in_use |= {"hershy-3", "hershy-7"}
    await networks.ensure("hershy-one-more")
    assert set(engine.there) == {"theirs", "hershy-3", "hershy-7", "hershy-one-more"}


async def test_a_network_of_that_name_that_does_not_isolate_is_refused_every_time() -> None:
    engine = FakeNetworks()
    engine.there["hershy-1"] = {"Id": "0" * 64, "Driver": "bridge", "Internal": False, "Options": {}}
    networks = networks_of(engine)
    for _ in range(2):
        with pytest.raises(ContractViolation, match="docker network rm hershy-1"):
            await networks.ensure("hershy-1")


@pytest.mark.parametrize("given", ["", "ten", "198.18.0.1/15", "fd00::/64", "198.18.0.0/25"])
def test_addresses_that_are_none(given: str) -> None:
    with pytest.raises(ConfigurationError, match="docker_subnets"):
        networks_of(FakeNetworks(), given)
