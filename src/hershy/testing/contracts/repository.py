"""What every Repository must do. Subclass RepositoryContract and override its ``repository`` fixture."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, ImageID, UserID
from hershy.core.resources import MIB, ResourceLimits
from hershy.errors import AlreadyExists, ProgramNotFound, StaleVersion
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.journal import MAX_DETAIL
from hershy.programs.domain.program import DesiredState, Program, ProgramOptions
from hershy.programs.domain.restart import RestartHistory, RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.repository import ProgramFilter, Record, Repository

from ._repository_journal import RepositoryJournalContract
from ._samples import NOW, sample_entry, sample_program, sample_record

AWKWARD = "line 1\nline 2 \N{SNOWMAN} \0 \ud800"
"""What a program may print, and its error message quote: also what is no UTF-8, or ends a text in C."""


async def added(repository: Repository, *programs: Program) -> Sequence[Program]:
    """The programs as the repository returns them."""
    return [it.program for it in await repository.add([sample_record(program) for program in programs])]


async def cancelled_after(writing: asyncio.Future[Any], turns: int) -> None:
    """Cancel it when the event loop has gone round so often, unless it has ended, and wait for its end."""
    for _ in range(turns):
        if writing.done():
            return
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})


@pytest.mark.asyncio
class RepositoryContract(RepositoryJournalContract):
    """Override the fixture ``repository``: an empty Repository, closed after the test."""

    async def test_an_added_program_is_version_one(self, repository: Repository) -> None:
        """What is added comes back as version 1, from add and from get."""
        (program,) = await added(repository, sample_program())
        assert program == replace(sample_program(), version=1)
        assert await repository.get(program.id) == program

    async def test_every_field_survives(self, repository: Repository) -> None:
        """A program with everything set is read back equal."""
        program = sample_program(
            created_at=NOW + timedelta(microseconds=3),
            updated_at=NOW + timedelta(days=1, microseconds=999_999),
            build_args={"BASE": "x"},
            options=ProgramOptions(
                env={"A": "ä\n"},
                labels={"team": "7"},
                resources=ResourceLimits(0.5, 64 * MIB, 10, 20, MIB),
                restart_policy=RestartPolicy(
                    RestartMode.ALWAYS, timedelta(milliseconds=1500), timedelta(hours=1), 9, timedelta(days=400)
                ),
                health_check=HealthCheck("/alive?x=1", timedelta(seconds=90), timedelta(microseconds=1), 7),
                ttl=timedelta(days=3, microseconds=1),
                idle_timeout=timedelta(minutes=5),
                description="counts \N{SNOWMAN}\nand sheep\x07",
            ),
            state=ProgramState.ERROR,
            desired=DesiredState.RUNNING,
            epoch=7,
            image_id=ImageID("sha256:abc"),
            container_id=ContainerID("c0ffee"),
            endpoint=Endpoint("10.0.0.7", 8080, "seven"),
            container_started_at=NOW + timedelta(microseconds=1),
            exit_reason=ExitReason(ExitKind.OUT_OF_MEMORY, 137),
            error_msg=AWKWARD,
            restarts=RestartHistory((NOW, NOW + timedelta(seconds=1)), 2, 11),
            next_restart_at=NOW + timedelta(seconds=2, microseconds=5),
            is_healthy=False,
            state_since=NOW + timedelta(microseconds=7),
        )
        await added(repository, program)
        assert await repository.get(program.id) == replace(program, version=1)
        (listed,) = await repository.list()
        assert listed == replace(program, version=1)

    async def test_moments_of_other_time_zones_are_the_same_moments(self, repository: Repository) -> None:
        """A moment is read back equal, and in UTC, whatever zone it was given in."""
        elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
        (program,) = await added(repository, sample_program(created_at=elsewhere, updated_at=elsewhere))
        read = await repository.get(program.id)
        assert (read.created_at, read.updated_at, read.state_since) == (NOW, NOW, NOW)

    async def test_a_second_add_is_refused(self, repository: Repository) -> None:
        """Adding an id twice raises, keeps the first, and leaves nothing in the journal."""
        (program,) = await added(repository, sample_program())
        with pytest.raises(AlreadyExists, match=str(program.id)):
            await added(repository, sample_program(error_msg="other"))
        assert await repository.get(program.id) == program
        assert len(await repository.journal()) == 1

    async def test_several_are_added_at_once(self, repository: Repository) -> None:
        """They come back in the order given, each with its entry, numbered in that order."""
        programs = [sample_program(number) for number in (3, 1, 2)]
        records = await repository.add([sample_record(it, f"event {it.publish_port}") for it in programs])
        assert [it.program for it in records] == [replace(it, version=1) for it in programs]
        assert [it.entry.event for it in records] == ["event 19004", "event 19002", "event 19003"]
        assert list(await repository.journal()) == [it.entry for it in records]
        assert len(await repository.list()) == 3

    async def test_programs_without_a_port(self, repository: Repository) -> None:
        """Any number of them, each at its endpoint."""
        programs = [
            sample_program(number, publish_port=None, endpoint=Endpoint(f"10.0.0.{number}", 8080)) for number in (1, 2)
        ]
        await added(repository, *programs)
        assert [await repository.get(it.id) for it in programs] == [replace(it, version=1) for it in programs]

    async def test_adding_none_is_allowed(self, repository: Repository) -> None:
        """Nothing in, nothing out."""
        assert list(await repository.add([])) == []

    @pytest.mark.parametrize("numbers", [(1, 2, 0), (1, 2, 1)], ids=["registered", "twice"])
    async def test_all_are_added_or_none(self, repository: Repository, numbers: Sequence[int]) -> None:
        """One that is registered already, or given twice, keeps all the others out."""
        (first,) = await added(repository, sample_program(0))
        with pytest.raises(AlreadyExists):
            await added(repository, *(sample_program(number) for number in numbers))
        assert list(await repository.list()) == [first]
        assert len(await repository.journal()) == 1

    async def test_unknown_programs_are_not_found(self, repository: Repository) -> None:
        """get and save raise, and leave nothing in the journal."""
        with pytest.raises(ProgramNotFound):
            await repository.get(sample_program().id)
        with pytest.raises(ProgramNotFound):
            await repository.save(sample_record(sample_program()))
        assert list(await repository.journal()) == []

    async def test_save_replaces_and_raises_the_version(self, repository: Repository) -> None:
        """Each save counts one version; every field is replaced."""
        (before,) = await added(repository, sample_program())
        changed = replace(
            before,
            options=ProgramOptions(labels={"a": "b"}),
            state=ProgramState.BUILDING,
            desired=DesiredState.RUNNING,
            updated_at=NOW + timedelta(seconds=1),
            error_msg="none",
        )
        saved = await repository.save(sample_record(changed))
        assert saved.program == replace(changed, version=2)
        assert await repository.get(before.id) == saved.program

    async def test_a_stale_save_is_refused(self, repository: Repository) -> None:
        """Saving over a newer version raises, changes nothing, and leaves nothing in the journal."""
        (program,) = await added(repository, sample_program())
        newer = await repository.save(sample_record(replace(program, error_msg="newer")))
        with pytest.raises(StaleVersion):
            await repository.save(sample_record(replace(program, error_msg="stale")))
        assert await repository.get(program.id) == newer.program
        assert len(await repository.journal()) == 2

    async def test_list_is_in_order_of_creation_then_id(self, repository: Repository) -> None:
        """The order does not depend on the order of adding; ids are in the order of their code points."""
        late = sample_program(0, created_at=NOW + timedelta(microseconds=1))
        second, first, capital = sample_program(2), sample_program(1), sample_program(3, "Zoe")
        await added(repository, late, second, first, capital)
        assert [it.id for it in await repository.list()] == [capital.id, first.id, second.id, late.id]

    async def test_list_filters_by_every_criterion(self, repository: Repository) -> None:
        """User, state, build and labels must all match; labels by name and value."""
        other_spec = BuildSpec("FROM other")
        alice, bob = await added(
            repository,
            sample_program(1, options=ProgramOptions(labels={"a": "1", "b": "2"}, description="Counts Straße")),
            sample_program(2, "bob", other_spec, state=ProgramState.READY),
        )

        async def listed(matching: ProgramFilter) -> list[object]:
            return [program.id for program in await repository.list(matching)]

        assert await listed(ProgramFilter()) == [alice.id, bob.id]
        assert await listed(ProgramFilter(user_id=UserID("bob"))) == [bob.id]
        assert await listed(ProgramFilter(state=ProgramState.READY)) == [bob.id]
        assert await listed(ProgramFilter(build_id=other_spec.build_id)) == [bob.id]
        assert await listed(ProgramFilter(labels={"a": "1"})) == [alice.id]
        assert await listed(ProgramFilter(labels={"a": "1", "b": "2"})) == [alice.id]
        assert await listed(ProgramFilter(labels={"a": "2"})) == []
        for text in ("counts", "STRASSE", "ALICE-", "B=2"):
            assert await listed(ProgramFilter(text=text)) == [alice.id]
        assert await listed(ProgramFilter(text="-build-")) == [alice.id, bob.id]
        assert await listed(ProgramFilter(text="counts", user_id=UserID("bob"))) == []
        assert await listed(ProgramFilter(text="%")) == []
        assert await listed(ProgramFilter(user_id=UserID("alice"), state=ProgramState.READY)) == []

    async def test_a_removed_program_is_forgotten(self, repository: Repository) -> None:
        """Removed twice is as good as once but for the journal, and its id and port can be added again."""
        (program,) = await added(repository, sample_program())
        for _ in range(2):
            await repository.remove(sample_entry(program, "removed"))
        assert list(await repository.list()) == []
        assert [it.event for it in await repository.journal(program.id)] == ["sample", "removed", "removed"]
        (again,) = await added(repository, sample_program())
        assert again.version == 1

    async def test_concurrent_saves_are_numbered_as_they_return(self, repository: Repository) -> None:
        """Ids grow from one return to the next, whoever else is writing."""
        programs = await added(repository, *(sample_program(number) for number in range(8)))
        returned: list[int] = []

        async def save_often(program: Program) -> None:
            for _ in range(5):
                record = await repository.save(sample_record(program))
                returned.append(record.entry.id)
                program = record.program

        async with asyncio.TaskGroup() as group:
            for program in programs:
                group.create_task(save_often(program))
        assert returned == sorted(set(returned))
        assert [it.id for it in await repository.journal(limit=40)] == returned
        assert {it.version for it in await repository.list()} == {6}

    async def test_of_two_saves_at_once_one_wins(self, repository: Repository) -> None:
        """Of several saves of one version the first is kept and the others are stale."""
        (program,) = await added(repository, sample_program())
        attempts = [repository.save(sample_record(replace(program, epoch=number))) for number in range(5)]
        outcomes = await asyncio.gather(*attempts, return_exceptions=True)
        (kept,) = [it for it in outcomes if isinstance(it, Record)]
        assert [type(it) for it in outcomes if it is not kept] == [StaleVersion] * 4
        assert await repository.get(program.id) == kept.program
        assert len(await repository.journal()) == 2

    async def test_a_cancelled_save_is_whole_or_nothing(self, repository: Repository) -> None:
        """Wherever it is cancelled, program and journal agree, and the repository goes on working."""
        (program,) = await added(repository, sample_program())
        for effort in range(45):
            saving = asyncio.ensure_future(repository.save(sample_record(program)))
            await cancelled_after(saving, turns=effort**2)
            program = await repository.get(program.id)
            assert len(await repository.journal(program.id)) == program.version
        assert (await repository.save(sample_record(program))).program.version == program.version + 1

    async def test_entries_keep_all_they_tell(self, repository: Repository) -> None:
        """Moments, states, exit reasons and details of any length and characters are read back equal."""
        (program,) = await added(repository, sample_program())
        entry = sample_entry(
            program,
            "exited",
            at=datetime.fromisoformat("2026-02-03T04:05:06.789012+00:00"),
            previous=ProgramState.READY,
            state=ProgramState.STARTING,
            detail=(AWKWARD * MAX_DETAIL)[:MAX_DETAIL],
            exit_reason=ExitReason(ExitKind.ENGINE_LOST),
        )
        saved = await repository.save(Record(program, entry))
        assert saved.entry == replace(entry, id=saved.entry.id)
        assert list(await repository.journal(program.id, limit=1)) == [saved.entry]

    async def test_closing_twice_is_allowed(self, repository: Repository) -> None:
        """aclose is idempotent, also when the repository has been used."""
        await added(repository, sample_program())
        await repository.aclose()
        await repository.aclose()
        assert isinstance(repository.durable, bool)
