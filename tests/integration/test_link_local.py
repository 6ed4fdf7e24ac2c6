"""Programs don't reach link-local addresses, where clouds give out a machine's credentials."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._network.bridge import ProgramNetworks
from hershy_adapters.docker._network.link_local import LINK_LOCAL, bridge_of, refuse_link_local

NETWORK = "hershy-test-link-local"


@pytest.fixture
async def bridge() -> AsyncIterator[str]:
    """Of a program's network."""
    engine = Engine()
    networks = ProgramNetworks(engine)
    await networks.ensure(NETWORK)
    account = await (await engine.client.networks.get(NETWORK)).show()
    yield bridge_of(account)
    await networks.prune()
    assert await asyncio.to_thread(rules_for, bridge_of(account)) == []
    await engine.aclose()


def rules_for(bridge: str) -> list[str]:
    with IPRoute() as routing:
        rules = [rule for rule in routing.get_rules() if rule.get_attr("FRA_IIFNAME") == bridge]
    return [f"{rule.get_attr('FRA_DST')}/{rule['dst_len']}" for rule in rules]


def test_what_comes_from_programs_and_goes_there_is_refused(bridge: str) -> None:
    """One rule for the bridge, however often it is asked for; `hershy verify` tries it from inside."""
    assert Path("/sys/class/net", bridge).exists()
    assert refuse_link_local(bridge)
    assert rules_for(bridge) == [LINK_LOCAL]


def test_a_bridge_of_another_machine_is_left_alone() -> None:
    """A rule for what is not here would only pretend."""
    assert not refuse_link_local("br-000000000000")
