"""How much of a disk a folder takes that a stranger fills, and rearranges, while it is counted."""

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hershy.programs.ports.storage import StateUsage

BLOCK_BYTES = 512
"""The unit of ``st_blocks`` on Linux, whatever the file system's own block size is."""
LEAST_STEPS = 10_000
"""Of finding the way back to folders that were moved: no program that means well needs so many in one count."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What is said of a folder that has been removed, or replaced by something else, since it was listed."""

_Identity = tuple[int, int]


def usage_of(top: Path, stop: threading.Event, most_entries: int) -> StateUsage:
    """What ``top`` and all below it take; nothing when there is no such folder.

    A file with several names is several entries, whose bytes count once; what lies behind links or on other file
    systems does not count. What is moved or vanishes meanwhile may count or not. Ends early as soon as there are more
    than ``most_entries``, or ``stop`` is set. Raises OSError when ``top`` cannot be opened.
    """
    try:
        folder = os.open(top, _FOLDER)
    except FileNotFoundError:
        return StateUsage(0, 0)
    count = _Count(folder, stop, most_entries)
    try:
        return count.run()
    finally:
        count.close()


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder on the way down from the top; ``folders`` are those in it that are still to do."""

    name: str
    identity: _Identity
    folders: list[str]


class _Count:
    """Goes down by one name at a time and back through ``..``, with two folders open however deep it is.

    So no path is too long, and no link can be put in the way of one. Where ``..`` is not the folder it came from, the
    program has moved it: the count finds the way down from the top again, as far as the folders are still the same.
    Such searches are bounded; a program that exceeds the bound is one that hides what it has.
    """

    def __init__(self, top: int, stop: threading.Event, most_entries: int) -> None:
        self._top = top
        self._here = os.dup(top)
        self._way: list[_Level] = []
        self._stop = stop
        self._most_entries = most_entries
        self._entries = 0
        self._unread = 0
        self._steps_left = max(LEAST_STEPS, most_entries)
        self._several_names: set[_Identity] = set()
        status = os.fstat(top)
        self._device = status.st_dev
        self._bytes = status.st_blocks * BLOCK_BYTES

    def run(self) -> StateUsage:
        self._enter("")
        while self._way and not self._is_over():
            if self._way[-1].folders:
                self._go_down(self._way[-1].folders.pop())
            else:
                self._go_back()
        entries = max(self._entries, self._most_entries + 1) if self._steps_left < 0 else self._entries
        return StateUsage(self._bytes, entries, self._unread)

    def close(self) -> None:
        os.close(self._here)
        os.close(self._top)

    def _is_over(self) -> bool:
        return self._entries > self._most_entries or self._steps_left < 0 or self._stop.is_set()

    def _go_down(self, name: str) -> None:
        with self._gone_or_unread():
            status = os.stat(name, dir_fd=self._here, follow_symlinks=False)
            if status.st_dev != self._device:
                return
            self._bytes += status.st_blocks * BLOCK_BYTES
            inner = os.open(name, _FOLDER, dir_fd=self._here)
            if _has_way_back(inner):
                self._move_to(inner)
                self._enter(name)
            else:
                self._unread += 1
                os.close(inner)

    def _go_back(self) -> None:
        self._way.pop()
        if self._way:
            with self._gone_or_unread():
                self._move_to(os.open("..", _FOLDER, dir_fd=self._here))
            if _identity(os.fstat(self._here)) != self._way[-1].identity:
                self._find_way_down()

    def _find_way_down(self) -> None:
        """Stand in the deepest folder of the way that is still where it was; what is not is given up."""
        self._move_to(os.dup(self._top))
        for depth, level in enumerate(self._way[1:], start=1):
            self._steps_left -= 1
            try:
                inner = os.open(level.name, _FOLDER, dir_fd=self._here)
            except OSError:
                del self._way[depth:]
                return
            if _identity(os.fstat(inner)) != level.identity:
                os.close(inner)
                del self._way[depth:]
                return
            self._move_to(inner)

    def _move_to(self, folder: int) -> None:
        os.close(self._here)
        self._here = folder

    def _enter(self, name: str) -> None:
        folders: list[str] = []
        self._way.append(_Level(name, _identity(os.fstat(self._here)), folders))
        with self._gone_or_unread(), os.scandir(self._here) as entries:
            for entry in entries:
                self._entries += 1
                if self._is_over():
                    return
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
                else:
                    self._add(entry)

    def _add(self, entry: "os.DirEntry[str]") -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._missed(error)
            return
        if status.st_nlink > 1:
            if _identity(status) in self._several_names:
                return
            self._several_names.add(_identity(status))
        self._bytes += status.st_blocks * BLOCK_BYTES

    @contextmanager
    def _gone_or_unread(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._missed(error)

    def _missed(self, error: OSError) -> None:
        if error.errno not in _GONE:
            self._unread += 1


def _has_way_back(folder: int) -> bool:
    """Nor can anything below a folder be looked up whose mode does not let its parent be."""
    try:
        os.stat("..", dir_fd=folder)
    except OSError:
        return False
    return True


def _identity(status: os.stat_result) -> _Identity:
    return status.st_dev, status.st_ino
