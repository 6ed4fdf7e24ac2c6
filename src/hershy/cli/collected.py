"""Writes files that untrusted code has named below a directory, and nowhere else."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hershy.core.file_tree import require_file_tree
from hershy.errors import HershyError, InvalidValue

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Unwritten(HershyError):
    """The message names the file and the remedy."""


def write_collected(root: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Make ``root`` if need be. No symbolic link below it is followed; with ``force`` files, and links, are replaced.

    Raises Unwritten, before anything is written, for a path that would lead out of ``root`` and for a file that is
    there already; in the midst of it, for what the file system refuses.
    """
    try:
        require_file_tree("collected files", files)
    except InvalidValue as error:
        raise Unwritten(f"nothing is written: {error}") from error
    there = [path for path in files if os.path.lexists(root / path)]
    if there and not force:
        raise Unwritten(f"{root / there[0]} is there already, and nothing is written; --force replaces it")
    for path, content in files.items():
        try:
            root.mkdir(parents=True, exist_ok=True)
            with _folder_of(root, path) as folder:
                _write(folder, path.rpartition("/")[2], content, force=force)
        except OSError as error:
            raise Unwritten(
                f"{root / path} cannot be written: {error.strerror}; no symbolic link below {root} is followed"
            ) from error


@contextmanager
def _folder_of(root: Path, path: str) -> Iterator[int]:
    """The folder that ``path`` lies in, made if need be, each step taken from the one before."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in path.split("/")[:-1]:
            if not _is_there(folder, name):
                os.mkdir(name, dir_fd=folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _is_there(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _write(folder: int, name: str, content: bytes, *, force: bool) -> None:
    if force and _is_there(folder, name):
        os.unlink(name, dir_fd=folder)
    with os.fdopen(os.open(name, _NEW_FILE, 0o644, dir_fd=folder), "wb") as file:
        file.write(content)
