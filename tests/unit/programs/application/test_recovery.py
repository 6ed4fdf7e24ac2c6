"""A Host killed at an arbitrary moment, whatever was asked of it: the next ones make it good."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from hershy import BuildSpec, ProgramOptions, ProgramRequest, ProgramState, RestartPolicy, UserID
from hershy.core.ids import ProgramID
from hershy.errors import HershyError
from hershy.programs.domain.journal import DELETED, REGISTERED, JournalEntry
from hershy.programs.domain.restart import RestartMode

from .succession import Succession

SLOTS = 3
FOR_EVER = RestartPolicy(
    RestartMode.ALWAYS, timedelta(milliseconds=50), max_delay=timedelta(seconds=1), max_restarts=10_000
)
LEADS_TO = {
    "create": ProgramState.CREATED,
    "start": ProgramState.READY,
    "stop": ProgramState.STOPPED,
    "restart": ProgramState.READY,
    "delete": None,
}
REQUESTS = st.tuples(
    st.integers(0, SLOTS - 1),
    st.sampled_from([*LEADS_TO, "start", "start", "exit", "remove container"]),
    st.sampled_from([0.0, 0.05, 0.15, 0.3, 1.0, 3.0]),
    st.one_of(st.none(), st.integers(0, 60)),
)
"""Whose turn it is, what is asked, how long until the next one, and after how many port calls the Host is killed."""


@dataclass
class Slot:
    """One program's place. ``allowed``: where it may end up by what was acknowledged and what may have happened."""

    number: int
    program_id: ProgramID | None = None
    allowed: set[ProgramState | None] = field(default_factory=lambda: {None})
    pending: asyncio.Task[None] | None = None

    @property
    def build(self) -> BuildSpec:
        return BuildSpec(f"FROM x{self.number % 2}")


class Story:
    def __init__(self) -> None:
        self.world = Succession()
        self.slots = [Slot(number) for number in range(SLOTS)]

    async def tell(self, requests: list[tuple[int, str, float, int | None]]) -> None:
        await self.world.open()
        begin = [(number, what, 0.0, None) for what in ("create", "start") for number in range(SLOTS)]
        for number, what, pause_s, kill_after in [*begin, *requests]:
            slot = self.slots[number]
            if kill_after is not None:
                self.world.kill_after(kill_after)
            if slot.pending is not None:
                await self._until(slot.pending)
            if not self.world.killed.is_set():
                await self._until(asyncio.create_task(self._ask(slot, what, pause_s)))
            if self.world.killed.is_set():
                await self._succeed()
            self.check()
        self.world.kill()
        await self._succeed()
        await self._end()

    async def _until(self, task: asyncio.Task[None]) -> None:
        """Return when the task ends or the Host is killed."""
        killed = asyncio.ensure_future(self.world.killed.wait())
        await asyncio.wait({task, killed}, return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()

    async def _ask(self, slot: Slot, what: str, pause_s: float) -> None:
        if what in LEADS_TO:
            slot.pending = asyncio.create_task(self._request(slot, what))
        elif slot.program_id is not None:
            await self._disturb(slot.program_id, what)
        await self.world.clock.sleep(timedelta(seconds=pause_s))

    async def _disturb(self, program_id: ProgramID, what: str) -> None:
        container = self.world.machine.of_program(program_id)
        if container is None or not container.is_running:
            return
        if what == "exit":
            await self.world.runtime.exit(program_id, 1)
        else:
            await self.world.runtime.remove(container.id)

    async def _request(self, slot: Slot, what: str) -> None:
        host = self.world.host
        assert host is not None
        if (what == "create") != (slot.program_id is None):
            return
        before = set(slot.allowed)
        slot.allowed |= {LEADS_TO[what]}
        try:
            if slot.program_id is None:
                options = ProgramOptions(restart_policy=FOR_EVER)
                created = await host.create(ProgramRequest(UserID(f"user-{slot.number}"), slot.build, options))
                slot.program_id = created.id
            else:
                await getattr(host, what)(slot.program_id)
        except HershyError:
            if not self.world.killed.is_set():  # a killed Host refuses nothing: its caller does not know
                slot.allowed = before
            return
        if self.world.killed.is_set():
            return
        slot.allowed = {LEADS_TO[what]}
        if what == "delete":
            slot.program_id = None

    async def _succeed(self) -> None:
        """Open Hosts until one of them lives."""
        while True:
            await self.world.bury()
            opening = asyncio.create_task(self._open())
            await asyncio.wait({opening})
            if not self.world.killed.is_set():
                break
        assert self.world.host is not None
        programs = {it.user_id: it for it in await self.world.host.list()}
        for slot in self.slots:
            slot.pending = None
            found = programs.pop(UserID(f"user-{slot.number}"), None)
            if found is None:
                assert None in slot.allowed, f"program {slot.program_id} is lost; it should be {slot.allowed}"
                slot.program_id, slot.allowed = None, {None}
            else:
                assert slot.program_id in (None, found.id)
                slot.program_id = found.id
                # One that deletion was asked of may be on its way out; one that is here has been created.
                slot.allowed = slot.allowed if found.is_being_deleted else slot.allowed - {None}
        assert not programs

    async def _open(self) -> None:
        await self.world.open()

    def check(self) -> None:
        """One container a program and one program a port, at any time."""
        containers = list(self.world.machine.containers.values())
        assert len({it.spec.program_id for it in containers}) == len(containers)
        stored = self.world.repository._programs.values()
        assert len({it.publish_port for it in stored}) == len(stored)

    async def _end(self) -> None:
        host, world = self.world.host, self.world
        assert host is not None
        await world.clock.sleep(timedelta(minutes=2))
        programs = {it.id: it for it in await host.list()}
        for slot in self.slots:
            program = programs.get(slot.program_id) if slot.program_id is not None else None
            state = None if program is None else program.state
            assert state in slot.allowed, f"{state} is not among {slot.allowed}: {program}"
        running = {it.spec.program_id for it in world.machine.containers.values() if it.is_running}
        assert running == {it.id for it in programs.values() if it.state is ProgramState.READY}
        assert len(world.machine.containers) == len(running)
        for program_id in programs:
            assert (host_route := await host.route(program_id)) is None or host_route.program_id == program_id
            await host.delete(program_id)
        assert world.machine.containers == {}
        assert list(await world.storage.list_programs()) == []
        assert [await world.builder.find(slot.build.build_id) for slot in self.slots] == [None] * SLOTS
        assert len(world.services.port_leases) == 0
        check_journal(list(await world.repository.journal(limit=100_000)))
        await host.aclose()


def check_journal(entries: list[JournalEntry]) -> None:
    """Numbered in order; each entry goes on from the state that the one before it has led to."""
    assert all(earlier.id < later.id for earlier, later in pairwise(entries))
    for program_id in {entry.program_id for entry in entries}:
        told = [entry for entry in entries if entry.program_id == program_id]
        assert told[0].event == REGISTERED
        assert told[-1].event == DELETED
        assert all(later.previous is earlier.state for earlier, later in pairwise(told))


@settings(max_examples=100, deadline=None)
@given(st.lists(REQUESTS, min_size=3, max_size=25))
def test_whatever_was_acknowledged_survives_whatever_kills_the_host(
    requests: list[tuple[int, str, float, int | None]],
) -> None:
    """At most one container a program, one program a port; what was acknowledged holds; deleted, nothing is left."""

    async def tell() -> None:
        await Story().tell(requests)

    asyncio.run(asyncio.wait_for(tell(), 30))
