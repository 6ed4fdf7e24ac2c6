"""How the bytes of a state folder are counted: truly, in bounds, whatever the program does to it meanwhile."""

import asyncio
import itertools
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy.programs.ports.storage import StateUsage
from hershy_adapters.filesystem import storage as storage_module
from hershy_adapters.filesystem._usage import LEAST_STEPS, usage_of
from hershy_adapters.filesystem.storage import FilesystemStorage

NEVER = threading.Event()
MB = 1024 * 1024


def counted(top: Path) -> int:
    return usage(top).bytes


def usage(top: Path, most_entries: int = 1_000_000) -> StateUsage:
    return usage_of(top, NEVER, most_entries)


def grown_by(top: Path, **sizes: int) -> int:
    """How much more is counted once files of these names and sizes are there."""
    before = counted(top)
    for name, size in sizes.items():
        (top / name).write_bytes(b"x" * size)
    return counted(top) - before


def test_what_is_allocated_counts(tmp_path: Path) -> None:
    """A file counts in whole blocks, a hole in it not at all; no folder is no bytes."""
    assert MB <= grown_by(tmp_path, a=MB) < MB + 65536
    before = counted(tmp_path)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1024 * MB)
    assert counted(tmp_path) - before < 65536
    assert counted(tmp_path / "absent") == 0


def test_several_names_of_a_file_count_once(tmp_path: Path) -> None:
    """Wherever below the folder they are."""
    grown_by(tmp_path, a=MB)
    before = counted(tmp_path)
    (tmp_path / "inner").mkdir()
    for number in range(5):
        (tmp_path / "inner" / str(number)).hardlink_to(tmp_path / "a")
    assert counted(tmp_path) - before < 65536


