"""What every Storage must do. Subclass StorageContract and override its fixtures."""

from collections.abc import Awaitable, Callable

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy.errors import AlreadyExists, ProgramNotFound
from hershy.programs.ports.storage import LogKind, StateUsage, Storage

from ._samples import sample_program

SPEC = BuildSpec(
    "FROM x\r\nRUN true\n",
    {"main.py": "print('ä')\n", "deep/er/empty": "", "crlf.txt": "a\r\nb\r", ".dockerignore": "*.md"},
    {"BASE": "python"},
)
ALICE = sample_program(1).id
BOB = sample_program(2, "bob").id
SMALL = 64 * 1024
"""More than an empty folder takes, and what a file may take beyond its content."""

FillState = Callable[[ProgramID, int], Awaitable[None]]


@pytest.mark.asyncio
class StorageContract:
    """Override two fixtures.

    ``storage``: an empty Storage, claimed, closed after the test.
    ``fill_state``: puts a file of so many bytes into the state of a program, as the program would.
    """

    async def test_claiming_again_gives_the_same_identity(self, storage: Storage) -> None:
        """The root's identity lasts."""
        assert await storage.claim() == await storage.claim() == await storage.identity()

    async def test_sources_are_read_back_equal(self, storage: Storage) -> None:
        """Paths, texts with any line ends, and build arguments survive."""
        await storage.write_sources(ALICE, SPEC)
        read = await storage.read_sources(ALICE)
        assert read == SPEC
        assert read.build_id == SPEC.build_id

    async def test_sources_of_one_program_are_written_once(self, storage: Storage) -> None:
        """A second write raises and changes nothing."""
        await storage.write_sources(ALICE, SPEC)
        with pytest.raises(AlreadyExists):
            await storage.write_sources(ALICE, BuildSpec("FROM other"))
        assert await storage.read_sources(ALICE) == SPEC

    async def test_unknown_programs_are_not_found(self, storage: Storage) -> None:
        """Reading sources raises; logs are empty; deleting does nothing."""
        with pytest.raises(ProgramNotFound):
            await storage.read_sources(ALICE)
        assert list(await storage.log(ALICE, LogKind.BUILD).read(None)) == []
        await storage.delete(ALICE)

    async def test_the_state_folder_is_the_programs_own(self, storage: Storage) -> None:
        """The same each time, another for each program."""
        await storage.write_sources(ALICE, SPEC)
        await storage.write_sources(BOB, SPEC)
        volume = await storage.prepare_state(ALICE)
        assert volume == await storage.prepare_state(ALICE)
        assert volume != await storage.prepare_state(BOB)

    async def test_logs_give_their_last_lines(self, storage: Storage) -> None:
        """Lines come back in order, as many as asked for, build and runtime apart."""
        await storage.write_sources(ALICE, SPEC)
        storage.log(ALICE, LogKind.BUILD).append(["one", "two ä"])
        storage.log(ALICE, LogKind.BUILD).append(["", "four"])
        assert list(await storage.log(ALICE, LogKind.BUILD).read(None)) == ["one", "two ä", "", "four"]
        assert list(await storage.log(ALICE, LogKind.BUILD).read(2)) == ["", "four"]
        assert list(await storage.log(ALICE, LogKind.BUILD).read(0)) == []
        assert list(await storage.log(ALICE, LogKind.RUNTIME).read(10)) == []

    async def test_a_log_can_begin_anew(self, storage: Storage) -> None:
        """start forgets that log and no other."""
        await storage.write_sources(ALICE, SPEC)
        for kind in LogKind:
            storage.log(ALICE, kind).append(["old"])
        await storage.log(ALICE, LogKind.BUILD).start()
        assert list(await storage.log(ALICE, LogKind.BUILD).read(None)) == []
        assert list(await storage.log(ALICE, LogKind.RUNTIME).read(None)) == ["old"]

    async def test_delete_removes_everything_of_one_program(self, storage: Storage) -> None:
        """Sources and logs are gone, another program's are not, and the id can be used again."""
        for program_id in (ALICE, BOB):
            await storage.write_sources(program_id, SPEC)
            storage.log(program_id, LogKind.BUILD).append(["line"])
        await storage.delete(ALICE)
        await storage.delete(ALICE)
        assert list(await storage.list_programs()) == [BOB]
        assert list(await storage.log(ALICE, LogKind.BUILD).read(None)) == []
        assert await storage.read_sources(BOB) == SPEC
        await storage.write_sources(ALICE, SPEC)
        assert list(await storage.list_programs()) == [ALICE, BOB]

    async def test_the_size_of_a_state_is_the_programs_own(self, storage: Storage, fill_state: FillState) -> None:
        """What the program has written counts, nothing else; no state has no size."""
        assert await storage.state_usage(ALICE, 10) == StateUsage(0, 0)
        for program_id in (ALICE, BOB):
            await storage.write_sources(program_id, SPEC)
            await storage.prepare_state(program_id)
            storage.log(program_id, LogKind.RUNTIME).append(["x" * 2 * SMALL])
        await fill_state(ALICE, 1_000_000)
        usage = await storage.state_usage(ALICE, 10)
        assert (1_000_000 <= usage.bytes <= 1_000_000 + SMALL, usage.entries) == (True, 1)
        neighbours = await storage.state_usage(BOB, 10)
        assert (neighbours.bytes <= SMALL, neighbours.entries) == (True, 0)
        assert (await storage.state_usage(ALICE, 0)).entries == 1
        await storage.delete(ALICE)
        assert await storage.state_usage(ALICE, 10) == StateUsage(0, 0)

    async def test_what_never_ran_is_discarded(self, storage: Storage) -> None:
        """Sources alone, with a state prepared, go; another program's stay; absent is fine."""
        for program_id in (ALICE, BOB):
            await storage.write_sources(program_id, SPEC)
        await storage.prepare_state(ALICE)
        assert await storage.delete(ALICE, unless_used=True) is True
        assert await storage.delete(ALICE, unless_used=True) is True
        assert list(await storage.list_programs()) == [BOB]

    @pytest.mark.parametrize("kind", LogKind)
    async def test_what_has_logs_is_not_discarded(self, storage: Storage, kind: LogKind) -> None:
        """A single line keeps everything; a log begun anew is none."""
        await storage.write_sources(ALICE, SPEC)
        storage.log(ALICE, kind).append(["line"])
        assert await storage.delete(ALICE, unless_used=True) is False
        assert await storage.read_sources(ALICE) == SPEC
        assert list(await storage.log(ALICE, kind).read(None)) == ["line"]
        await storage.log(ALICE, kind).start()
        assert await storage.delete(ALICE, unless_used=True) is True

    async def test_what_has_state_is_not_discarded(self, storage: Storage, fill_state: FillState) -> None:
        """A single byte keeps everything."""
        await storage.write_sources(ALICE, SPEC)
        await fill_state(ALICE, 1)
        assert await storage.delete(ALICE, unless_used=True) is False
        assert await storage.read_sources(ALICE) == SPEC
        assert (await storage.state_usage(ALICE, 10)).bytes >= 1

    async def test_closing_twice_is_allowed(self, storage: Storage) -> None:
        """aclose is idempotent."""
        await storage.aclose()
        await storage.aclose()
        await storage.claim()
