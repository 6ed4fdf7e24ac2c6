"""Witnesses of what a process does to a SQLite file: which locks it holds, and who opens it beside SQLite."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm", "-journal")
_LASTING = {"": "1073741826", "-shm": "128"}
"""Where SQLite locks the file and its index as long as a connection in WAL mode is open (``SHARED_FIRST``, ``DMS``)."""

_watched: dict[str, list[str]] = {}
"""Paths, and what was seen opening them. An audit hook cannot be taken away again, so there is one for all."""


def lasting_locks(path: Path) -> set[str]:
    """Of the locks this process holds, those that no open connection ever gives up: ``db`` and ``-shm``."""
    inodes = {str(path.with_name(path.name + it).stat().st_ino): it for it in _LASTING if beside(path, it).exists()}
    held = set()
    for line in Path("/proc/locks").read_text().splitlines():
        fields = [it for it in line.split() if it != "->"]
        _, kind, _, _, pid, device_and_inode, start, _ = fields
        suffix = inodes.get(device_and_inode.rpartition(":")[2])
        if suffix is not None and (kind, pid, start) == ("POSIX", str(os.getpid()), _LASTING[suffix]):
            held.add(suffix or "db")
    return held


ALL = {"db", "-shm"}


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def opened_beside_sqlite(path: Path) -> Iterator[Sequence[str]]:
    """What Python code opens of the database, while inside. SQLite itself opens files in C, which is not told here."""
    if not _watched:
        sys.addaudithook(_note)
    seen: list[str] = []
    _watched[str(path)] = seen
    try:
        yield seen
    finally:
        _watched[str(path)] = []


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], str | bytes):
        return
    opened = os.fsdecode(arguments[0])
    for path, seen in list(_watched.items()):
        if any(_is(opened, path + it) for it in SUFFIXES):
            frame = sys._getframe(1)
            seen.append(f"{opened} by {frame.f_code.co_filename}:{frame.f_lineno}")


def _is(opened: str, path: str) -> bool:
    """By whatever name, and also one that is relative to a folder which the event does not tell."""
    if Path(opened).name == Path(path).name:
        return True
    try:
        return Path(opened).samefile(path)
    except OSError:
        return False
