"""A lock on a file, which says that the process that took it is alive: the kernel lets go of it when that one dies."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """Held from creation to ``release``; also against others in the same process.

    It is of the open file (flock), so that opening and closing the file elsewhere does not end it. A process that is
    forked from this one does not keep it.
    """

    def __init__(self, path: Path, flags: int, *, waits: bool = False, says: str = "") -> None:
        """``flags`` are those of ``os.open``; ``says`` is a line for the file, in place of what it held.

        A folder can be locked too. Raises BlockingIOError where another holds it, unless it ``waits``, and OSError.
        """
        self._descriptor: int | None = os.open(path, flags | os.O_CLOEXEC, 0o600)
        _held.add(self)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
            if says:
                os.ftruncate(self._descriptor, 0)
                os.write(self._descriptor, says.encode())
        except BaseException:
            self.release()
            raise

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def release(self) -> None:
        """Idempotent."""
        if self._descriptor is not None:
            # A child that is between fork and exec has the open file too: closing it here would not end the lock.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self._forget()

    def _forget(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None
        _held.discard(self)


_held: set[FileLock] = set()


def _forget_all() -> None:
    """In a forked child: its parent's locks are not to outlive the parent."""
    for lock in list(_held):
        lock._forget()


os.register_at_fork(after_in_child=_forget_all)
