"""Which of the engine's containers are programs', whatever their labels say.

A label can be anybody's: the steps of the classic builder are containers with all labels of the Dockerfile and of its
base image. A name can not: hershy alone gives containers theirs, and an engine gives a name once.
"""

from collections.abc import Iterable, Set
from typing import Any

from hershy.core.ids import FIRST_PUBLISH_PORT, LAST_PUBLISH_PORT, PublishPort
from hershy.core.skipped import skip
from hershy.errors import HershyError
from hershy.programs.ports.runtime import ContainerStatus
from hershy_adapters._names import CONTAINER_PREFIX, container_name

from .exits import Account, status_of
from .hardening import PORT_LABEL


async def status_of_owned(account: Account, killed_codes: Set[int]) -> ContainerStatus | None:
    """The status of a container that was listed by its labels; None, skipped, for one that is no program's."""
    try:
        status = await status_of(account, killed_codes)
    except (HershyError, ValueError, LookupError, TypeError, AttributeError) as error:
        skip("container", str(account.get("Id")), f"its labels cannot be read: {error}")
        return None
    if account.get("Name") != f"/{container_name(status.program_id)}":
        skip("container", str(account.get("Id")), f"it says to be {status.program_id}'s and has another name")
        return None
    return status


def held_ports(listed: Iterable[Any]) -> Set[PublishPort]:
    """The publish ports that running containers hold, by the engine's list of them."""
    held: set[int] = set()
    for it in listed:
        held.update(port.get("PublicPort", 0) for port in it["Ports"])
        label = (it["Labels"] or {}).get(PORT_LABEL, "")
        if label.isdecimal() and any(name.startswith(f"/{CONTAINER_PREFIX}") for name in it["Names"] or ()):
            held.add(int(label[:5]))
    return {PublishPort(port) for port in held if FIRST_PUBLISH_PORT <= port <= LAST_PUBLISH_PORT}
