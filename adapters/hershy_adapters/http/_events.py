"""What happens to programs, as server-sent events."""

import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

from hershy.application.host import Host
from hershy.domain.ids import ProgramID
from hershy.domain.program import Program
from hershy.domain.state import ProgramState
from hershy.ports.event_bus import BuildLine, EventsLost, ProgramDeleted, Published, StateChanged


async def events_of(host: Host, program_id: ProgramID) -> AsyncGenerator[bytes, None]:
    """The present state, then what happens, until the program is deleted."""
    async with host.events(program_id) as published:
        program = await host.get(program_id)
        yield _event("state", _state(program, None, program.updated_at))
        async for it in published:
            yield _render(it)
            if isinstance(it.notice, ProgramDeleted):
                return


async def all_events(host: Host) -> AsyncGenerator[bytes, None]:
    """What happens to any program from now on."""
    async with host.events() as published:
        async for it in published:
            yield _render(it)


def _render(published: Published) -> bytes:
    match published.notice:
        case StateChanged(program, previous):
            return _event("state", _state(program, previous, published.at), published.id)
        case BuildLine(text):
            data = {"program_id": str(published.program_id), "line": text, "at": _rfc3339(published.at)}
            return _event("build", data, published.id)
        case ProgramDeleted():
            data = {"program_id": str(published.program_id), "at": _rfc3339(published.at)}
            return _event("deleted", data, published.id)
        case EventsLost(count):
            return _event("lost", {"count": count}, published.id)


def _state(program: Program, previous: ProgramState | None, at: datetime) -> dict[str, Any]:
    return {
        "program_id": str(program.id),
        "state": program.state,
        "previous": previous,
        "error_msg": program.error_msg,
        "at": _rfc3339(at),
    }


def _event(name: str, data: dict[str, Any], number: int | None = None) -> bytes:
    # JSON holds no raw line end, so one data line always does; the escapes make it plain ASCII besides.
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
