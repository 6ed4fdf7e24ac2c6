"""Which process a sandbox belongs to, and whether that process still lives.

Each process that makes sandboxes holds a lock on a file of its own, named by the owner label of its containers. The
kernel releases the lock whenever its holder dies, so whoever can take it knows that nobody needs the containers.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hershy.core.ids import OwnerID
from hershy.errors import ConfigurationError
from hershy_adapters._file_lock import FileLock

FOLDER = "sandboxes"


class OwnerLock:
    """Held from creation to ``release``. Leases in one storage root, and of one engine, know each other."""

    def __init__(self, storage_root: Path, engine: str) -> None:
        """Raises ConfigurationError where the folder cannot be written."""
        self.owner = OwnerID(secrets.token_hex(8))
        self._engine = engine
        self._folder = storage_root / FOLDER
        self._path = self._folder / str(self.owner)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._turn():  # nobody looks at the file before it is locked
                self._lock = FileLock(self._path, os.O_RDWR | os.O_CREAT, says=engine)
        except OSError as error:
            raise ConfigurationError(
                f"sandboxes are noted in {self._folder}, which cannot be written ({error.strerror})",
                remedy="choose another storage_root (HERSHY_STORAGE_ROOT)",
            ) from error

    def release(self) -> None:
        """Nothing is left of this process's sandboxes. Idempotent."""
        if self._lock.is_held:
            self._path.unlink(missing_ok=True)
            self._lock.release()

    def abandon(self) -> None:
        """As if its process had died: somebody else shall look for what is left. Nothing once it is released."""
        self._lock.release()

    @contextmanager
    def abandoned(self) -> Iterator[list[OwnerID]]:
        """Owners that have died. On leaving without an error they are forgotten; nobody else reaps them meanwhile."""
        taken: dict[OwnerID, FileLock] = {}
        try:
            with self._turn():
                for path in self._folder.iterdir():
                    lock = None if path == self._path else _locked(path, self._engine)
                    if lock is not None:
                        taken[OwnerID(path.name)] = lock
            yield list(taken)
            for owner in taken:
                (self._folder / str(owner)).unlink(missing_ok=True)
        finally:
            for lock in taken.values():
                lock.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time among all processes."""
        lock = FileLock(self._folder, os.O_RDONLY, waits=True)
        try:
            yield
        finally:
            lock.release()


def _locked(path: Path, engine: str) -> FileLock | None:
    """None for one that is held, or of another engine."""
    try:
        lock = FileLock(path, os.O_RDWR)
    except OSError:
        return None
    try:
        if path.read_text(encoding="utf-8") in (engine, ""):  # empty: died before it made anything
            return lock
    except (OSError, ValueError):
        pass
    lock.release()
    return None
