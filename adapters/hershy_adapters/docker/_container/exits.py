"""Reads the engine's account of a container: how it ended, and its status."""

import asyncio
from collections.abc import Set
from typing import Any

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, ImageID, ProgramID, PublishPort
from hershy.programs.domain.egress import Egress
from hershy.programs.ports.runtime import ContainerStatus

from .hardening import PORT_LABEL, PROGRAM_LABEL
from .kernel_log import was_killed_for_memory
from .policy import NO_NETWORK, PORT_KEY

Account = dict[str, Any]

GOING = frozenset({"removing", "dead"})
"""Statuses of a container that is being removed, its process killed for that."""


async def exit_reason(account: Account, killed_codes: Set[int]) -> ExitReason | None:
    """How the process ended by an inspection; None while it runs or was never started.

    The engine notes "out of memory" also when the kernel killed a mere child; a program that survived that has ended
    as its own exit code says. And it may have missed a kill, so that of an exit like one the kernel is asked.
    """
    state = account["State"]
    if state.get("Running") or was_never_started(state):
        return None
    if state.get("Status") in GOING:
        return ExitReason(ExitKind.ENGINE_LOST)
    code = int(state.get("ExitCode") or 0)
    if code not in killed_codes:
        return ExitReason.from_status(code)
    out_of_memory = bool(state.get("OOMKilled")) or await asyncio.to_thread(
        was_killed_for_memory, ContainerID(account["Id"])
    )
    return ExitReason.from_status(code, out_of_memory=out_of_memory)


def was_never_started(state: Account) -> bool:
    return state.get("Status") == "created"


async def status_of(account: Account, killed_codes: Set[int]) -> ContainerStatus:
    """The status by an inspection."""
    is_running, port = bool(account["State"].get("Running")), publish_port_of(account)
    return ContainerStatus(
        container_id=ContainerID(account["Id"]),
        program_id=ProgramID(account["Config"]["Labels"][PROGRAM_LABEL]),
        is_running=is_running,
        image_id=ImageID(account["Image"]),
        endpoint=port.endpoint if is_running and port is not None else None,
        publish_port=port,
        exit_reason=await exit_reason(account, killed_codes),
        egress=egress_of(account),
    )


def egress_of(account: Account) -> Egress:
    """By the network it really has."""
    return Egress.NONE if network_of(account) == NO_NETWORK else Egress.OPEN


def network_of(account: Account) -> str:
    return str(account["HostConfig"].get("NetworkMode") or "")


def publish_port_of(account: Account) -> PublishPort | None:
    """What the engine publishes 8080 on, or else what a label says that it is to be forwarded from."""
    bindings = (account["HostConfig"].get("PortBindings") or {}).get(PORT_KEY) or [{}]
    port = bindings[0].get("HostPort") or account["Config"]["Labels"].get(PORT_LABEL)
    return PublishPort(int(port)) if port else None
