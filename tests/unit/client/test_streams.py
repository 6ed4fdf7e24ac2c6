"""Log following, events, and waiting for a state, in both clients."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from hershy.client import BuildLineEvent, DeletedEvent, LostEvent, StateEvent, _resuming
from hershy.errors import (
    HostTimeout,
    HostUnreachable,
    NotFound,
    ProgramFailed,
    Unavailable,
    UnexpectedAnswer,
    WaitTimeout,
)
from hershy.programs.domain.state import ProgramState

from .conftest import Ask
from .test_calls import AT, ID, MOMENT, PROGRAM

MINUTE = timedelta(minutes=1)


def sse(event: str, /, **data: object) -> str:
    return f"id: 7\nevent: {event}\ndata: {json.dumps(data)}\n\n"


ENTRY = {"id": 7, "program_id": ID, "at": AT, "event": "x", "previous": None}


def in_state(state: str, previous: str | None = None, error_msg: str = "") -> str:
    return sse("state", **ENTRY | {"state": state, "previous": previous, "error_msg": error_msg})


def streaming(*texts: str) -> Callable[[httpx.Request], httpx.Response]:
    """A Host whose event streams say these texts in turn, and whose program is PROGRAM."""
    left = list(texts)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return httpx.Response(200, text=left.pop(0))
        return httpx.Response(200, json=PROGRAM)

    return answer


DELETED = f"event: deleted\ndata: {json.dumps(ENTRY)}\n\n"
GONE = DeletedEvent(id=7, program_id=ID, at=MOMENT, event="x")


def test_events_are_read_and_comments_passed_over(ask: Ask) -> None:
    """Keep-alive comments and kinds of events that this client does not know are no events."""
    text = (
        ": keep-alive\n\n"
        + in_state("Created")
        + sse("build", line="#1 [1/2] FROM x")
        + sse("novelty", x=1)
        + in_state("Ready", "Running").replace("\n", "\r\n")
        + sse("lost", count=3)
        + DELETED
    )
    assert ask(streaming(text), "events", ID) == [
        StateEvent(id=7, program_id=ID, at=MOMENT, event="x", state=ProgramState.CREATED),
        BuildLineEvent("#1 [1/2] FROM x"),
        StateEvent(id=7, program_id=ID, at=MOMENT, event="x", state=ProgramState.READY, previous=ProgramState.RUNNING),
        LostEvent(3),
        GONE,
    ]


def test_an_event_cut_off_by_the_end_of_the_stream_is_no_event(ask: Ask) -> None:
    """Only a blank line completes an event."""
    host = streaming(in_state("Created") + "event: state\ndata: {", DELETED)
    assert [type(it) for it in ask(host, "events", ID)] == [StateEvent, DeletedEvent]


class Breaking:
    """A Host whose event streams break off as told; keeps which event each was asked to go on after."""

    def __init__(self, *streams: str | Exception | int) -> None:
        self.streams = list(streams)
        self.asked: list[str | None] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.headers.get("last-event-id"))
        stream = self.streams.pop(0)
        match stream:
            case Exception():
                raise stream
            case int():
                return httpx.Response(stream, json={"error": "No", "code": stream, "message": "not now"})
            case str():
                return httpx.Response(200, stream=Broken(stream))


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Says something, and then the connection is gone."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __iter__(self) -> Iterator[bytes]:
        yield self.text.encode()
        raise httpx.RemoteProtocolError("peer closed connection")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects follow at once."""
    monkeypatch.setattr(_resuming, "FIRST_DELAY_S", 0)


def numbered(number: int, state: str) -> str:
    data = json.dumps(ENTRY | {"state": state, "id": number})
    return f"id: {number}\nevent: state\ndata: {data}\n\n"


