"""Follows the engine's events: what happens to one owner's containers."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from hershy.core.deadline import ended
from hershy.core.ids import ContainerID, OwnerID, ProgramID
from hershy.core.log import get_logger
from hershy.errors import EngineUnavailable, HershyError
from hershy.programs.ports.runtime import ContainerEvent, ContainerEventKind
from hershy_adapters._subscription import Subscription

from ._container.hardening import OWNER_LABEL, PROGRAM_LABEL
from ._engine import Engine
from ._errors import translated
from ._output.moments import for_engine, moment_of

SUBSCRIBING_S = 10.0
"""How long the engine may take to accept a subscription; it has nothing to do for it."""
MAX_EVENT_BYTES = 1024 * 1024
"""An event repeats the labels of the container, which its image adds to. Longer ones are skipped."""

_KINDS = {
    "start": ContainerEventKind.STARTED,
    "die": ContainerEventKind.EXITED,
    "destroy": ContainerEventKind.REMOVED,
    "oom": ContainerEventKind.OUT_OF_MEMORY,
}

_log = get_logger("hershy.docker")


@asynccontextmanager
async def subscribed(engine: Engine, owner: OwnerID) -> AsyncGenerator[Subscription, None]:
    """As the port's ``events``."""
    async with AsyncExitStack() as stack:
        response = await _accepted(engine, owner, stack)
        subscription = Subscription()
        reading = asyncio.create_task(_read(response, subscription), name="engine events")
        stack.push_async_callback(ended, reading)
        stack.callback(reading.cancel)
        yield subscription


async def _accepted(engine: Engine, owner: OwnerID, stack: AsyncExitStack) -> aiohttp.ClientResponse:
    # The engine answers before it begins to listen. Asked for what has happened since now, it gives what happens
    # between the two as well.
    filters = {"type": ["container"], "label": [f"{OWNER_LABEL}={owner}"], "event": list(_KINDS)}
    parameters = {"filters": json.dumps(filters), "since": for_engine(time.time_ns())}
    try:
        with translated("subscribing to the events of", engine.host):
            return await stack.enter_async_context(engine.stream("events", parameters, SUBSCRIBING_S, silence_s=None))
    except EngineUnavailable:
        raise
    except HershyError as error:
        raise EngineUnavailable(str(error)) from error


async def _read(response: aiohttp.ClientResponse, subscription: Subscription) -> None:
    """Ends with the stream. However that ends, the subscription is broken then."""
    lines = EventLines()
    try:
        with translated("reading the events of", response.url):
            while data := await response.content.readany():
                for line in lines.feed(data):
                    event = parse(line)
                    if event is not None:
                        subscription.put(event)
    except EngineUnavailable as error:
        subscription.break_off(error)
    except Exception:
        _log.exception("reading the engine's events failed")
    finally:
        subscription.break_off(EngineUnavailable("the engine has ended its stream of events", remedy="subscribe anew"))


class EventLines:
    """Cuts the stream into lines; one that is too long is left out."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._is_too_long = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes."""
        lines: list[bytes] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._append(piece)
            if self._begun and not self._is_too_long:
                lines.append(bytes(self._begun))
            self._begun.clear()
            self._is_too_long = False
        self._append(rest)
        return lines

    def _append(self, piece: bytes) -> None:
        self._is_too_long = self._is_too_long or len(self._begun) + len(piece) > MAX_EVENT_BYTES
        if self._is_too_long:
            self._begun.clear()
        else:
            self._begun += piece


def parse(line: bytes) -> ContainerEvent | None:
    """None for what is no event of a program's container: engines differ, and the stream has to go on."""
    try:
        event = json.loads(line)
        kind = _KINDS.get(event["Action"])
        if kind is None or event["Type"] != "container":
            return None
        return ContainerEvent(
            program_id=ProgramID(event["Actor"]["Attributes"][PROGRAM_LABEL]),
            container_id=ContainerID(event["Actor"]["ID"]),
            kind=kind,
            at=moment_of(event["timeNano"]),
        )
    except (HershyError, ValueError, LookupError, TypeError, ArithmeticError, OSError, RecursionError):
        _log.warning("an event of the engine could not be read", text=repr(line[:300]))
        return None
