"""How much of a disk a folder takes that a stranger fills, and rearranges, while it is counted."""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MOST_ENTRIES = 1_000_000
BLOCK_BYTES = 512
"""The unit of ``st_blocks`` on Linux, whatever the file system's own block size is."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW

_Identity = tuple[int, int]


def allocated_bytes(top: Path, stop: threading.Event, most_entries: int = MOST_ENTRIES) -> int:
    """Bytes allocated to ``top`` and all below it; 0 when there is no such folder.

    A file with several names counts once; what lies behind links or on other file systems does not count, nor does
    what an unreadable folder holds. What is moved or vanishes meanwhile may count or not. Ends early, with what it has
    counted by then, after ``most_entries`` entries and as soon as ``stop`` is set.
    """
    try:
        folder = os.open(top, _FOLDER)
    except FileNotFoundError:
        return 0
    count = _Count(folder, stop, most_entries)
    try:
        return count.run()
    finally:
        count.close()


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder on the way down from the top; ``folders`` are those in it that are still to do."""

    identity: _Identity
    folders: list[str]


class _Count:
    """Goes down by one name at a time and back through ``..``, with two folders open however deep it is.

    So no path is too long, and no link can be put in the way of one. Where ``..`` is not the folder it came from, the
    program has moved it: the count goes on at the top.
    """

    def __init__(self, top: int, stop: threading.Event, most_entries: int) -> None:
        self._top = top
        self._here = os.dup(top)
        self._way: list[_Level] = []
        self._stop = stop
        self._entries_left = most_entries
        self._several_names: set[_Identity] = set()
        status = os.fstat(top)
        self._device = status.st_dev
        self._bytes = status.st_blocks * BLOCK_BYTES

    def run(self) -> int:
        self._enter()
        while self._way and not self._is_over():
            if self._way[-1].folders:
                self._go_down(self._way[-1].folders.pop())
            else:
                self._go_back()
        return self._bytes

    def close(self) -> None:
        os.close(self._here)
        os.close(self._top)

    def _is_over(self) -> bool:
        return self._entries_left <= 0 or self._stop.is_set()

    def _go_down(self, name: str) -> None:
        with suppress(OSError):
            status = os.stat(name, dir_fd=self._here, follow_symlinks=False)
            if status.st_dev != self._device:
                return
            self._bytes += status.st_blocks * BLOCK_BYTES
            inner = os.open(name, _FOLDER, dir_fd=self._here)
            if _has_way_back(inner):
                self._move_to(inner)
                self._enter()
            else:
                os.close(inner)

    def _go_back(self) -> None:
        self._way.pop()
        if self._way:
            with suppress(OSError):
                self._move_to(os.open("..", _FOLDER, dir_fd=self._here))
            if _identity(os.fstat(self._here)) != self._way[-1].identity:
                del self._way[1:]
                self._move_to(os.dup(self._top))

    def _move_to(self, folder: int) -> None:
        os.close(self._here)
        self._here = folder

    def _enter(self) -> None:
        folders: list[str] = []
        self._way.append(_Level(_identity(os.fstat(self._here)), folders))
        with suppress(OSError), os.scandir(self._here) as entries:
            for entry in entries:
                if self._is_over():
                    return
                self._entries_left -= 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                else:
                    with suppress(OSError):
                        self._add(entry.stat(follow_symlinks=False))

    def _add(self, status: os.stat_result) -> None:
        if status.st_nlink > 1:
            if _identity(status) in self._several_names:
                return
            self._several_names.add(_identity(status))
        self._bytes += status.st_blocks * BLOCK_BYTES


def _has_way_back(folder: int) -> bool:
    """Nor can anything below a folder be looked up whose mode does not let its parent be."""
    try:
        os.stat("..", dir_fd=folder)
    except OSError:
        return False
    return True


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
