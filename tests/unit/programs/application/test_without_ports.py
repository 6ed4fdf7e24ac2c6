"""A whole Host under a runtime that has no ports of this machine, as a cluster has none."""

from collections.abc import AsyncIterator

import pytest
from dependency_injector import providers

from hershy.builds.spec import BuildSpec
from hershy.core.endpoint import Endpoint
from hershy.core.ids import ProgramID, UserID
from hershy.errors import ProgramNotReady
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.proxy import ProxyRequest
from hershy.testing.contracts.proxy import read
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.cluster import InMemoryCluster

from .succession import Succession


@pytest.fixture
async def twins() -> AsyncIterator[Twins]:
    container = twin_container()
    container.runtime.override(providers.Singleton(InMemoryCluster, container.clock, container.owner))
    async with open_twins(container) as opened:
        yield opened


async def answered(twins: Twins, program_id: ProgramID) -> int:
    response = await twins.host.request(program_id, ProxyRequest("GET", "/watcher/status", ()))
    await read(response)
    return response.status


@pytest.mark.parametrize("egress", Egress)
async def test_a_life(twins: Twins, egress: Egress) -> None:
    """Registered, built, started, probed, asked, stopped, started again, deleted; no port is leased for it."""
    program = await twins.ready("FROM a", egress=egress, health_check=HealthCheck())
    container_id = str(program.container_id)
    assert (program.publish_port, program.endpoint) == (None, Endpoint(container_id, 8080))
    route = await twins.host.route(program.id)
    assert route is not None
    assert route.endpoint == program.endpoint
    assert await answered(twins, program.id) == 200
    await twins.host.stop(program.id)
    stopped = await twins.host.wait_for(program.id, S.STOPPED)
    assert stopped.endpoint is None
    with pytest.raises(ProgramNotReady):
        await answered(twins, program.id)
    await twins.host.start(program.id)
    again = await twins.host.wait_for(program.id, S.READY)
    assert again.endpoint != program.endpoint
    assert await answered(twins, program.id) == 200
    await twins.host.delete(program.id)
    assert twins.runtime.machine.containers == {}


async def test_many_at_once(twins: Twins) -> None:
    """Each at its own endpoint; there is nothing to run out of."""
    programs = [await twins.ready("FROM a") for _ in range(20)]
    assert len({it.endpoint for it in programs}) == 20
    assert [await answered(twins, it.id) for it in programs] == [200] * 20


async def test_where_callers_reach_it(twins: Twins) -> None:
    """By the Host's own proxy: there is no other address that they could use."""
    program = await twins.create("FROM a")
    assert program.proxy_url == f"/programs/{program.id}/proxy/"


async def test_a_restart_moves_it(twins: Twins) -> None:
    """The container after an exit has another endpoint, and the proxy follows."""
    program = await twins.ready("FROM a", restart_policy=RestartPolicy(RestartMode.ALWAYS))
    await twins.runtime.exit(program.id, 1)
    await twins.host.wait_for(program.id, S.STARTING)
    again = await twins.host.wait_for(program.id, S.READY)
    assert again.endpoint != program.endpoint
    assert await answered(twins, program.id) == 200


async def test_the_next_host_adopts_what_runs() -> None:
    """At the endpoint that the runtime tells of it."""
    world = Succession()
    world.runtime_class = InMemoryCluster
    host = await world.open()
    request = ProgramRequest(UserID("alice"), BuildSpec("FROM a"))
    program = await host.create(request)
    await host.start(program.id)
    ready = await host.wait_for(program.id, S.READY)
    world.kill()
    await world.bury()
    adopted = await (await world.open()).wait_for(program.id, S.READY)
    assert (adopted.container_id, adopted.endpoint) == (ready.container_id, ready.endpoint)
    assert adopted.endpoint is not None
