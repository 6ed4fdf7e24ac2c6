"""The part of RepositoryContract that is about reading and pruning the journal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.programs.domain.program import Program
from hershy.programs.ports.repository import Repository

from ._samples import NOW, sample_entry, sample_program, sample_record


async def program_with_entries(repository: Repository, number: int, count: int, user: str = "alice") -> Program:
    """A program registered and saved, so that it has ``count`` entries, each a day older than the next."""
    (record,) = await repository.add([sample_record(sample_program(number, user))])
    for day in range(1, count):
        changed = replace(record.program, updated_at=NOW + timedelta(days=day))
        record = await repository.save(sample_record(changed, f"day {day}"))
    return record.program


async def events(repository: Repository, program: Program) -> Sequence[str]:
    return [it.event for it in await repository.journal(program.id)]


@pytest.mark.asyncio
class RepositoryJournalContract:
    async def test_every_write_returns_its_entry_numbered(self, repository: Repository) -> None:
        """Ids are positive and grow; add, save and remove return what the journal then holds."""
        (first,) = await repository.add([sample_record(sample_program(), "registered")])
        second = await repository.save(sample_record(first.program, "saved"))
        third = await repository.remove(sample_entry(second.program, "deleted", state=None))
        entries = [first.entry, second.entry, third]
        assert [it.event for it in entries] == ["registered", "saved", "deleted"]
        assert 0 < entries[0].id < entries[1].id < entries[2].id
        assert list(await repository.journal()) == entries

    async def test_the_journal_is_of_one_or_of_all(self, repository: Repository) -> None:
        """Entries of one program apart, those of all in the order in which they were written."""
        one = await program_with_entries(repository, 1, 2)
        other = await program_with_entries(repository, 2, 1)
        await repository.save(sample_record(one, "last"))
        assert await events(repository, one) == ["sample", "day 1", "last"]
        assert await events(repository, other) == ["sample"]
        assert [it.program_id for it in await repository.journal()] == [one.id, one.id, other.id, one.id]
        assert list(await repository.journal(sample_program(3).id)) == []

    async def test_without_after_the_newest_are_read(self, repository: Repository) -> None:
        """The ``limit`` newest, the oldest of them first."""
        program = await program_with_entries(repository, 1, 5)
        assert [it.event for it in await repository.journal(program.id, limit=2)] == ["day 3", "day 4"]
        assert [it.event for it in await repository.journal(limit=2)] == ["day 3", "day 4"]
        assert list(await repository.journal(limit=0)) == []

    async def test_after_an_id_the_next_are_read(self, repository: Repository) -> None:
        """The ``limit`` first ones above ``after``; a reader who goes on from the last sees each once."""
        program = await program_with_entries(repository, 1, 5)
        await program_with_entries(repository, 2, 1)
        seen: list[str] = []
        after = 0
        while page := await repository.journal(program.id, after=after, limit=2):
            seen += [it.event for it in page]
            after = page[-1].id
        assert seen == ["sample", "day 1", "day 2", "day 3", "day 4"]
        newest = (await repository.journal())[-1]
        assert [it.id for it in await repository.journal(after=newest.id - 1)] == [newest.id]
        assert list(await repository.journal(after=newest.id)) == []

    async def test_a_program_that_is_gone_keeps_its_entries(self, repository: Repository) -> None:
        """They are read as before."""
        program = await program_with_entries(repository, 1, 2)
        await repository.remove(sample_entry(program, "deleted"))
        assert await events(repository, program) == ["sample", "day 1", "deleted"]

    async def test_pruning_keeps_the_newest_of_the_registered(self, repository: Repository) -> None:
        """However old or young they are, and of each program as many."""
        long, short = await program_with_entries(repository, 1, 5), await program_with_entries(repository, 2, 2)
        assert await repository.prune_journal(before=NOW - timedelta(days=1), keep=2, keep_gone=0) == 3
        assert await events(repository, long) == ["day 3", "day 4"]
        assert await events(repository, short) == ["sample", "day 1"]
        assert await repository.prune_journal(before=NOW + timedelta(days=100), keep=2, keep_gone=0) == 0

    async def test_pruning_drops_what_is_old_of_the_gone(self, repository: Repository) -> None:
        """However many or few there are; what is exactly as old as the limit stays."""
        program = await program_with_entries(repository, 1, 4)
        await repository.remove(sample_entry(program, "deleted", at=NOW + timedelta(days=4)))
        assert await repository.prune_journal(before=NOW + timedelta(days=2), keep=1, keep_gone=100) == 2
        assert await events(repository, program) == ["day 2", "day 3", "deleted"]
        assert await repository.prune_journal(before=NOW + timedelta(days=5), keep=100, keep_gone=100) == 3
        assert list(await repository.journal()) == []

    async def test_pruning_bounds_the_gone_of_each_user(self, repository: Repository) -> None:
        """However young they are: one who registers and deletes all day fills no disk, nor drops what others did."""
        of_alice = [await program_with_entries(repository, number, 2) for number in (1, 2, 3)]
        of_bob = await program_with_entries(repository, 4, 2, "bob")
        for program in (*of_alice[:2], of_bob):
            await repository.remove(sample_entry(program, "deleted", at=NOW + timedelta(days=4)))
        assert await repository.prune_journal(before=NOW - timedelta(days=1), keep=10, keep_gone=4) == 2
        assert [await events(repository, it) for it in of_alice] == [
            ["deleted"],
            ["sample", "day 1", "deleted"],
            ["sample", "day 1"],
        ]
        assert len(await events(repository, of_bob)) == 3
        assert await repository.prune_journal(before=NOW - timedelta(days=1), keep=10, keep_gone=0) == 7
        assert await events(repository, of_alice[2]) == ["sample", "day 1"]

    async def test_ids_are_not_given_again(self, repository: Repository) -> None:
        """After the newest entries have been pruned, ids go on growing."""
        program = await program_with_entries(repository, 1, 3)
        last = await repository.remove(sample_entry(program, "deleted"))
        await repository.prune_journal(before=NOW + timedelta(days=100), keep=0, keep_gone=0)
        (record,) = await repository.add([sample_record(sample_program(1))])
        assert record.entry.id > last.id
