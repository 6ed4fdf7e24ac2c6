"""The security contract of every container. No caller can loosen it: no field here is ever read from a request."""

import re
from dataclasses import dataclass
from typing import Self

from hershy.core.endpoint import LOOPBACK
from hershy.errors import InvalidValue

PROGRAM_PORT = 8080
"""The one port a program is reached on, inside its container."""
STATE_MOUNT = "/state"
"""The one writable place inside a container."""
UNPRIVILEGED_UID = 65532
"""The conventional ``nonroot`` id of minimal images; used where the Host itself runs as root."""

_HIGHEST_ID = 2**31 - 1
_NUMERIC_USER = re.compile(r"([1-9][0-9]{0,9})(?::([0-9]{1,10}))?")


@dataclass(frozen=True, slots=True)
class SecurityContract:
    """What a runtime enforces at creation and reads back from the engine afterwards.

    ``uid`` and ``gid`` are what a program runs as unless its image names another unprivileged number.
    """

    uid: int = UNPRIVILEGED_UID
    gid: int = UNPRIVILEGED_UID
    publish_address: str = LOOPBACK
    read_only_root: bool = True
    dropped_capabilities: tuple[str, ...] = ("ALL",)
    no_new_privileges: bool = True

    def __post_init__(self) -> None:
        if not (0 < self.uid <= _HIGHEST_ID and 0 < self.gid <= _HIGHEST_ID):
            raise InvalidValue(f"a program's user and group must not be root, not {self.uid}:{self.gid}")

    @classmethod
    def for_host(cls, uid: int, gid: int) -> Self:
        """The contract under a Host that runs as ``uid:gid``: its programs run as itself, never as root.

        As itself, so that it can delete the files a program leaves in its state folder.
        """
        return cls(uid=uid or UNPRIVILEGED_UID, gid=gid or UNPRIVILEGED_UID)

    def user_for(self, image_user: str) -> str:
        """``uid:gid`` to run an image as whose own user is ``image_user``.

        A plain number other than 0 is honoured. A name is not, since the image itself decides which number it
        stands for. The group is always named too: without one, group files of the image would be read.
        """
        match = _NUMERIC_USER.fullmatch(image_user)
        if match is None:
            return f"{self.uid}:{self.gid}"
        uid, gid = int(match[1]), int(match[2] or 0)
        if uid > _HIGHEST_ID or gid > _HIGHEST_ID:
            return f"{self.uid}:{self.gid}"
        return f"{uid}:{gid or uid}"
