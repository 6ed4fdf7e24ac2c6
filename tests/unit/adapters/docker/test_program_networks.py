"""Networks of programs: each its own addresses, none of them anybody else's, and gone with its program."""

import ipaddress
from types import SimpleNamespace
from typing import Any

import pytest
from aiodocker.exceptions import DockerError

from hershy.errors import ConfigurationError, ContractViolation, RuntimeFailure
from hershy_adapters.docker._container.policy import ContainerPolicy
from hershy_adapters.docker._network.bridge import DEFAULT_SUBNETS, INTER_CONTAINER, ProgramNetworks

from .test_hardening import OWNER, SPEC

PUBLISHED = SPEC.publish_port


class FakeNetwork:
    def __init__(self, networks: "FakeNetworks", name: str) -> None:
        self._networks, self._name = networks, name

    async def show(self) -> dict[str, Any]:
        return self._networks.there[self._name]

    async def delete(self) -> None:
        if self._name in self._networks.in_use:
            raise DockerError(403, f"error while removing network: network {self._name} has active endpoints")
        del self._networks.there[self._name]


class FakeNetworks:
    """Of an engine that lets no two subnets overlap."""

    def __init__(self) -> None:
        self.there: dict[str, dict[str, Any]] = {}
        self.in_use: set[str] = set()
        self.taken: list[ipaddress.IPv4Network] = []
        self.asked = 0

    async def get(self, name: str) -> FakeNetwork:
        self.asked += 1
        if name not in self.there:
            raise DockerError(404, f"network {name} not found")
        return FakeNetwork(self, name)

    async def create(self, config: dict[str, Any]) -> None:
        subnet = ipaddress.IPv4Network(config["IPAM"]["Config"][0]["Subnet"])
        if any(subnet.overlaps(it) for it in self.taken):
            raise DockerError(403, "invalid pool request: Pool overlaps with other one on this address space")
        self.taken.append(subnet)
        self.there[config["Name"]] = {"Id": "0" * 64, **config}


def networks_of(engine: FakeNetworks, subnets: str = DEFAULT_SUBNETS) -> ProgramNetworks:
    return ProgramNetworks(SimpleNamespace(client=SimpleNamespace(networks=engine)), subnets)  # type: ignore[arg-type]


def test_each_program_has_a_network_of_its_own() -> None:
    """By its publish port, which no other has; the shared one of an older hershy is nobody's to remove."""
    policy = ContainerPolicy("runc", OWNER)
    assert policy.network_of(SPEC) == f"hershy-{PUBLISHED}"
    assert policy.is_network_of_a_program(f"hershy-{PUBLISHED}")
    for name in ("hershy", "hershy-", "bridge", "none", "hershy-mine", f"other-{PUBLISHED}"):
        assert not policy.is_network_of_a_program(name)


async def test_subnets_never_meet() -> None:
    """Eight addresses each of the range; where one is taken, by whomever, the next is."""
    engine = FakeNetworks()
    networks = networks_of(engine, "10.9.8.0/24")
    for port in range(32):
        await networks.ensure(f"hershy-{port}")
    assert {it.prefixlen for it in engine.taken} == {29}
    assert sum(it.num_addresses for it in ipaddress.collapse_addresses(engine.taken)) == 256
    assert all(it["Options"][INTER_CONTAINER] == "false" for it in engine.there.values())
    with pytest.raises(RuntimeFailure, match=r"no subnet of 10\.9\.8\.0/24 is free .*docker_subnets"):
        await networks.ensure("hershy-32")


async def test_a_networks_device_has_a_name_that_firewalls_know() -> None:
    """One for each subnet, as long as the kernel allows."""
    engine = FakeNetworks()
    await networks_of(engine, "198.18.0.8/29").ensure("hershy-1")
    assert engine.there["hershy-1"]["Options"]["com.docker.network.bridge.name"] == "hershy-c6120008"


async def test_what_is_verified_is_not_asked_for_again_until_it_has_gone() -> None:
    engine = FakeNetworks()
    networks = networks_of(engine)
    await networks.ensure("hershy-1")
    asked = engine.asked
    await networks.ensure("hershy-1")
    assert engine.asked == asked
    await networks.remove("hershy-1")
    assert engine.there == {}
    await networks.remove("hershy-1")
    engine.taken.clear()
    await networks.ensure("hershy-1")
    assert list(engine.there) == ["hershy-1"]


async def test_a_network_that_somebody_runs_on_stays() -> None:
    """Another Host's container with the same port; it is no error of the one that leaves."""
    engine = FakeNetworks()
    networks = networks_of(engine)
    await networks.ensure("hershy-1")
    engine.in_use.add("hershy-1")
    await networks.remove("hershy-1")
    assert list(engine.there) == ["hershy-1"]


async def test_a_network_of_that_name_that_does_not_isolate_is_refused_every_time() -> None:
    engine = FakeNetworks()
    engine.there["hershy-1"] = {"Id": "0" * 64, "Driver": "bridge", "Internal": False, "Options": {}}
    networks = networks_of(engine)
    for _ in range(2):
        with pytest.raises(ContractViolation, match="docker network rm hershy-1"):
            await networks.ensure("hershy-1")


@pytest.mark.parametrize("given", ["", "ten", "198.18.0.1/15", "fd00::/64", "198.18.0.0/30"])
def test_addresses_that_are_none(given: str) -> None:
    with pytest.raises(ConfigurationError, match="docker_subnets"):
        networks_of(FakeNetworks(), given)
