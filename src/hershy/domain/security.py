"""The security contract of every container. No caller can loosen it: no field here is ever read from a request."""

from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
PROGRAM_PORT = 8080
"""The one port a program is reached on, inside its container."""
STATE_MOUNT = "/state"
"""The one writable place inside a container."""
UNPRIVILEGED_UID = 65532
"""The conventional ``nonroot`` id of minimal images; used where the Host itself runs as root."""


@dataclass(frozen=True, slots=True)
class SecurityContract:
    """What a runtime enforces at creation and reads back from the engine afterwards.

    ``uid`` is the user and group the program runs as, unless its image names another unprivileged number.
    """

    uid: int = UNPRIVILEGED_UID
    publish_address: str = LOOPBACK
    read_only_root: bool = True
    dropped_capabilities: tuple[str, ...] = ("ALL",)
    no_new_privileges: bool = True
    inter_container_traffic: bool = False