@pytest.mark.usefixtures("impatient")
def test_events_go_on_after_a_broken_connection(ask: Ask) -> None:
    """Each time from the last event that was complete; a Host that is away or closing for a while is waited for."""
    host = Breaking(
        "retry: 2000\n\n" + numbered(3, "Created") + "id: 4\nevent: state\nda",
        httpx.ConnectError("refused"),
        503,
        numbered(4, "Building") + ": keep-alive\n\n",
        httpx.ReadTimeout("silence"),
        numbered(5, "Ready") + DELETED,
    )
    events = ask(host, "events", ID)
    assert [it.state for it in events[:-1]] == ["Created", "Building", "Ready"]
    assert [it.id for it in events[:-1]] == [3, 4, 5]
    assert host.asked == [None, "3", "3", "3", "4", "4"]


@pytest.mark.usefixtures("impatient")
def test_events_of_all_go_on_from_where_they_began(ask: Ask) -> None:
    """Also one who has seen no event yet misses none; the deletion of a program ends nothing."""
    host = Breaking("retry: 2000\nid: 7\n\n", DELETED + numbered(9, "Created"), 404)
    seen = []
    with pytest.raises(NotFound):
        ask(host, "events", seen=seen)
    assert host.asked == [None, "7", "9"]
    assert [type(it) for it in seen] == [DeletedEvent, StateEvent]


def test_events_begin_after_a_given_one(ask: Ask) -> None:
    """With its id as Last-Event-ID."""
    host = Breaking(DELETED)
    assert ask(host, "events", ID, after=41) == [GONE]
    assert host.asked == ["41"]


@pytest.mark.usefixtures("impatient")
def test_a_host_that_stays_away_is_given_up(ask: Ask) -> None:
    """After a number of tries without a sign of life in between, with the reason of the last one."""
    host = Breaking("retry: 2000\n\n", *[": \n\n", "retry: 1\n\n"], *[httpx.ConnectError("refused")] * 30)
    with pytest.raises(HostUnreachable, match="refused"):
        ask(host, "events", ID)
    assert len(host.asked) == 2 + _resuming.TRIES


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("first", [httpx.ConnectError("refused"), 503, 404])
def test_a_stream_that_was_never_there_is_not_waited_for(ask: Ask, first: Exception | int) -> None:
    """Who asks a Host that is not running learns so at once."""
    host = Breaking(first)
    with pytest.raises((HostUnreachable, Unavailable, NotFound)):
        ask(host, "events", ID)


def test_waits_between_tries_grow_to_a_limit() -> None:
    """Half a minute in all, so that a Host can be started anew."""
    resuming = _resuming.Resuming(None)
    resuming.heard(None, is_sign_of_life=True)
    failure = HostUnreachable("u", "r")
    delays = [resuming.delay_s(failure) for _ in range(_resuming.TRIES)]
    assert all(0 < it <= _resuming.LONGEST_DELAY_S for it in delays)
    assert delays[0] <= _resuming.FIRST_DELAY_S < delays[3] < delays[-1]
    assert 10 < sum(delays) < 40
    with pytest.raises(HostUnreachable):
        resuming.delay_s(failure)


@pytest.mark.parametrize("data", ["{", "[]", "{}", '{"program_id": "x", "state": 7}'])
def test_an_event_that_breaks_the_contract_is_an_error_of_the_client(ask: Ask, data: str) -> None:
    """No KeyError escapes."""
    with pytest.raises(UnexpectedAnswer, match="event state"):
        ask(streaming(f"event: state\ndata: {data}\n\n"), "events", ID)


def test_events_of_an_unknown_program_are_refused(ask: Ask) -> None:
    """The refusal of a stream is the same error as of a call."""
    refusal = {"error": "Not Found", "code": 404, "message": f"program not found: {ID}"}
    with pytest.raises(NotFound, match="program not found"):
        ask(lambda request: httpx.Response(404, json=refusal), "events", ID)


