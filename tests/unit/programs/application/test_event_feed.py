"""What happens to programs, read from afar: nothing missed and nothing twice, whatever breaks in between."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from random import Random

from dependency_injector import providers

from hershy.core.ids import ProgramID
from hershy.programs.application.event_feed import BuildProgress, Fed
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.event_bus import EventsLost
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters.memory.event_bus import InMemoryEventBus

PROGRAMS = 20
PATIENCE_S = 10


async def entries(feed: AsyncGenerator[Fed, None], until: str) -> list[JournalEntry]:
    """The journal entries up to the first of the event ``until``."""
    found = []
    async with aclosing(feed):
        async for it in feed:
            if isinstance(it, JournalEntry):
                found.append(it)
                if it.event == until:
                    break
    return found


async def test_a_program_s_feed_begins_with_its_present_state_and_ends_with_its_deletion(hershy_twins: Twins) -> None:
    """Every event of its journal in between, and the lines of its build."""
    program = await hershy_twins.create()
    feed = hershy_twins.host.feed(program.id)
    first = await anext(feed)
    assert isinstance(first, JournalEntry)
    assert (first.event, first.state) == ("registered", S.CREATED)
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    await hershy_twins.host.delete(program.id)
    rest = [it async for it in feed]
    assert any(isinstance(it, BuildProgress) for it in rest)
    seen = [first, *(it for it in rest if isinstance(it, JournalEntry))]
    assert tuple(seen) == tuple(await hershy_twins.host.journal(program.id))
    assert (seen[-1].event, seen[-1].state) == ("deleted", None)


async def test_one_who_comes_back_misses_nothing(hershy_twins: Twins) -> None:
    """From any id on, the feed gives what the journal has after it, then what happens."""
    program = await hershy_twins.ready()
    other = await hershy_twins.ready("FROM other")
    before = await hershy_twins.host.journal()
    for after in (0, before[3].id, before[-1].id):
        feed = hershy_twins.host.feed(after=after)
        missed = [await anext(feed) for it in before if it.id > after]
        assert missed == [it for it in before if it.id > after]
        await hershy_twins.host.stop(program.id)
        following = await anext(feed)
        assert isinstance(following, JournalEntry)
        assert (following.event, following.program_id) == ("stop requested", program.id)
        await feed.aclose()
        await hershy_twins.host.wait_for(program.id, S.STOPPED)
        await hershy_twins.host.start(program.id)
        await hershy_twins.host.wait_for(program.id, S.READY)
        before = await hershy_twins.host.journal()
    mine = await entries(hershy_twins.host.feed(other.id, after=0), until="readiness reached")
    assert {it.program_id for it in mine} == {other.id}


async def _next(feed: AsyncGenerator[Fed, None]) -> Fed:
    return await anext(feed)


async def test_a_slow_reader_loses_build_lines_but_no_entry() -> None:
    """It is told how many were lost, and gets the entries from the journal."""
    container = twin_container()
    container.event_bus.override(providers.Object(InMemoryEventBus(buffer_size=3)))
    async with open_twins(container) as twins:
        feed = twins.host.feed()
        first = asyncio.ensure_future(_next(feed))
        await asyncio.sleep(0)
        program = await twins.create()
        await first
        await twins.host.start(program.id)
        await twins.host.wait_for(program.id, S.READY)
        await twins.host.delete(program.id)
        rest: list[Fed] = []
        async for it in feed:
            rest.append(it)
            if isinstance(it, JournalEntry) and it.state is None:
                break
        await feed.aclose()
        assert isinstance(rest[0], EventsLost)
        assert rest[0].count > 0
        ids = [it.id for it in rest if isinstance(it, JournalEntry)]
        assert ids == [it.id for it in await twins.host.journal(program.id)][1:]


async def test_the_journal_outlives_the_program(hershy_twins: Twins) -> None:
    """Who asks for a deleted program's journal gets it; one never heard of is not found."""
    program = await hershy_twins.ready()
    await hershy_twins.host.delete(program.id)
    events = [it.event for it in await hershy_twins.host.journal(program.id)]
    assert events[0] == "registered"
    assert events[-2:] == ["delete requested", "deleted"]
    assert [it.event for it in await hershy_twins.host.journal(program.id, limit=1)] == ["deleted"]
    assert await hershy_twins.host.journal(program.id, after=10_000) == ()


async def test_a_crash_is_in_the_journal_with_its_reason_and_last_lines(hershy_twins: Twins) -> None:
    """Typed, in words, and with what the program printed last."""
    program = await hershy_twins.ready()
    hershy_twins.runtime.program(program.id).log("cannot open the till")
    await hershy_twins.runtime.exit(program.id, 7)
    await hershy_twins.host.wait_for(program.id, S.ERROR)
    (entry,) = await hershy_twins.host.journal(program.id, limit=1)
    assert entry.exit_reason is not None
    assert (entry.event, entry.exit_reason.code) == ("exited", 7)
    assert entry.detail.startswith("program exited with code 7; its last log lines:")
    assert entry.detail.splitlines()[-2] == "cannot open the till"


async def test_a_feed_of_a_program_never_heard_of_says_nothing(hershy_twins: Twins) -> None:
    """It ends with the Host."""
    unknown = ProgramID("alice-build-0123456789ab-00000000")
    feed = hershy_twins.host.feed(unknown)
    await hershy_twins.event_bus.aclose()
    assert [it async for it in feed] == []


async def test_many_programs_at_once(hershy_twins: Twins) -> None:
    """However changes of programs interleave, every entry is told, in the journal's order."""
    host, random = hershy_twins.host, Random(1)
    told: list[int] = []

    async def listen() -> None:
        deleted = 0
        async with aclosing(host.feed(after=0)) as feed:
            async for it in feed:
                if isinstance(it, JournalEntry):
                    told.append(it.id)
                    deleted += it.state is None
                    if deleted == PROGRAMS:
                        return

    async def live() -> None:
        # Registration, transitions and deletion publish a few turns of the loop after they are stored.
        await _turns(random.randrange(40))
        program = await hershy_twins.create()
        await _turns(random.randrange(40))
        await host.start(program.id)
        await _turns(random.randrange(40))
        await host.delete(program.id)

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(listen(), *(live() for _ in range(PROGRAMS)))
    assert told == [it.id for it in await host.journal(limit=1000)]


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
