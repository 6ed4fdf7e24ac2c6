"""Reads the engine's account of a container: how it ended, and its status."""

from typing import Any

from hershy.domain.exits import ExitKind, ExitReason
from hershy.domain.ids import ContainerID, ImageID, ProgramID, PublishPort
from hershy.ports.runtime import ContainerStatus

from ._hardening import PORT_KEY, PROGRAM_LABEL

Account = dict[str, Any]

GOING = frozenset({"removing", "dead"})
"""Statuses of a container that is being removed, its process killed for that."""


def exit_reason(state: Account) -> ExitReason | None:
    """How the process ended by ``State`` of an inspection; None while it runs or was never started.

    The engine notes "out of memory" also when the kernel killed a mere child; a program that survived that and
    ended well has ended well.
    """
    if state.get("Running") or was_never_started(state):
        return None
    if state.get("Status") in GOING:
        return ExitReason(ExitKind.ENGINE_LOST)
    code = int(state.get("ExitCode") or 0)
    return ExitReason.from_status(code, out_of_memory=bool(state.get("OOMKilled")) and code != 0)


def was_never_started(state: Account) -> bool:
    return state.get("Status") == "created"


def status_of(account: Account) -> ContainerStatus:
    """The status by an inspection."""
    bindings = (account["HostConfig"].get("PortBindings") or {}).get(PORT_KEY) or [{}]
    port = bindings[0].get("HostPort")
    return ContainerStatus(
        container_id=ContainerID(account["Id"]),
        program_id=ProgramID(account["Config"]["Labels"][PROGRAM_LABEL]),
        is_running=bool(account["State"].get("Running")),
        publish_port=PublishPort(int(port)) if port else None,
        image_id=ImageID(account["Image"]),
        exit_reason=exit_reason(account["State"]),
    )
