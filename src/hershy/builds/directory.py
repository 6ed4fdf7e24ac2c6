"""Reads a build context from a directory: its Dockerfile, and every file that ``.dockerignore`` leaves in.

Nothing outside of the directory is read, whatever lies in it: it may be a stranger's.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hershy.errors import UnfitDirectory

from .dockerignore import DOCKERIGNORE, DockerIgnore
from .spec import DOCKERFILE, PathLike

MAX_TOTAL_BYTES = 64 * 1024 * 1024
"""More is certainly a mistake: Hosts accept 16 MiB unless configured otherwise."""
_NEVER = ".git"


@dataclass(frozen=True, slots=True)
class Sources:
    """What ``POST /programs`` takes: files by relative POSIX path, without their modes."""

    dockerfile: str
    src_files: dict[str, str]


def read_directory(directory: str | PathLike) -> Sources:
    """Read everything into memory. Raises UnfitDirectory for what strings cannot carry."""
    root = Path(directory)
    dockerfile = root / DOCKERFILE
    if not dockerfile.is_symlink() and not dockerfile.exists():
        raise UnfitDirectory(f"{root} has no {DOCKERFILE}", remedy="give the directory that holds one")
    _require_plain_file(dockerfile)
    files: dict[str, str] = {}
    total = 0
    for path in _context_paths(root):
        full = root / path
        _require_plain_file(full)
        total += full.stat().st_size
        if total > MAX_TOTAL_BYTES:
            raise UnfitDirectory(
                f"{root} holds more than {MAX_TOTAL_BYTES // 1024 // 1024} MiB ({path} is among it)",
                remedy="name what the build does not need in .dockerignore",
            )
        files[path] = _text(full)
    return Sources(_text(dockerfile), files)


def _context_paths(root: Path) -> list[str]:
    """Relative paths of what is not ignored, in order, without directories and the Dockerfile."""
    file = root / DOCKERIGNORE
    is_there = file.is_symlink() or file.exists()
    if is_there:
        _require_plain_file(file)
    ignore = DockerIgnore(_text(file) if is_there else "")
    found = (path for path in _walked(root, ignore) if path == DOCKERIGNORE or not ignore.excludes(path))
    return sorted(path for path in found if path != DOCKERFILE)


def _walked(root: Path, ignore: DockerIgnore) -> Iterator[str]:
    for folder, names, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        links = [name for name in names if Path(folder, name).is_symlink()]
        for name in (*files, *links):
            if name != _NEVER:
                yield (inside / name).as_posix()
        names[:] = [
            name
            for name in names
            if name not in links
            and name != _NEVER
            and (ignore.has_exceptions or not ignore.excludes((inside / name).as_posix()))
        ]


def _require_plain_file(path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise UnfitDirectory(
            f"{path} is a symbolic link", remedy="put the file itself there, or name it in .dockerignore"
        )
    if not stat.S_ISREG(mode):
        raise UnfitDirectory(f"{path} is not a regular file", remedy="name it in .dockerignore")


def _text(path: Path) -> str:
    try:
        str(path).encode()
        # What has been put there since it was looked at is neither followed nor waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MAX_TOTAL_BYTES + 1).decode()
    except UnicodeError:
        raise UnfitDirectory(
            f"{str(path)!r} is not UTF-8 text, and sources travel as text",
            remedy="name it in .dockerignore, or have the Dockerfile fetch or make it",
        ) from None
    except OSError as error:
        raise UnfitDirectory(f"{path} cannot be read: {error.strerror}") from error
