"""What a SIGKILL, or a power cut, leaves of the storage: everything acknowledged, nothing by halves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy_adapters.docker.compose import write_compose
from hershy_adapters.filesystem.storage import FilesystemStorage

from .storage_writing_loop import COMPOSE_FILES

HERE = Path(__file__).parent
SPEC = BuildSpec("FROM x", {"a/b.py": "1", "c.py": "2"}, {"V": "2"})
PROGRAM = ProgramID(f"alice-{SPEC.build_id}-00000001")
DEADLINE_S = 60


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced, and given a name, in order."""
    done: list[str] = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def synced(descriptor: int) -> None:
        done.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink()}")
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        done.append(f"rename {source} to {target}")
        rename(source, target)

    def replaced(source: Path, target: Path) -> None:
        done.append(f"rename {source} to {target}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "rename", renamed)
    monkeypatch.setattr(os, "replace", replaced)
    return done


def test_a_kill_at_any_file_operation_leaves_nothing_by_halves(tmp_path: Path) -> None:
    """Claiming, registering, a Compose file, deleting, discarding: each is done or not, and the next Host tidies up."""
    script = [sys.executable, str(HERE / "storage_kill_points.py"), str(tmp_path / "root")]
    ended = subprocess.run(script, check=False, capture_output=True, text=True, timeout=DEADLINE_S)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 100


@pytest.mark.parametrize("acknowledged", [1, 4, 9])
async def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path, acknowledged: int) -> None:
    """A Host killed amid its writing: every program it had written reads back whole, every deleted one is gone."""
    written, deleted = killed_after(acknowledged, tmp_path)
    storage = FilesystemStorage(tmp_path)
    await storage.claim()
    listed = set(await storage.list_programs())
    due = written - deleted
    assert len(due - listed) <= 1, "only the one being deleted may be gone"
    assert len(listed - due) <= 1, "only the one being written may have come"
    assert not deleted & listed
    for program_id in listed:
        spec = await storage.read_sources(program_id)
        assert str(spec.build_id) in str(program_id)
        compose = tmp_path / str(program_id) / "compose" / "compose.yaml"
        assert not compose.exists() or compose.read_text() in COMPOSE_FILES
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".owner", *map(str, listed)}
    await storage.aclose()


def killed_after(acknowledged: int, root: Path) -> tuple[set[ProgramID], set[ProgramID]]:
    """What a process had written and deleted when it was killed after so many acknowledgements."""
    told: dict[str, set[ProgramID]] = {"written": set(), "deleted": set()}
    command = [sys.executable, "-m", "tests.unit.adapters.filesystem.storage_writing_loop", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parents[3]) as writer:
        assert writer.stdout is not None
        for _ in range(acknowledged):
            what, program_id = writer.stdout.readline().split()
            told[what].add(ProgramID(program_id))
        writer.kill()
        for line in writer.stdout:  # what it had still said
            what, program_id = line.split()
            told[what].add(ProgramID(program_id))
    return told["written"], told["deleted"]


async def test_sources_are_on_the_disk_before_they_have_their_name(tmp_path: Path, disk: list[str]) -> None:
    """Every file and folder is synced, the folder is given the program's name, and the name is synced."""
    storage = FilesystemStorage(tmp_path)
    await storage.claim()
    disk.clear()
    await storage.write_sources(PROGRAM, SPEC)
    top = tmp_path / str(PROGRAM)
    *synced, renamed, named = disk
    assert (renamed.split()[0], renamed.split()[-1], named) == ("rename", str(top), f"sync {tmp_path}")
    staging = renamed.split()[1]
    assert set(synced) == {f"sync {path}".replace(str(top), staging) for path in (top, *top.rglob("*"))}
    await storage.aclose()


async def test_a_deletion_and_a_compose_file_are_on_the_disk(tmp_path: Path, disk: list[str]) -> None:
    """What has been deleted does not come back; a replaced file has its content before it has its name."""
    storage = FilesystemStorage(tmp_path)
    await storage.claim()
    await storage.write_sources(PROGRAM, SPEC)
    folder = tmp_path / str(PROGRAM) / "compose"
    disk.clear()
    await write_compose(tmp_path, PROGRAM, "services: {}")
    fresh, final = f"{folder}/compose.yaml.new", f"{folder}/compose.yaml"
    assert disk == [f"sync {fresh}", f"rename {fresh} to {final}", f"sync {folder}"]
    disk.clear()
    await storage.delete(PROGRAM)
    assert disk[:2] == [f"rename {folder.parent} to {tmp_path}/.staging-{PROGRAM}", f"sync {tmp_path}"]
    await storage.aclose()


async def test_sources_whose_name_cannot_be_synced_are_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails at the last moment leaves nothing, so the program can be registered again."""
    storage = FilesystemStorage(tmp_path)
    await storage.claim()
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == tmp_path:
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="Input/output"):
            await storage.write_sources(PROGRAM, SPEC)
    assert {path.name for path in tmp_path.iterdir()} == {".lock", ".owner"}
    await storage.write_sources(PROGRAM, SPEC)
    assert await storage.read_sources(PROGRAM) == SPEC
    await storage.aclose()