def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither to files nor to folders, nor round in a circle, nor where the folder itself is one."""
    outside, state = tmp_path / "outside", tmp_path / "state"
    outside.mkdir()
    state.mkdir()
    grown_by(outside, big=MB)
    for name, target in (("file", outside / "big"), ("folder", outside), ("circle", state), ("dangling", "nowhere")):
        (state / name).symlink_to(target)
    assert counted(state) < 65536
    with pytest.raises(OSError, match="folder"):
        counted(state / "folder")


def test_depth_and_length_of_paths_do_not_matter(tmp_path: Path) -> None:
    """Thousands of nested folders are counted to the last; what lies beside them too."""
    name, depth = "d" * 200, 1500
    inner = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=inner)
        os.mkdir("beside", dir_fd=inner)
        outer, inner = inner, os.open(name, os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    deepest = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=inner)
    os.write(deepest, b"x" * MB)
    os.close(deepest)
    os.close(inner)
    try:
        command = ["du", "--summarize", "--block-size=1", str(tmp_path)]
        witness = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        assert counted(tmp_path) == int(witness.stdout.split()[0]) > MB
    finally:  # pytest cannot remove it
        subprocess.run(["rm", "-rf", str(tmp_path / name)], check=True, timeout=30)


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """A Host without the rights counts all but what closed folders hold, neighbours included, and says how many."""
    top = tmp_path / "state" / "top"
    for number, mode in enumerate((0o000, 0o111, *[0o444, 0o755] * 8)):
        folder = top / str(number) / "inner"
        folder.mkdir(parents=True)
        grown_by(folder, data=MB)
        folder.parent.chmod(mode)
    tmp_path.chmod(0o755)
    code = (
        "import os, pathlib, threading\n"
        "from hershy_adapters.filesystem._usage import usage_of\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "usage = usage_of(pathlib.Path('state'), threading.Event(), 1000)\n"
        "print(usage.bytes, usage.unread)\n"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30, cwd=tmp_path)
    size, unread = map(int, ended.stdout.split())
    assert (8 * MB <= size < 9 * MB, unread) == (True, 10)


def test_a_folder_that_moves_meanwhile_leads_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way back from it would end above the state; the count finds its way from the top instead."""
    state = tmp_path / "state"
    inside, neighbours = state / "a" / "b" / "c", [state / str(number) for number in range(16)]
    for folder in (inside, *neighbours):
        folder.mkdir(parents=True)
    for folder in neighbours:
        grown_by(folder, data=MB // 16)
    grown_by(tmp_path, secret=8 * MB)
    real = os.open

    def moving(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == ".." and Path(f"/proc/self/fd/{dir_fd}").readlink() == inside:
            inside.rename(state / "0" / "c")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", moving)
    assert MB <= counted(state) < 2 * MB
    assert not inside.exists()


def test_a_folder_that_moves_hides_none_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is still to do in the folders above it is done, although the way back from it leads elsewhere."""
    state, real = tmp_path / "state", os.open
    for folder in ("elsewhere", *(f"a/b/{number}/bait" for number in range(16))):
        (state / folder).mkdir(parents=True)
    for number in range(16):
        grown_by(state / "a" / "b" / str(number), data=MB // 16)
    moved = []

    def moving(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        here = Path(f"/proc/self/fd/{dir_fd}")
        if path == ".." and here.readlink().name == "bait":
            here.readlink().rename(state / "elsewhere" / str(len(moved)))
            moved.append(path)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", moving)
    assert MB <= counted(state) < 2 * MB
    assert len(moved) == 16


def test_folders_that_never_hold_still_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that moves what is looked at, again and again, is not believed to have little."""
    state, real = tmp_path / "state", os.open
    deep = state.joinpath(*"d" * 100)
    deep.mkdir(parents=True)
    (state / "elsewhere").mkdir()
    most = LEAST_STEPS // 100 + 50
    for number in range(most):
        (deep / f"bait{number}").mkdir()

    def moving(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        here = Path(f"/proc/self/fd/{dir_fd}")
        if path == ".." and here.readlink().name.startswith("bait"):
            here.readlink().rename(state / "elsewhere" / here.readlink().name)
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", moving)
    assert usage(state, 5_000).entries == 5_001


def test_what_changes_meanwhile_does_no_harm(tmp_path: Path) -> None:
    """Folders and files come, move and go while they are counted; what stays is counted."""
    grown_by(tmp_path, stays=MB)
    stop = threading.Event()

    def churn() -> None:
        for number in itertools.cycle(range(50)):
            if stop.is_set():
                return
            folder = tmp_path / f"f{number}" / "inner"
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(b"x")
            folder.rename(tmp_path / "moved")
            (tmp_path / "moved" / "file").unlink()
            (tmp_path / "moved").rmdir()
            folder.parent.rmdir()

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        sizes = [counted(tmp_path) for _ in range(300)]
    finally:
        stop.set()
        churning.join()
    assert all(MB <= size < 2 * MB for size in sizes)


def test_a_count_has_bounds(tmp_path: Path) -> None:
    """It ends with one entry too many, which is more than may be, and at once when told to."""
    for folder in range(10):
        (tmp_path / str(folder)).mkdir()
        grown_by(tmp_path / str(folder), **{f"f{number}": 4096 for number in range(10)})
    whole, part = usage(tmp_path, 110), usage(tmp_path, 109)
    assert (whole.entries, part.entries) == (110, 110)
    assert 0 < usage(tmp_path, 50).bytes < whole.bytes
    stop = threading.Event()
    stop.set()
    assert usage_of(tmp_path, stop, 110).bytes <= part.bytes


def test_everything_with_a_name_is_an_entry(tmp_path: Path) -> None:
    """Of no bytes or of many names, and whatever bytes a name is made of."""
    assert usage(tmp_path / "absent") == StateUsage(0, 0)
    grown_by(tmp_path, empty=0, full=MB)
    (tmp_path / "again").hardlink_to(tmp_path / "full")
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n")).mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n/inner")).touch()
    assert usage(tmp_path).entries == 7


async def test_a_cancelled_count_ends_its_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that gives up leaves no thread counting on."""
    began, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def count(top: Path, stop: threading.Event, most_entries: int) -> StateUsage:
        loop.call_soon_threadsafe(began.set)
        assert stop.wait(10)
        ended.set()
        return StateUsage(0, 0)

    monkeypatch.setattr(storage_module, "usage_of", count)
    program_id = ProgramID(f"alice-{BuildSpec('FROM x').build_id}-00000001")
    counting = asyncio.ensure_future(FilesystemStorage(tmp_path).state_usage(program_id, 1))
    await began.wait()
    counting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await counting
    assert await asyncio.to_thread(ended.wait, 10)
