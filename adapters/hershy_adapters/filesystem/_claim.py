"""One Host per storage root: a lock the kernel releases whenever its holder dies, and a lasting identity."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hershy.core.ids import OwnerID
from hershy.errors import ConfigurationError, InvalidValue, StorageInUse
from hershy_adapters._durable import replace_file
from hershy_adapters._file_lock import FileLock

LOCK = ".lock"
OWNER = ".owner"


class RootClaim:
    """Holds ``{root}/.lock`` from creation to ``release``.

    Raises StorageInUse, naming the holder; ConfigurationError for an identity that somebody has spoilt.
    """

    def __init__(self, root: Path) -> None:
        _make(root)
        self._lock = _locked(root / LOCK)
        try:
            self.owner = identity(root)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        self._lock.release()


def _locked(path: Path) -> FileLock:
    holder = f"process {os.getpid()} since {datetime.now(UTC).isoformat(timespec='seconds')}\n"
    try:
        return FileLock(path, os.O_RDWR | os.O_CREAT, says=holder)
    except BlockingIOError:
        holder = path.read_text(encoding="utf-8").strip() or "an unknown process"
        raise StorageInUse(
            f"the storage root {path.parent} is in use by {holder}",
            remedy="stop it, or choose another root with --storage",
        ) from None


def identity(root: Path) -> OwnerID:
    """The root's own, for ever the same, whoever asks first. Raises ConfigurationError for one somebody has spoilt."""
    _make(root)
    path = root / OWNER
    if not path.exists():
        with _turn(root):
            if not path.exists():
                replace_file(path, f"{secrets.token_hex(8)}\n")
    try:
        return OwnerID(path.read_text(encoding="utf-8").strip())
    except InvalidValue as error:
        raise ConfigurationError(
            f"{path} does not hold this storage's identity",
            remedy="write the owner label of its containers into it, or remove it if there are none",
        ) from error


@contextmanager
def _turn(root: Path) -> Iterator[None]:
    """Among all who would make the root's identity: not only the one who has claimed it."""
    lock = FileLock(root, os.O_RDONLY, waits=True)
    try:
        yield
    finally:
        lock.release()


def _make(root: Path) -> None:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
