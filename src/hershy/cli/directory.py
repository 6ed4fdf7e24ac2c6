"""Reads a build context from a directory: its Dockerfile, and every file that ``.dockerignore`` leaves in."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from hershy.builds.spec import DOCKERFILE
from hershy.errors import HershyError

MAX_TOTAL_BYTES = 64 * 1024 * 1024
"""More is certainly a mistake: Hosts accept 16 MiB unless configured otherwise."""

ALWAYS_IGNORED = ("**/.git",)


class UnfitDirectory(HershyError):
    """The directory cannot be deployed; the message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What ``POST /programs`` takes: files by relative POSIX path, without their modes."""

    dockerfile: str
    src_files: dict[str, str]


def read_directory(root: Path) -> Sources:
    """Read everything into memory. Raises UnfitDirectory for what strings cannot carry."""
    dockerfile = root / DOCKERFILE
    if not dockerfile.is_symlink() and not dockerfile.exists():
        raise UnfitDirectory(f"{root} has no {DOCKERFILE}; give the directory that holds one")
    _require_plain_file(dockerfile)
    files: dict[str, str] = {}
    total = 0
    for path in _context_paths(root):
        full = root / path
        _require_plain_file(full)
        total += full.stat().st_size
        if total > MAX_TOTAL_BYTES:
            raise UnfitDirectory(
                f"{root} holds more than {MAX_TOTAL_BYTES // 1024 // 1024} MiB ({path} is among it); "
                "name what the build does not need in .dockerignore"
            )
        files[path] = _text(full)
    return Sources(_text(dockerfile), files)


def _context_paths(root: Path) -> list[str]:
    """Relative paths of what is not ignored, in order, without directories and the Dockerfile."""
    from docker.utils.build import exclude_paths

    ignore_file = root / ".dockerignore"
    if ignore_file.is_symlink() or ignore_file.exists():
        _require_plain_file(ignore_file)
    lines = _text(ignore_file).splitlines() if ignore_file.exists() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    found = exclude_paths(str(root), [*patterns, *ALWAYS_IGNORED])
    return sorted(
        path for path in found if path != DOCKERFILE and ((root / path).is_symlink() or not (root / path).is_dir())
    )


def _require_plain_file(path: Path) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        raise UnfitDirectory(f"{path} is a symbolic link; put the file itself there, or name it in .dockerignore")
    if not stat.S_ISREG(mode):
        raise UnfitDirectory(f"{path} is not a regular file; name it in .dockerignore")


def _text(path: Path) -> str:
    try:
        str(path).encode()
        # What has been put there since it was looked at is neither followed nor waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return file.read(MAX_TOTAL_BYTES + 1).decode()
    except UnicodeError:
        raise UnfitDirectory(
            f"{str(path)!r} is not UTF-8 text, and sources travel as text; "
            "name it in .dockerignore, or have the Dockerfile fetch or make it"
        ) from None
    except OSError as error:
        raise UnfitDirectory(f"{path} cannot be read: {error.strerror}") from error