def test_followed_logs_come_line_by_line(ask: Ask) -> None:
    """Lines end at line feeds only; bytes that are not UTF-8 are replaced; the last may lack its end."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content="one\ntw\u2028o\r\n\n".encode() + b"\xff\nlast")

    assert ask(answer, "follow_logs", ID, tail=3, since=timedelta(seconds=90)) == [
        "one",
        "tw\u2028o",
        "",
        "\N{REPLACEMENT CHARACTER}",
        "last",
    ]
    assert seen[0].url.query == b"tail=3&since=90.000000s&follow=true"
    assert seen[0].extensions["timeout"]["read"] is None, "a program may be silent for as long as it likes"


def test_wait_for_returns_the_program_once_it_is_there(ask: Ask) -> None:
    """Other states and build lines pass by; the first event may be the one already."""
    assert ask(streaming(in_state("Created") + in_state("Error")), "wait_for", ID, "Error", MINUTE).program_id == ID
    assert ask(streaming(in_state("Ready")), "wait_for", ID, {"Ready", ProgramState.STOPPED}, MINUTE).program_id == ID


@pytest.mark.parametrize("state", ["Error", "Stopped"])
def test_wait_for_does_not_wait_for_what_cannot_come(ask: Ask, state: str) -> None:
    """A program that rests does not become Ready by itself."""
    with pytest.raises(ProgramFailed, match=f"is {state}: it broke") as caught:
        ask(streaming(in_state("Building") + in_state(state, error_msg="it broke")), "wait_for", ID, "Ready", MINUTE)
    assert (caught.value.state, caught.value.error_msg) == (state, "it broke")


def test_wait_for_asks_again_when_events_were_lost(ask: Ask) -> None:
    """The state waited for may have been among them; a new stream begins with the present state."""
    host = streaming(in_state("Building") + sse("lost", count=9), in_state("Ready"))
    assert ask(host, "wait_for", ID, "Ready", MINUTE).program_id == ID


def test_wait_for_a_deleted_program_ends(ask: Ask) -> None:
    """It will never get anywhere."""
    with pytest.raises(NotFound, match="was deleted"):
        ask(streaming(in_state("Ready") + DELETED), "wait_for", ID, "Stopped", MINUTE)


def test_wait_for_ends_with_the_host(ask: Ask) -> None:
    """A stream that ends without the state means that the Host closes."""
    with pytest.raises(HostUnreachable, match="event stream ended"):
        ask(streaming(in_state("Building")), "wait_for", ID, "Ready", MINUTE)


class Silent(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An event stream that tells the present state and then nothing more."""

    def __iter__(self) -> Iterator[bytes]:
        yield in_state("Building").encode()
        raise httpx.ReadTimeout("what a silent socket gives")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield in_state("Building").encode()
        await asyncio.Event().wait()


def test_wait_for_has_a_deadline(ask: Ask) -> None:
    """Past it, the error says that the program goes on."""
    with pytest.raises(WaitTimeout, match=r"did not become Ready or Stopped within 0\.01 s; it goes on"):
        ask(
            lambda request: httpx.Response(200, stream=Silent()),
            "wait_for",
            ID,
            ["Stopped", "Ready"],
            timedelta(milliseconds=10),
        )


def test_wait_for_a_state_that_does_not_exist_is_refused_at_once(ask: Ask) -> None:
    """A misspelt state is the caller's mistake."""
    with pytest.raises(ValueError, match="Redy"):
        ask(streaming(), "wait_for", ID, "Redy", MINUTE)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectError("refused"), HostUnreachable),
        (httpx.ConnectTimeout("slow"), HostUnreachable),
        (httpx.RemoteProtocolError("not HTTP"), HostUnreachable),
        (httpx.ReadTimeout("slow"), HostTimeout),
    ],
)
@pytest.mark.parametrize("method", ["get", "follow_logs", "events"])
def test_no_answer_names_the_address_and_the_remedy(
    ask: Ask, error: Exception, kind: type[Exception], method: str
) -> None:
    """The message says where was looked and how to start a Host."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    with pytest.raises(HostUnreachable, match=r"http://host\.test .*'hershy serve'") as caught:
        ask(fail, method, ID)
    assert type(caught.value) is kind
