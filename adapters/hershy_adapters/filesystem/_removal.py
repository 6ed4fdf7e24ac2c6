"""Removal of folders that strangers have filled: however deep they are, and whatever their modes."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def remove_folder(top: Path) -> None:
    """Remove ``top`` and all below it. Links are removed, never followed. Cut short, it can be done again.

    What lies deeper is moved up into ``top`` before it is removed: so neither recursion, nor open files, nor
    the length of paths grow with the depth, which a program chooses.
    """
    while folders := _folders_left(top):
        for folder in folders:
            for inner in _folders_left(folder):
                _make_writable(inner)
                inner.rename(top / secrets.token_hex(8))
            folder.rmdir()
    top.rmdir()


def _folders_left(folder: Path) -> Sequence[Path]:
    """The folders in ``folder``, everything else in it having been removed."""
    _make_writable(folder)
    with os.scandir(folder) as entries:
        found = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
    for path, is_folder in found:
        if not is_folder:
            path.unlink()
    return [path for path, is_folder in found if is_folder]


def _make_writable(folder: Path) -> None:
    with suppress(PermissionError):  # another user's: whether it can be removed all the same is about to be seen
        folder.chmod(0o700)
