"""Reads the engine's statistics of a container."""

from datetime import UTC, datetime
from typing import Any

import aiohttp

from hershy.core.ids import ContainerID
from hershy.errors import RuntimeFailure
from hershy.programs.ports.runtime import ContainerStats

from .._engine import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, Engine
from .._errors import translated

Figures = dict[str, Any]

_TIMEOUT = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=ANSWER_TIMEOUT_S)
_NEVER = "0001-01-01"


async def read_stats(engine: Engine, container_id: ContainerID) -> ContainerStats:
    """As the port's ``stats``."""
    figures = await read_figures(engine, container_id)
    try:
        stats = stats_of(figures)
    except (ValueError, LookupError, TypeError) as error:
        raise RuntimeFailure(f"reading the statistics of {container_id}: the engine gave none ({error!r})") from error
    if stats is None:
        raise RuntimeFailure(f"reading the statistics of {container_id}: it does not run")
    return stats


async def read_figures(engine: Engine, container_id: ContainerID) -> Figures:
    """As the engine says them."""
    # Without "one-shot" the engine takes a second reading, one second later, to tell a rate.
    parameters = {"stream": "false", "one-shot": "true"}
    with translated("reading the statistics of", container_id):
        figures: Figures = await engine.client._query_json(
            f"containers/{container_id}/stats", params=parameters, timeout=_TIMEOUT
        )
    return figures


def stats_of(figures: Figures) -> ContainerStats | None:
    """None for a container that does not run: the engine sends zeros, read at no time.

    The engine reads cgroups and network devices, which stand around a sandbox as around any process: the figures
    are as good under gVisor, and are those of the sandbox.
    """
    memory, networks = figures["memory_stats"], (figures.get("networks") or {}).values()
    if str(figures["read"]).startswith(_NEVER) or "usage" not in memory:
        return None
    return ContainerStats(
        at=datetime.fromisoformat(figures["read"]).astimezone(UTC),
        cpu_seconds=figures["cpu_stats"]["cpu_usage"]["total_usage"] / 1_000_000_000,
        memory_bytes=_in_use(memory),
        memory_limit_bytes=int(memory["limit"]),
        pids=int(figures["pids_stats"].get("current", 0)),
        network_rx_bytes=sum(int(network["rx_bytes"]) for network in networks),
        network_tx_bytes=sum(int(network["tx_bytes"]) for network in networks),
    )


def _in_use(memory: Figures) -> int:
    """Without the cached files that nobody has used of late, as ``docker stats`` shows it."""
    usage, details = int(memory["usage"]), memory.get("stats") or {}
    # cgroup v1 adds "total_" to what includes the cgroups below; v2 always includes them.
    droppable = int(details.get("total_inactive_file", details.get("inactive_file", 0)))
    return usage - droppable if droppable < usage else usage
