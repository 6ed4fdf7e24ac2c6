"""What a program may keep in /state is bounded, by a look from time to time."""

from datetime import timedelta

import pytest

from hershy.core.exits import ExitKind
from hershy.core.ids import ProgramID
from hershy.core.resources import MIB, ResourceLimits
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.storage import StateUsage
from hershy.testing.twins import Twins

LIMITS = ResourceLimits(state_bytes=4 * MIB, state_entries=100)


async def test_a_state_that_outgrows_its_limit_stops_the_program(hershy_twins: Twins) -> None:
    """For a typed reason, with a remedy, its container gone; a policy to restart always does not start it again."""
    always = RestartPolicy(RestartMode.ALWAYS)
    program = await hershy_twins.ready(resources=LIMITS, restart_policy=always)
    hershy_twins.storage.states[program.id] = StateUsage(4 * MIB + 1, 1)
    await hershy_twins.host.sweep()
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.exit_reason is not None
    assert (failed.exit_reason.kind, failed.next_restart_at) == (ExitKind.STATE_LIMIT, None)
    assert "/state holds 4.0 MiB, more than the 4.0 MiB of its limit" in failed.error_msg
    await hershy_twins.clock.sleep(timedelta(seconds=1))  # its container is removed meanwhile
    assert not await hershy_twins.runtime.list_owned(program.id)


async def test_too_many_entries_stop_a_program_as_too_many_bytes_do(hershy_twins: Twins) -> None:
    """Files of no size take what every program needs of a disk as well."""
    always = RestartPolicy(RestartMode.ALWAYS)
    program = await hershy_twins.ready(resources=LIMITS, restart_policy=always)
    hershy_twins.storage.states[program.id] = StateUsage(0, 1_000_000)
    await hershy_twins.host.sweep()
    failed = await hershy_twins.host.wait_for(program.id, S.ERROR)
    assert failed.exit_reason is not None
    assert (failed.exit_reason.kind, failed.next_restart_at) == (ExitKind.STATE_LIMIT, None)
    assert "/state holds more files, folders and links than the 100 entries of its limit" in failed.error_msg


async def test_a_state_that_is_read_in_part_is_warned_of_once(
    hershy_twins: Twins, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator is told that a limit holds for less than they think; the program is left alone."""
    program = await hershy_twins.ready(resources=LIMITS)
    hershy_twins.storage.states[program.id] = StateUsage(0, 1, unread=3)
    for _ in range(3):
        await hershy_twins.host.sweep()
    assert [it.levelname for it in caplog.records if "CAP_DAC_READ_SEARCH" in it.message] == ["WARNING"]
    assert (await hershy_twins.host.get(program.id)).state is S.READY


async def test_a_state_at_its_limit_is_left_alone(hershy_twins: Twins) -> None:
    """The limit itself may be used up, and what a stopped program keeps is nobody's concern."""
    program = await hershy_twins.ready(resources=LIMITS)
    hershy_twins.storage.states[program.id] = StateUsage(4 * MIB, 100)
    await hershy_twins.host.sweep()
    assert (await hershy_twins.host.get(program.id)).state is S.READY
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    hershy_twins.storage.states[program.id] = StateUsage(9 * MIB, 1)
    await hershy_twins.host.sweep()
    assert (await hershy_twins.host.get(program.id)).state is S.STOPPED


async def test_a_state_that_cannot_be_measured_keeps_nobody_from_the_others(
    hershy_twins: Twins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk's error is not the program's fault; the next one is measured all the same."""
    first, second = await hershy_twins.ready(resources=LIMITS), await hershy_twins.ready(resources=LIMITS)
    measured = hershy_twins.storage.state_usage

    async def failing(program_id: ProgramID, most_entries: int) -> StateUsage:
        if program_id == first.id:
            raise OSError("input/output error")
        return await measured(program_id, most_entries)

    monkeypatch.setattr(hershy_twins.storage, "state_usage", failing)
    hershy_twins.storage.states[second.id] = StateUsage(5 * MIB, 1)
    await hershy_twins.host.sweep()
    await hershy_twins.host.wait_for(second.id, S.ERROR)
    assert (await hershy_twins.host.get(first.id)).state is S.READY
