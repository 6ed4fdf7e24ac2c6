"""Programs that are run beside this process: where they are found, and that they end with it."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

AWAY = "/"
"""The working directory of every child: the one of this process may be a stranger's folder."""


def find_program(name: str, folders: Sequence[str] = ()) -> str | None:
    """The path of a program in ``folders``, or else on PATH, whose relative entries are passed over: see ``AWAY``."""
    on_path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    places = [folder for folder in (*folders, *on_path) if Path(folder).is_absolute()]
    return shutil.which(name, path=os.pathsep.join(places))


def dying_with_us() -> Sequence[str]:
    """What to put before a command line for the kernel to kill it with this process; nothing without util-linux."""
    setpriv = find_program("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "KILL", "--"]
