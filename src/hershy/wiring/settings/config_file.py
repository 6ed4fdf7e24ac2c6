"""The TOML file of settings: which one is read, and whether it can be believed.

None is read from where somebody happens to be: a stranger's folder would decide what holds the stranger's code.
"""

import grp
import os
import pwd
import stat
from pathlib import Path

from hershy.errors import ConfigurationError

VARIABLE = "HERSHY_CONFIG"
"""Environment variable that names the file."""
NAME = "hershy.toml"
"""The file's name in a Host's storage root, where no other is named."""


def find(named: str | Path | None, storage_root: Path | None) -> Path | None:
    """The file that ``named``, or else HERSHY_CONFIG, names; else the one in ``storage_root``, if there is one.

    Raises ConfigurationError for a name that is no file, and for a file that others than its owner can write.
    """
    by = "config" if named else VARIABLE
    name = named or os.environ.get(VARIABLE)
    if name:
        file = Path(name).absolute()
        if not file.is_file():
            raise ConfigurationError(f"settings: {by} names {name}, which is not a file")
    elif storage_root is not None and (storage_root / NAME).is_file():
        file = storage_root / NAME
    else:
        return None
    _require_owned(file)
    return file


def _require_owned(file: Path) -> None:
    """As ssh has it of its own: whoever can write the file decides what holds strangers' code."""
    status = file.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigurationError(f"settings: {file} belongs to another user", remedy=f"chown {os.geteuid()} {file}")
    if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status)):
        raise ConfigurationError(
            f"settings: {file} can be written by others than its owner", remedy=f"chmod go-w {file}"
        )


def _is_own_group(status: os.stat_result) -> bool:
    """Whether nobody but the owner is in the file's group: many systems give each user one, and an umask of 002."""
    try:
        owner = pwd.getpwuid(status.st_uid)
        return owner.pw_gid == status.st_gid and not set(grp.getgrgid(status.st_gid).gr_mem) - {owner.pw_name}
    except KeyError:
        return False
