"""A folder of ``/state`` that an image's programs begin in: a container engine would make it, as root's."""

import os

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_OPEN_TO_ANY_USER = 0o777
"""As the state folder itself is: the image decides which user a program runs as."""


def make_folder(state: str, inside: str) -> None:
    """Make ``inside``, a path below the folder ``state``, with its parents.

    Programs have written there, so no link is followed; what stands in the way already is left as it is. Idempotent.
    Raises OSError for a file system that takes no folder.
    """
    folder = os.open(state, _FOLDER)
    try:
        for name in inside.split("/"):
            is_new = _is_made(name, folder)
            try:
                inner = os.open(name, _FOLDER, dir_fd=folder)
            except OSError:
                return
            os.close(folder)
            folder = inner
            if is_new:
                os.fchmod(folder, _OPEN_TO_ANY_USER)
    finally:
        os.close(folder)


def _is_made(name: str, parent: int) -> bool:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return False
    return True
