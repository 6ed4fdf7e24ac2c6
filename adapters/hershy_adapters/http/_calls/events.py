"""What happens to programs, as server-sent events."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from hershy.core.ids import ProgramID
from hershy.programs.application.caller_access import Access
from hershy.programs.application.event_feed import BuildProgress, Fed
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.ports.event_bus import EventsLost
from hershy.wire import BuildLineEvent, LostEvent, written

from .._shapes.responses import journal_entry

RETRY_MS = 2_000
"""What callers are asked to wait before they reconnect."""


async def render(feed: AsyncGenerator[Fed, None], start: int | None = None) -> AsyncGenerator[bytes, None]:
    """Ends with the feed. Journal entries carry their id, which a caller that reconnects sends as Last-Event-ID.

    ``start``: the id that one sends who has seen no event yet.
    """
    async with aclosing(feed):
        yield f"retry: {RETRY_MS}\n{_id(start)}\n".encode()
        async for it in feed:
            yield _rendered(it)


async def resume_one(access: Access, program_id: ProgramID, last_seen: int | None) -> int | None:
    """Where the feed of a program begins for one who has seen the event ``last_seen``; None for its present state.

    A deleted program is found as long as something of it is left to be told. Raises ProgramNotFound.
    """
    if last_seen is None:
        await access.get(program_id)
        return None
    if await access.journal(program_id, after=last_seen, limit=1):
        return last_seen
    await access.get(program_id)
    newest = await access.journal(program_id, limit=1)
    return last_seen if newest and newest[-1].id == last_seen else None  # an id of another Host, or another life


async def resume_all(access: Access, last_seen: int | None) -> int:
    """Where the feed of all programs begins: after ``last_seen``, else now."""
    now = await access.last_entry_id()
    return now if last_seen is None else min(last_seen, now)


def _rendered(it: Fed) -> bytes:
    match it:
        case JournalEntry():
            return _event("deleted" if it.state is None else "state", journal_entry(it), it.id)
        case BuildProgress(program_id, at, text):
            return _event("build", BuildLineEvent(text, str(program_id), at))
        case EventsLost(count):
            return _event("lost", LostEvent(count))


def _event(name: str, data: object, number: int | None = None) -> bytes:
    # JSON holds no raw line end, so one data line always does; the escapes make it plain ASCII besides.
    text = json.dumps(written(data), separators=(",", ":"))
    return f"{_id(number)}event: {name}\ndata: {text}\n\n".encode()


def _id(number: int | None) -> str:
    return "" if number is None else f"id: {number}\n"
