"""Programs don't reach link-local addresses, where clouds give out a machine's credentials."""

from pathlib import Path

import pytest
from pyroute2 import IPRoute

from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._network.bridge import ProgramNetwork
from hershy_adapters.docker._network.link_local import LINK_LOCAL, bridge_of, refuse_link_local


@pytest.fixture
async def bridge() -> str:
    """Of the network that every Host shares."""
    engine = Engine()
    network = ProgramNetwork(engine, "hershy")
    await network.ensure()
    account = await (await engine.client.networks.get("hershy")).show()
    await engine.aclose()
    return bridge_of(account)


def test_what_comes_from_programs_and_goes_there_is_refused(bridge: str) -> None:
    """One rule for the bridge, however often it is asked for; `hershy verify` tries it from inside."""
    assert Path("/sys/class/net", bridge).exists()
    assert refuse_link_local(bridge)
    with IPRoute() as routing:
        refused = [
            (rule.get_attr("FRA_DST"), rule["dst_len"])
            for rule in routing.get_rules()
            if rule.get_attr("FRA_IIFNAME") == bridge
        ]
    assert [f"{address}/{length}" for address, length in refused] == [LINK_LOCAL]


def test_a_bridge_of_another_machine_is_left_alone() -> None:
    """A rule for what is not here would only pretend."""
    assert not refuse_link_local("br-000000000000")
