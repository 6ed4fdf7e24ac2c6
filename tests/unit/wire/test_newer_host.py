"""What a newer Host says beyond what this client knows: nothing of it makes a call fail."""

import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, get_args

import httpx
import pytest

from hershy import wire
from hershy.client import Client, ProgramInfo, StateEvent, Wait, WaitStep
from hershy.errors import HershyError, InvalidValue
from hershy.wire.plan import alternatives, plan

AT = "2026-11-20T10:00:00Z"
NEW = "levitating"
ANSWERS = [it for it in wire.DESCRIBED if not issubclass(it, wire.Body)] + list(wire.EVENTS.values())


def of_tomorrow(of: Any) -> Any:
    """JSON of this type in which every word of a list is a new one, and every object has one more field."""
    (of, *_) = alternatives(of)
    if is_dataclass(of):
        return {it.key: of_tomorrow(it.loose_type) for it in plan(of).values()} | {"a_field_of_the_future": {"x": [1]}}
    if args := get_args(of):
        return [of_tomorrow(args[0])] if len(args) == 1 else {"a": of_tomorrow(args[1])}
    if of is Any:
        return {"a": 1}
    if issubclass(of, Enum):
        return NEW
    return {str: "text", int: 1, float: 1.5, bool: True, datetime: AT}[of]


def words(value: Any) -> Iterator[Any]:
    """Every word of a list in an answer."""
    for it in plan(type(value)).values():
        entry = getattr(value, it.name)
        if isinstance(it.loose_type, type) and issubclass(it.loose_type, Enum):
            yield entry
        for inner in entry if isinstance(entry, tuple) else [entry]:
            if is_dataclass(inner):
                yield from words(inner)


@pytest.mark.parametrize("of", ANSWERS)
def test_every_answer_is_read(of: type[Any]) -> None:
    """New fields are passed over, new words kept as text, at every depth."""
    read = wire.read_answer(of, of_tomorrow(of))
    assert set(words(read)) <= {NEW}
    assert wire.read_answer(of, wire.written(read)) == read


def asked(handler: Any) -> Client:
    return Client("http://host.test", transport=httpx.MockTransport(handler))


def test_a_program_in_a_state_of_tomorrow() -> None:
    """Shown by the client as it is."""
    with asked(lambda request: httpx.Response(200, json=of_tomorrow(ProgramInfo))) as client:
        program = client.get("a")
    assert (program.state, program.exit_reason and program.exit_reason.kind, program.egress) == (NEW, NEW, NEW)


def test_events_of_tomorrow() -> None:
    """A new kind is passed over, a new state is an event that nobody waits for, one more field does no harm."""
    entry = {"id": 7, "program_id": "a", "at": AT, "event": "x"}
    text = (
        "event: miracle\ndata: {}\n\n"
        f"event: state\ndata: {json.dumps(entry | {'state': NEW, 'colour': 1})}\n\n"
        f"event: deleted\ndata: {json.dumps(entry)}\n\n"
    )
    with asked(lambda request: httpx.Response(200, text=text)) as client:
        events = list(client.events("a"))
    assert events[0] == StateEvent(id=7, program_id="a", at=datetime.fromisoformat(AT), event="x", state=NEW)
    assert len(events) == 2
    assert Wait.make("a", "Ready").judge(events[0]) is WaitStep.GO_ON


@pytest.mark.parametrize("status", [402, 418, 422, 451, 499, 507, 599])
def test_a_refusal_of_tomorrow(status: int) -> None:
    """A status and a code that this client does not know are a HershyError with all that was said."""
    refused = {"error": "Levitating", "code": "levitating", "message": "why", "hint": {"x": 1}}
    with asked(lambda request: httpx.Response(status, json=refused)) as client, pytest.raises(HershyError) as raised:
        client.get("a")
    assert (raised.value.status, raised.value.reason, raised.value.message) == (status, "Levitating", "why")


def test_a_host_is_not_so_lenient() -> None:
    """What a caller sends must be known: a word of tomorrow would be passed over otherwise."""
    with pytest.raises(InvalidValue, match="egress: input should be 'open' or 'none'"):
        wire.read(wire.NewProgram, {"user_id": "a", "dockerfile": "FROM x", "egress": NEW})
    with pytest.raises(InvalidValue, match="colour: unknown field"):
        wire.read(wire.NewProgram, {"user_id": "a", "dockerfile": "FROM x", "colour": 1})
