"""One Host per storage root: a lock the kernel releases whenever its holder dies, and a lasting identity."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from hershy.domain.errors import StorageInUse
from hershy.domain.ids import OwnerID

LOCK = ".lock"
OWNER = ".owner"


class RootClaim:
    """Holds ``{root}/.lock`` from creation to ``release``. Raises StorageInUse, naming the holder."""

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(root / LOCK)
        try:
            self.owner = _identity(root / OWNER)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        self._lock.close()


def _locked(path: Path) -> IO[str]:
    lock = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "an unknown process"
        lock.close()
        raise StorageInUse(
            f"the storage root {path.parent} is in use by {holder}; stop it, or choose another root with --storage"
        ) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()}\n")
    lock.flush()
    return lock


def _identity(path: Path) -> OwnerID:
    if path.exists():
        return OwnerID(path.read_text(encoding="utf-8").strip())
    owner = OwnerID(secrets.token_hex(8))
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(f"{owner}\n", encoding="utf-8")
    fresh.replace(path)
    return owner
