"""Writing that a power cut cannot undo or halve once it has returned: file, then its name, then what names that."""

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` in place of the file's content; whoever reads it meanwhile, or after a crash, sees old or new."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(text.encode())
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def sync_tree(top: Path) -> None:
    """Every file and folder below ``top``, and itself."""
    for folder, _, files in os.walk(top, topdown=False):
        for name in files:
            sync(Path(folder, name))
        sync(Path(folder))


def sync(path: Path) -> None:
    """Return when the file's content, or the folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
