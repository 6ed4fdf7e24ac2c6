"""The operator's word on egress, and programs without it across restarts of the Host."""

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.program import Program, ProgramOptions
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.proxy import ProxyRequest
from hershy.testing.twins import open_twins, twin_container

from .succession import Succession

STATUS = ProxyRequest("GET", "/watcher/status", ())


def request(egress: Egress) -> ProgramRequest:
    return ProgramRequest(UserID("alice"), BuildSpec("FROM scratch"), ProgramOptions(egress=egress))


async def ready(world: Succession, egress: Egress) -> Program:
    assert world.host is not None
    program = await world.host.create(request(egress))
    await world.host.start(program.id)
    return await world.host.wait_for(program.id, ProgramState.READY)


async def follow(world: Succession) -> None:
    """Kill the Host; another takes its place."""
    world.kill()
    await world.bury()
    await world.open()


async def answers(world: Succession, program: Program) -> bool:
    assert world.host is not None
    return (await world.host.request(program.id, STATUS)).status == 200


def egress_of(world: Succession, program: Program) -> Egress:
    container = world.machine.of_program(program.id)
    assert container is not None
    return container.spec.egress


async def test_a_program_has_what_it_asks_for() -> None:
    """By default everything; nothing if it says so."""
    async with open_twins() as twins:
        for egress in Egress:
            program = await twins.ready(egress=egress)
            (status,) = await twins.runtime.list_owned(program.id)
            assert (program.options.egress, status.egress) == (egress, egress)
        assert (await twins.create()).options.egress is Egress.OPEN


async def test_the_operator_has_the_last_word() -> None:
    """On a Host that gives none, every program has none and is shown so, whatever it asked for."""
    async with open_twins(twin_container(egress="none")) as twins:
        for egress in Egress:
            program = await twins.ready(egress=egress)
            (status,) = await twins.runtime.list_owned(program.id)
            assert (program.options.egress, status.egress) == (Egress.NONE, Egress.NONE)


async def test_taken_up_without_egress() -> None:
    """After the death of its Host the program is reached again by the next, in the container that it has."""
    world = Succession()
    await world.open()
    program = await ready(world, Egress.NONE)
    await follow(world)
    assert world.host is not None
    found = await world.host.wait_for(program.id, ProgramState.READY)
    assert found.container_id == program.container_id
    assert await answers(world, program)
    await world.host.aclose()


async def test_taken_up_while_its_port_is_held() -> None:
    """Should a stranger have taken the port meanwhile, it gets a new container with another."""
    world = Succession()
    await world.open()
    program = await ready(world, Egress.NONE)
    world.kill()
    await world.bury()
    world.machine.strangers.add(program.publish_port)
    host = await world.open()
    found = await host.wait_for(program.id, ProgramState.READY)
    assert found.container_id != program.container_id
    assert found.publish_port != program.publish_port
    assert await answers(world, program)
    await host.aclose()


async def test_taken_up_by_a_stricter_host() -> None:
    """A container that has more egress than its Host gives by now is replaced at once by one that has not."""
    world = Succession()
    await world.open()
    program = await ready(world, Egress.OPEN)
    world.settings = {"egress": "none"}
    await follow(world)
    assert world.host is not None
    found = await world.host.wait_for(program.id, ProgramState.READY)
    assert found.container_id != program.container_id
    assert egress_of(world, program) is Egress.NONE
    assert await answers(world, program)
    await world.host.aclose()
