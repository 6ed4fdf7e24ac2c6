"""What every Repository must do. Subclass RepositoryContract and override its ``repository`` fixture."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.domain.build_spec import BuildSpec
from hershy.domain.errors import AlreadyExists, ProgramNotFound, StaleVersion
from hershy.domain.exits import ExitKind, ExitReason
from hershy.domain.ids import ContainerID, ImageID, UserID
from hershy.domain.program import DesiredState, ProgramOptions
from hershy.domain.resources import MIB, ResourceLimits
from hershy.domain.restart import RestartHistory, RestartMode, RestartPolicy
from hershy.domain.state import ProgramState
from hershy.ports.repository import ProgramFilter, Repository

from ._samples import NOW, sample_program


@pytest.mark.asyncio
class RepositoryContract:
    """Override the fixture ``repository``: an empty Repository, closed after the test."""

    async def test_an_added_program_is_version_one(self, repository: Repository) -> None:
        """What is added comes back as version 1, from add and from get."""
        added = await repository.add(sample_program())
        assert added == replace(sample_program(), version=1)
        assert await repository.get(added.id) == added

    async def test_every_field_survives(self, repository: Repository) -> None:
        """A program with everything set is read back equal."""
        program = sample_program(
            build_args={"BASE": "x"},
            options=ProgramOptions(
                env={"A": "ä\n"},
                labels={"team": "7"},
                resources=ResourceLimits(0.5, 64 * MIB, 10, 20, MIB),
                restart_policy=RestartPolicy(RestartMode.ALWAYS, timedelta(milliseconds=1500), timedelta(hours=1)),
            ),
            state=ProgramState.ERROR,
            desired=DesiredState.RUNNING,
            epoch=7,
            image_id=ImageID("sha256:abc"),
            container_id=ContainerID("c0ffee"),
            container_started_at=NOW + timedelta(microseconds=1),
            exit_reason=ExitReason(ExitKind.OUT_OF_MEMORY, 137),
            error_msg="line 1\nline 2",
            restarts=RestartHistory((NOW, NOW + timedelta(seconds=1)), 2),
        )
        await repository.add(program)
        assert await repository.get(program.id) == replace(program, version=1)

    async def test_a_second_add_is_refused(self, repository: Repository) -> None:
        """Adding an id twice raises and keeps the first."""
        added = await repository.add(sample_program())
        with pytest.raises(AlreadyExists):
            await repository.add(sample_program(error_msg="other"))
        assert await repository.get(added.id) == added

    async def test_unknown_programs_are_not_found(self, repository: Repository) -> None:
        """get and save raise; remove does not."""
        with pytest.raises(ProgramNotFound):
            await repository.get(sample_program().id)
        with pytest.raises(ProgramNotFound):
            await repository.save(sample_program())
        await repository.remove(sample_program().id)

    async def test_save_replaces_and_raises_the_version(self, repository: Repository) -> None:
        """Each save counts one version."""
        added = await repository.add(sample_program())
        saved = await repository.save(replace(added, state=ProgramState.BUILDING))
        assert (saved.version, saved.state) == (2, ProgramState.BUILDING)
        assert await repository.get(added.id) == saved

    async def test_a_stale_save_is_refused(self, repository: Repository) -> None:
        """Saving over a newer version raises and changes nothing."""
        added = await repository.add(sample_program())
        newer = await repository.save(replace(added, error_msg="newer"))
        with pytest.raises(StaleVersion):
            await repository.save(replace(added, error_msg="stale"))
        assert await repository.get(added.id) == newer

    async def test_list_is_in_order_of_creation_then_id(self, repository: Repository) -> None:
        """The order does not depend on the order of adding."""
        late = sample_program(0, created_at=NOW + timedelta(seconds=1))
        second, first = sample_program(2), sample_program(1)
        for program in (late, second, first):
            await repository.add(program)
        assert [program.id for program in await repository.list()] == [first.id, second.id, late.id]

    async def test_list_filters_by_every_criterion(self, repository: Repository) -> None:
        """User, state, build and labels must all match; labels by name and value."""
        other_spec = BuildSpec("FROM other")
        alice = await repository.add(sample_program(1, options=ProgramOptions(labels={"a": "1", "b": "2"})))
        bob = await repository.add(sample_program(2, "bob", other_spec, state=ProgramState.READY))

        async def listed(matching: ProgramFilter) -> list[object]:
            return [program.id for program in await repository.list(matching)]

        assert await listed(ProgramFilter()) == [alice.id, bob.id]
        assert await listed(ProgramFilter(user_id=UserID("bob"))) == [bob.id]
        assert await listed(ProgramFilter(state=ProgramState.READY)) == [bob.id]
        assert await listed(ProgramFilter(build_id=other_spec.build_id)) == [bob.id]
        assert await listed(ProgramFilter(labels={"a": "1"})) == [alice.id]
        assert await listed(ProgramFilter(labels={"a": "1", "b": "2"})) == [alice.id]
        assert await listed(ProgramFilter(labels={"a": "2"})) == []
        assert await listed(ProgramFilter(user_id=UserID("alice"), state=ProgramState.READY)) == []

    async def test_a_removed_program_is_forgotten(self, repository: Repository) -> None:
        """Removed twice is as good as once, and its id can be added again."""
        added = await repository.add(sample_program())
        await repository.remove(added.id)
        await repository.remove(added.id)
        assert await repository.list() == []
        assert (await repository.add(sample_program())).version == 1

    async def test_closing_twice_is_allowed(self, repository: Repository) -> None:
        """aclose is idempotent."""
        await repository.aclose()
        await repository.aclose()
        assert isinstance(repository.durable, bool)
