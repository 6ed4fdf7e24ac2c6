"""Rules for files that callers hand in by relative POSIX path."""

import re
from collections.abc import Collection

from hershy.errors import InvalidValue

from .texts import require_utf8

MAX_PATH_BYTES = 1024
MAX_SEGMENT_BYTES = 255  # NAME_MAX of Linux file systems
MAX_ENTRIES = 20_000
"""Files and the folders they lie in: each takes an inode, however short it is."""

_UNWANTED = re.compile(r"[\\\x00-\x1f\x7f]")


def require_file_tree(what: str, paths: Collection[str]) -> None:
    """Raises InvalidValue for paths that could not all be files of one folder, naming ``what`` and the path.

    That is a path that is absolute, not in its plain form (``a/../b``, ``./a``, ``a//b``), that a file system could
    not hold or that is the folder of another, and more than ``MAX_ENTRIES`` files and folders. Paths that differ
    differ in bytes: those in other letter case or another Unicode normalisation are files of their own.
    """
    if len(paths) > MAX_ENTRIES:
        raise InvalidValue(f"{what}: at most {MAX_ENTRIES} entries, not {len(paths)}")
    for path in paths:
        require_relative_path(what, path)
    known = frozenset(paths)
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            if folder in known:
                raise InvalidValue(f"{what}: {folder!r:.80} is both a file and the folder of {path!r:.80}")
            folders.add(folder)
            if len(paths) + len(folders) > MAX_ENTRIES:
                raise InvalidValue(f"{what}: more than {MAX_ENTRIES} files and folders")
            folder = folder.rpartition("/")[0]


def require_relative_path(what: str, path: str) -> None:
    """The same for one path alone."""
    problem = _problem(what, path)
    if problem:
        raise InvalidValue(f"{what}: the path {path!r:.80} {problem}")


def _problem(what: str, path: str) -> str | None:
    if not path:
        return "is empty"
    require_utf8(f"{what}: a path", path)
    if len(path.encode()) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    segments = path.split("/")
    if path.startswith("/"):
        return "is absolute; give a relative one"
    if ".." in segments:
        return "leaves its folder with '..'"
    if "" in segments or "." in segments:
        return "is not in its plain form; leave out empty and '.' segments"
    if _UNWANTED.search(path):
        return "holds a backslash, NUL or another control character"
    if any(len(segment.encode()) > MAX_SEGMENT_BYTES for segment in segments):
        return f"has a segment longer than {MAX_SEGMENT_BYTES} bytes"
    return None
