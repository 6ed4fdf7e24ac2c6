"""What the file system adds to the storage contract: layout, rights, locks, crashes."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy.errors import ConfigurationError, ProgramNotFound, StorageInUse
from hershy.programs.ports.storage import LogKind
from hershy_adapters.docker.compose import write_compose
from hershy_adapters.filesystem.storage import FilesystemStorage

SPEC = BuildSpec("FROM x", {"a/b.py": "1"}, {"V": "2"})
PROGRAM = ProgramID(f"alice-{SPEC.build_id}-00000001")


async def claimed(root: Path) -> FilesystemStorage:
    storage = FilesystemStorage(root)
    await storage.claim()
    return storage


async def test_the_layout_is_the_wire_contracts(tmp_path: Path) -> None:
    """Six folders, sources in src with their Dockerfile, compose and logs in theirs."""
    storage = await claimed(tmp_path)
    await storage.write_sources(PROGRAM, SPEC)
    await write_compose(tmp_path, PROGRAM, "services: {}")
    storage.log(PROGRAM, LogKind.BUILD).append(["line"])
    top = tmp_path / str(PROGRAM)
    assert sorted(path.name for path in top.iterdir()) == ["compose", "logs", "meta", "runtime", "src", "state"]
    assert (top / "src" / "Dockerfile").read_text() == "FROM x"
    assert (top / "src" / "a" / "b.py").read_text() == "1"
    assert (top / "compose" / "compose.yaml").read_text() == "services: {}"
    assert (top / "logs" / "build.log").read_text() == "line\n"
    await storage.aclose()


async def test_only_the_host_can_look_into_a_programs_folder(tmp_path: Path) -> None:
    """The folder is closed to others; the state inside is open to whatever user the program runs as."""
    storage = await claimed(tmp_path)
    await storage.write_sources(PROGRAM, SPEC)
    state = Path((await storage.prepare_state(PROGRAM)).handle)
    assert (tmp_path / str(PROGRAM)).stat().st_mode & 0o777 == 0o700
    assert state.is_absolute()
    assert state.stat().st_mode & 0o777 == 0o777
    await storage.aclose()


async def test_a_second_host_on_the_root_is_refused(tmp_path: Path) -> None:
    """It learns who holds the root; when that one lets go, it may have it, with the same identity."""
    first = await claimed(tmp_path)
    second = FilesystemStorage(tmp_path)
    with pytest.raises(StorageInUse, match=rf"process {os.getpid()} since 20\d\d-.*T.*\+00:00; stop it"):
        await second.claim()
    owner = await first.claim()
    await first.aclose()
    assert await second.claim() == owner
    await second.aclose()


async def test_an_identity_that_somebody_has_spoilt_is_not_replaced(tmp_path: Path) -> None:
    """A new one would orphan what the Host has made; the root is let go, for it to be mended."""
    owner = await (first := await claimed(tmp_path)).claim()
    await first.aclose()
    (tmp_path / ".owner").write_text("")
    second = FilesystemStorage(tmp_path)
    with pytest.raises(ConfigurationError, match="owner label"):
        await second.claim()
    (tmp_path / ".owner").write_text(f"{owner}\n")
    assert await second.claim() == owner
    await second.aclose()


async def test_the_root_of_a_killed_host_is_free(tmp_path: Path) -> None:
    """The kernel releases the lock of a process that died by SIGKILL."""
    code = (
        "import asyncio, os, pathlib, sys\n"
        "from hershy_adapters.filesystem.storage import FilesystemStorage\n"
        "asyncio.run(FilesystemStorage(pathlib.Path(sys.argv[1])).claim())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=30)
    storage = await claimed(tmp_path)
    await storage.aclose()


async def test_what_a_killed_host_left_half_written_is_removed(tmp_path: Path) -> None:
    """Staged folders disappear with the next claim; no half-written program is ever listed."""
    storage = await claimed(tmp_path)
    await storage.aclose()
    staging = tmp_path / ".staging-x"
    (staging / "src").mkdir(parents=True)
    storage = await claimed(tmp_path)
    assert not staging.exists()
    assert list(await storage.list_programs()) == []
    with pytest.raises(ProgramNotFound):
        await storage.read_sources(PROGRAM)
    await storage.aclose()


async def test_a_log_stays_below_its_limit(tmp_path: Path) -> None:
    """The oldest lines go, whole lines stay, and one line stays one line."""
    storage = FilesystemStorage(tmp_path, max_log_bytes=1000)
    await storage.claim()
    await storage.write_sources(PROGRAM, SPEC)
    for number in range(500):
        storage.log(PROGRAM, LogKind.RUNTIME).append([f"line {number}"])
    storage.log(PROGRAM, LogKind.RUNTIME).append(["two\nlines", "lone \ud800"])
    lines = list(await storage.log(PROGRAM, LogKind.RUNTIME).read(None))
    assert lines[-3:] == ["line 499", "two␤lines", "lone ?"]
    assert all(line.startswith("line ") for line in lines[:-2])
    assert (tmp_path / str(PROGRAM) / "logs" / "runtime.log").stat().st_size <= 1000
    await storage.aclose()


async def test_a_line_cut_short_by_a_crash_stays_alone(tmp_path: Path) -> None:
    """What is written afterwards begins on a line of its own."""
    storage = await claimed(tmp_path)
    await storage.write_sources(PROGRAM, SPEC)
    (tmp_path / str(PROGRAM) / "logs" / "runtime.log").write_text("whole\nhal")
    assert list(await storage.log(PROGRAM, LogKind.RUNTIME).read(1)) == ["hal"]
    storage.log(PROGRAM, LogKind.RUNTIME).append(["new"])
    assert list(await storage.log(PROGRAM, LogKind.RUNTIME).read(None)) == ["whole", "hal", "new"]
    await storage.aclose()


async def test_the_end_of_a_log_is_the_same_however_it_is_read(tmp_path: Path) -> None:
    """From the end, by blocks that cut lines and characters anywhere, as from the beginning."""
    storage = await claimed(tmp_path)
    await storage.write_sources(PROGRAM, SPEC)
    storage.log(PROGRAM, LogKind.BUILD).append([f"{number} " + "ä\r" * (number % 700) for number in range(1000)])
    storage.log(PROGRAM, LogKind.BUILD).append(["", "x" * 200_000, ""])
    whole = list(await storage.log(PROGRAM, LogKind.BUILD).read(None))
    assert len(whole) == 1003
    for tail in (0, 1, 2, 3, 4, 100, 1002, 1003, 5000):
        assert list(await storage.log(PROGRAM, LogKind.BUILD).read(tail)) == whole[max(0, 1003 - tail) :]
    await storage.aclose()


async def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk half-way through the sources leaves no folder behind."""
    storage = await claimed(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        await storage.write_sources(PROGRAM, SPEC)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    await storage.aclose()


async def test_more_lines_at_once_than_the_limit_are_cut_between_lines(tmp_path: Path) -> None:
    """The newest whole lines stay; what is kept never begins in the middle of a line."""
    storage = FilesystemStorage(tmp_path, max_log_bytes=1000)
    await storage.claim()
    await storage.write_sources(PROGRAM, SPEC)
    storage.log(PROGRAM, LogKind.RUNTIME).append([f"line {number:03}" for number in range(500)])
    lines = await storage.log(PROGRAM, LogKind.RUNTIME).read(None)
    assert [len(line) for line in lines] == [8] * len(lines)
    assert lines[-1] == "line 499"
    await storage.aclose()


async def test_a_cancelled_write_is_over_when_its_caller_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who cleans up afterwards finds whatever was written; no thread goes on behind its back."""
    storage = await claimed(tmp_path)
    began, go_on = asyncio.Event(), threading.Event()
    loop, rename = asyncio.get_running_loop(), Path.rename

    def slow(source: Path, target: Path) -> Path:
        loop.call_soon_threadsafe(began.set)
        go_on.wait(10)
        return rename(source, target)

    monkeypatch.setattr(Path, "rename", slow)
    writing = asyncio.ensure_future(storage.write_sources(PROGRAM, SPEC))
    await began.wait()
    for _ in range(2):
        writing.cancel()
        await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await storage.delete(PROGRAM)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", ".owner"]
    await storage.aclose()


async def test_a_folder_of_any_depth_and_mode_is_removed(tmp_path: Path) -> None:
    """A program cannot make itself undeletable; its links are not followed."""
    storage = await claimed(tmp_path / "root")
    await storage.write_sources(PROGRAM, SPEC)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    state = Path((await storage.prepare_state(PROGRAM)).handle)
    (state / "closed").mkdir(mode=0)
    inner = os.open(state, os.O_RDONLY)
    for _ in range(1500):  # one by one: a path that deep is longer than the system takes
        os.mkdir("d", dir_fd=inner)
        os.symlink(outside, "link", dir_fd=inner)
        outer, inner = inner, os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)
    try:
        await storage.delete(PROGRAM)
        assert sorted(path.name for path in (tmp_path / "root").iterdir()) == [".lock", ".owner"]
    finally:  # pytest cannot remove it either
        subprocess.run(["rm", "-rf", str(tmp_path / "root")], check=True, timeout=30)
    assert (outside / "kept").exists()
    await storage.aclose()
