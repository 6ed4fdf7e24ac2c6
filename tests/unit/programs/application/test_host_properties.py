"""Arbitrary callers, crashes and delays against a whole Host on twins: what must hold at all times, holds."""

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hershy.core.ids import ProgramID
from hershy.errors import ContainerNotFound, HershyError
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.testing.twins import Twins, open_twins
from hershy_adapters.memory.behaviour import ProgramBehaviour

PROGRAMS = 3
ACTIONS = st.tuples(
    st.integers(0, PROGRAMS - 1),
    st.sampled_from(
        ["start", "stop", "restart", "delete", "exit 0", "exit 1", "out of memory", "engine down", "engine up"]
    ),
    st.sampled_from([0, 0.05, 0.15, 0.3, 2.0, 70.0]),
)
BEHAVIOURS = st.sampled_from(
    [
        ProgramBehaviour(),
        ProgramBehaviour(ready_after=None),
        ProgramBehaviour(fails_to_start=True),
        ProgramBehaviour(ignores_sigterm=True),
        ProgramBehaviour(exit_after=timedelta(seconds=1), exit_code=1),
        ProgramBehaviour(port_held=True),
    ]
)


async def act(twins: Twins, program_id: ProgramID, action: str) -> None:
    calls = {"start": twins.host.start, "stop": twins.host.stop, "restart": twins.host.restart}
    try:
        match action.split():
            case [name] if name in calls:
                await calls[name](program_id)
            case ["delete"]:
                await twins.host.delete(program_id)
            case ["exit", code]:
                await twins.runtime.exit(program_id, int(code))
            case ["out", *_]:
                twins.runtime.kill_out_of_memory(program_id)
            case ["engine", state]:
                twins.runtime.machine.is_down = state == "down"
    except (HershyError, ContainerNotFound):
        pass  # refusals are fine; what they leave behind is checked below


async def check(twins: Twins) -> None:
    machine = twins.runtime.machine
    containers = list(machine.containers.values())
    assert len({it.spec.program_id for it in containers}) == len(containers), "two containers of one program"
    programs = await twins.host.list()
    assert len({it.publish_port for it in programs}) == len(programs), "two programs on one port"
    for program in programs:
        assert program.state is not ProgramState.ERROR or program.error_msg


async def check_rest(twins: Twins) -> None:
    """Where the engine was always there, what came to rest has no container (its cleanup takes no time here)."""
    await twins.clock.sleep(timedelta(seconds=1))
    with_container = {it.spec.program_id for it in twins.runtime.machine.containers.values()}
    for program in await twins.host.list():
        assert program.state.is_active or program.id not in with_container


async def scenario(actions: list[tuple[int, str, float]], behaviours: list[ProgramBehaviour]) -> None:
    async with open_twins() as twins:
        policy = RestartPolicy(RestartMode.ON_FAILURE, max_restarts=2)
        programs = [await twins.create(f"FROM x{number % 2}", restart_policy=policy) for number in range(PROGRAMS)]
        for program, behaviour in zip(programs, behaviours, strict=True):
            twins.runtime.behave(behaviour, program.id)
            await twins.host.start(program.id)
        pending = []
        for number, action, delay_s in [*actions, (0, "stop", 5.0)]:
            pending.append(asyncio.create_task(act(twins, programs[number].id, action)))
            await twins.clock.sleep(timedelta(seconds=delay_s))
            await check(twins)
        twins.runtime.machine.is_down = False
        await asyncio.gather(*pending)
        if all(action != "engine down" for _, action, _ in actions):
            await check_rest(twins)
        for program in await twins.host.list():
            await twins.host.delete(program.id)
        assert twins.runtime.machine.containers == {}
        assert list(await twins.storage.list_programs()) == []
        assert all([await twins.builder.find(program.build_id) is None for program in programs])


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=25), st.lists(BEHAVIOURS, min_size=PROGRAMS, max_size=PROGRAMS))
def test_nothing_is_doubled_and_nothing_is_left(
    actions: list[tuple[int, str, float]], behaviours: list[ProgramBehaviour]
) -> None:
    """At most one container a program and one program a port, whatever happens; deleted, all traces are gone."""
    asyncio.run(asyncio.wait_for(scenario(actions, behaviours), 30))
