"""A program that is Ready and stops answering: marked, or restarted, as its policy says."""

from datetime import timedelta

from hershy.core.ids import ProgramID
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.event_bus import Happened
from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.testing.twins import Twins
from hershy_adapters.memory.program import answer

CHECK = HealthCheck(interval=timedelta(seconds=10), failures=3)


class Patient:
    """Answers its health check as long as it is well, and counts how often it is asked."""

    def __init__(self, twins: Twins, program_id: ProgramID) -> None:
        self.is_well = False
        self.asked = 0
        twins.runtime.program(program_id).respond("GET", CHECK.path, self.answer)

    async def answer(self, request: ProxyRequest) -> ProxyResponse:
        self.asked += 1
        return answer(200 if self.is_well else 503, b"")


async def happens(twins: Twins, program_id: ProgramID, event: str) -> Happened:
    async with twins.host.events(program_id) as published:
        async for it in published:
            if isinstance(it.notice, Happened) and it.notice.entry.event == event:
                return it.notice
    raise AssertionError("the Host was closed")


async def test_an_unhealthy_program_is_marked_and_recovers(hershy_twins: Twins) -> None:
    """After three misses in a row it is marked, still Ready; one pass takes the mark away."""
    program = await hershy_twins.ready(health_check=CHECK)
    assert (await hershy_twins.host.get(program.id)).is_healthy is True
    began, patient = hershy_twins.clock.monotonic(), Patient(hershy_twins, program.id)
    marked = await happens(hershy_twins, program.id, "health check failed")
    assert (marked.program.state, marked.program.is_healthy, patient.asked) == (S.READY, False, 3)
    assert marked.program.error_msg == (
        "3 health checks in a row had no answer of 200 to 399 within 2 s to GET /watcher/status"
    )
    assert 30 <= hershy_twins.clock.monotonic() - began < 45
    patient.is_well = True
    restored = await happens(hershy_twins, program.id, "health restored")
    assert (restored.program.is_healthy, restored.program.error_msg) == (True, "")


async def test_misses_that_are_not_in_a_row_don_t_count(hershy_twins: Twins) -> None:
    """A pass in between begins the count anew."""
    program = await hershy_twins.ready(health_check=CHECK)
    patient = Patient(hershy_twins, program.id)
    original = patient.answer

    async def every_third_is_well(request: ProxyRequest) -> ProxyResponse:
        patient.is_well = patient.asked % 3 == 2
        return await original(request)

    hershy_twins.runtime.program(program.id).respond("GET", CHECK.path, every_third_is_well)
    await hershy_twins.clock.sleep(timedelta(minutes=5))
    assert patient.asked > 20
    assert (await hershy_twins.host.get(program.id)).is_healthy is True


async def test_an_unhealthy_program_is_restarted_where_its_policy_restarts(hershy_twins: Twins) -> None:
    """A new container after the backoff, the same state; the restart is counted."""
    policy = RestartPolicy(RestartMode.ON_FAILURE, timedelta(seconds=4))
    program = await hershy_twins.ready(health_check=CHECK, restart_policy=policy)
    Patient(hershy_twins, program.id)
    stopping = await hershy_twins.host.wait_for(program.id, S.STOPPING)
    assert stopping.next_restart_at is not None
    again = await hershy_twins.host.wait_for(program.id, S.READY)
    assert again.container_id != program.container_id
    assert (again.restarts.count, again.is_healthy, again.error_msg) == (1, True, "")
    assert again.container_started_at is not None
    assert again.container_started_at >= stopping.next_restart_at


async def test_a_stopped_program_is_not_probed(hershy_twins: Twins) -> None:
    """Watching ends with Ready."""
    program = await hershy_twins.ready(health_check=CHECK)
    patient = Patient(hershy_twins, program.id)
    await hershy_twins.host.stop(program.id)
    stopped = await hershy_twins.host.wait_for(program.id, S.STOPPED)
    await hershy_twins.clock.sleep(timedelta(minutes=5))
    assert (patient.asked, stopped.is_healthy) == (0, None)
