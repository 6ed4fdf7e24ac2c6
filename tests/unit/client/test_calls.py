"""Each method sends what the wire contract says and reads what the Host answers, in both clients."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hershy.client import BulkResult, CreatedProgram, ExitInfo, JournalInfo, NewProgram, StatsInfo, Transition
from hershy.errors import (
    Conflict,
    Forbidden,
    HershyError,
    HostFailure,
    InvalidValue,
    NotFound,
    QuotaExceeded,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
)
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.state import ProgramState

from .conftest import Ask

ID = "alice-build-0123456789ab-89abcdef"
AT = "2026-11-20T10:00:00Z"
HALF_A_SECOND = timedelta(milliseconds=500)
MOMENT = datetime(2026, 11, 20, 10, tzinfo=UTC)
CREATED = {
    "program_id": ID,
    "build_id": "build-0123456789ab",
    "state": "Created",
    "proxy_url": "http://localhost:19001",
    "created_at": AT,
}
PROGRAM = CREATED | {
    "user_id": "alice",
    "state": "Error",
    "image_id": None,
    "container_id": None,
    "error_msg": "it broke",
    "updated_at": AT,
    "labels": {"team": "a"},
    "desired_state": "Running",
    "exit_reason": {"kind": "code", "code": 3},
    "restart_count": 2,
    "a_field_of_the_future": [1],
}


class Answering:
    """A handler that gives one answer and keeps the request."""

    def __init__(self, body: object = None, status: int = 200, **options: object) -> None:
        self.response = httpx.Response(status, json=body, **options)  # type: ignore[arg-type]
        self.request = httpx.Request("GET", "http://never.asked")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        return self.response

    @property
    def asked(self) -> str:
        return f"{self.request.method} {self.request.url.raw_path.decode()}"


def test_create_program_sends_only_the_optional_fields_that_were_given(ask: Ask) -> None:
    """A field that was not given is left to the Host."""
    host = Answering(CREATED, status=201)
    given = {"env": {"K": "V"}, "restart_policy": "always", "egress": Egress.NONE}
    created = ask(host, "create_program", "alice", "FROM x", {"a.py": "1"}, **given)
    assert host.asked == "POST /programs"
    assert json.loads(host.request.content) == {
        "user_id": "alice",
        "dockerfile": "FROM x",
        "src_files": {"a.py": "1"},
        "env": {"K": "V"},
        "restart_policy": "always",
        "egress": "none",
    }
    assert host.request.headers["content-type"] == "application/json"
    assert created == CreatedProgram(ID, "build-0123456789ab", ProgramState.CREATED, "http://localhost:19001", MOMENT)


@pytest.mark.parametrize("name", ["start", "stop", "restart"])
def test_transitions_are_posted_and_read(ask: Ask, name: str) -> None:
    """start, stop and restart POST to their path and give the state and message back."""
    host = Answering({"program_id": ID, "state": "Stopping", "message": "initiated"})
    assert ask(host, name, ID) == Transition(ID, ProgramState.STOPPING, "initiated")
    assert host.asked == f"POST /programs/{ID}/{name}"


def test_get_reads_every_field_and_passes_over_unknown_ones(ask: Ask) -> None:
    """A newer Host's fields do no harm; nulls become None."""
    host = Answering(PROGRAM)
    program = ask(host, "get", ID)
    assert host.asked == f"GET /programs/{ID}"
    assert program.state is ProgramState.ERROR
    assert program.exit_reason == ExitInfo("code", 3)
    assert (program.image_id, program.error_msg, program.restart_count) == (None, "it broke", 2)
    assert (program.labels, program.updated_at) == ({"team": "a"}, MOMENT)


def test_get_is_content_with_the_fields_of_the_contract(ask: Ask) -> None:
    """Ids may be absent until known."""
    minimal = {
        name: PROGRAM[name] for name in ("program_id", "build_id", "user_id", "state", "created_at", "updated_at")
    }
    assert ask(Answering(minimal), "get", ID).container_id is None


def test_list_sends_each_criterion(ask: Ask) -> None:
    """Filters travel as query parameters, a label as key=value."""
    host = Answering({"programs": [PROGRAM], "count": 1})
    criteria = {"user_id": "alice", "state": ProgramState.ERROR, "labels": {"team": "a", "k": "v w"}, "text": "é"}
    (program,) = ask(host, "list", **criteria)
    assert program.program_id == ID
    assert host.request.url.params.multi_items() == [
        ("user_id", "alice"),
        ("state", "Error"),
        ("label", "team=a"),
        ("label", "k=v w"),
        ("q", "é"),
    ]


def test_list_without_criteria_sends_none(ask: Ask) -> None:
    """No query at all, and an empty answer is an empty tuple."""
    host = Answering({"programs": [], "count": 0})
    assert ask(host, "list") == ()
    assert host.asked == "GET /programs"


def test_delete(ask: Ask) -> None:
    """DELETE, and nothing comes back."""
    host = Answering({"message": "program deleted successfully"})
    assert ask(host, "delete", ID) is None
    assert host.asked == f"DELETE /programs/{ID}"


def test_logs_and_build_log_name_tail_and_stream(ask: Ask) -> None:
    """The build's log is a stream of the logs call."""
    host = Answering({"program_id": ID, "container_id": "c1", "logs": "a\nb\n", "timestamp": AT})
    assert ask(host, "logs", ID, tail=5, stream="stderr").logs == "a\nb\n"
    assert host.asked == f"GET /programs/{ID}/logs?tail=5&stream=stderr"
    ask(host, "build_log", ID)
    assert host.asked == f"GET /programs/{ID}/logs?stream=build"


def test_source(ask: Ask) -> None:
    """Files come back by path."""
    host = Answering({"program_id": ID, "files": {"Dockerfile": "FROM x"}, "retrieved_at": AT})
    assert ask(host, "source", ID).files == {"Dockerfile": "FROM x"}
    assert host.asked == f"GET /programs/{ID}/source"


def test_message_keeps_what_the_program_answers_beyond_the_contract(ask: Ask) -> None:
    """The status is a field; whatever else the program says is kept."""
    host = Answering({"status": "message sent", "answer": "total 5"})
    receipt = ask(host, "message", ID, "add 5")
    assert (receipt.status, receipt.answer) == ("message sent", {"answer": "total 5"})
    assert host.asked == f"POST /programs/{ID}/proxy/watcher/message"
    assert json.loads(host.request.content) == {"content": "add 5"}


def test_request_passes_everything_through_and_keeps_repeated_headers(ask: Ask) -> None:
    """Any status of the program is an answer, not an error."""
    host = Answering({"no": 1}, status=418, headers=[("set-cookie", "a=1"), ("set-cookie", "b=2")])
    answer = ask(host, "request", ID, "PUT", "/a%2Fb", params={"q": "1"}, headers={"x-k": "v"}, content=b"body")
    assert host.asked == f"PUT /programs/{ID}/proxy/a%2Fb?q=1"
    assert (host.request.content, host.request.headers["x-k"]) == (b"body", "v")
    assert (answer.status, answer.json(), answer.text) == (418, {"no": 1}, '{"no":1}')
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_request_keeps_a_query_in_the_path(ask: Ask) -> None:
    """A query written into the path is sent as it is."""
    host = Answering({})
    ask(host, "request", ID, "GET", "watcher/logs?type=all")
    assert host.asked == f"GET /programs/{ID}/proxy/watcher/logs?type=all"


def test_debug_proxy(ask: Ask) -> None:
    """What no route holds is None."""
    host = Answering({"program_id": ID, "open": False, "publish_port": None})
    info = ask(host, "debug_proxy", ID)
    assert (info.open, info.publish_port, info.opened_at) == (False, None, None)
    assert host.asked == f"GET /debug/proxy/{ID}"


@pytest.mark.parametrize("program_id", ["", ".", ".."])
def test_an_id_that_would_address_something_else_is_not_sent(ask: Ask, program_id: str) -> None:
    """It is refused as unknown, before any request."""
    host = Answering({})
    with pytest.raises(NotFound, match="program not found"):
        ask(host, "delete", program_id)
    assert host.asked == "GET /"


def test_an_id_is_one_segment_of_the_path(ask: Ask) -> None:
    """Slashes and question marks in it are escaped."""
    host = Answering(PROGRAM)
    ask(host, "get", "a/b?c")
    assert host.asked == "GET /programs/a%2Fb%3Fc"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidValue),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (413, TooLarge),
        (429, QuotaExceeded),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (500, HostFailure),
        (405, HostFailure),
    ],
)
def test_each_refusal_has_its_error(ask: Ask, status: int, kind: type[HershyError]) -> None:
    """The error carries status, reason phrase and message of the Host."""
    host = Answering({"error": "Reason", "code": status, "message": "why"}, status=status)
    with pytest.raises(HershyError) as caught:
        ask(host, "get", ID)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.reason, caught.value.message) == (status, "Reason", "why")
    assert str(caught.value) == "why"


def test_a_program_s_refusal_of_a_message_is_told_in_its_words(ask: Ask) -> None:
    """The WatcherAPI's errors have no message field."""
    host = Answering({"error": "message content cannot be empty"}, status=400)
    with pytest.raises(InvalidValue, match="message content cannot be empty"):
        ask(host, "message", ID, "")


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b""])
def test_a_refusal_of_another_shape_is_an_api_error_all_the_same(ask: Ask, body: bytes) -> None:
    """A proxy in between may answer in its own way."""
    with pytest.raises(Unavailable) as caught:
        ask(lambda request: httpx.Response(502, content=body), "get", ID)
    assert caught.value.reason == "HTTP 502"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a web page</html>"),
        (200, b'{"hello": "world"}'),
        (200, b'["a list"]'),
        (200, json.dumps(PROGRAM | {"state": 7}).encode()),
        (302, b""),
    ],
)
def test_something_that_is_no_host_is_recognised(ask: Ask, status: int, body: bytes) -> None:
    """No KeyError, no redirect followed: an error that names the request."""
    with pytest.raises(UnexpectedAnswer, match=f"GET http://host.test/programs/{ID}"):
        ask(lambda request: httpx.Response(status, content=body), "get", ID)


def test_create_program_sends_durations_as_seconds(ask: Ask) -> None:
    """The wire has seconds; a health check is true or its details."""
    host = Answering(CREATED, status=201)
    ask(host, "create_program", "a", "FROM x", health_check=True, ttl=timedelta(hours=1), idle_timeout=HALF_A_SECOND)
    body = json.loads(host.request.content)
    assert (body["health_check"], body["ttl_s"], body["idle_timeout_s"]) == (True, 3600, 0.5)
    ask(host, "create_program", "a", "FROM x", health_check={"path": "/"})
    assert json.loads(host.request.content)["health_check"] == {"path": "/"}


def test_a_program_shows_what_the_host_will_do_with_it(ask: Ask) -> None:
    """Restart, health and lifetime; absent where a Host says nothing of them."""
    more = {
        "next_restart_at": AT,
        "is_healthy": False,
        "resources": {"cpus": 1.0},
        "restart_policy": {"mode": "always"},
        "health_check": {"path": "/"},
        "ttl_s": 90.0,
        "idle_timeout_s": 5.0,
        "expires_at": AT,
    }
    program = ask(Answering(PROGRAM | more), "get", ID)
    assert (program.next_restart_at, program.expires_at, program.is_healthy) == (MOMENT, MOMENT, False)
    assert (program.resources, program.restart_policy["mode"]) == ({"cpus": 1.0}, "always")
    assert (program.health_check, program.ttl_s, program.idle_timeout_s) == ({"path": "/"}, 90.0, 5.0)
    silent = ask(Answering(PROGRAM), "get", ID)
    assert (silent.next_restart_at, silent.expires_at, silent.is_healthy, silent.resources) == (None, None, None, {})


def test_create_programs(ask: Ask) -> None:
    """Several in one request, each as ``create_program`` sends it."""
    host = Answering({"programs": [CREATED, CREATED], "count": 2}, status=201)
    created = ask(host, "create_programs", [NewProgram("a", "FROM x"), NewProgram("b", "FROM y", env={"K": "V"})])
    assert host.asked == "POST /bulk/programs"
    assert json.loads(host.request.content) == {
        "programs": [
            {"user_id": "a", "dockerfile": "FROM x", "src_files": {}},
            {"user_id": "b", "dockerfile": "FROM y", "src_files": {}, "env": {"K": "V"}},
        ]
    }
    assert [it.program_id for it in created] == [ID, ID]


@pytest.mark.parametrize("what", ["start", "stop", "restart", "delete"])
def test_requests_for_many(ask: Ask, what: str) -> None:
    """Only criteria that were given travel; each program has its result; there is time for a long answer."""
    done = {"program_id": ID, "ok": True, "code": 200, "error": None, "message": "done"}
    refused = {"program_id": ID, "ok": False, "code": 409, "error": "Conflict", "message": "active"}
    host = Answering({"results": [done, refused], "count": 2, "failed": 1})
    results = ask(host, f"{what}_all", user_id="alice", labels={"team": "a"}, state=ProgramState.READY)
    assert host.asked == f"POST /bulk/{what}"
    assert json.loads(host.request.content) == {"user_id": "alice", "labels": {"team": "a"}, "state": "Ready"}
    assert results == (BulkResult(ID, True, 200, "done"), BulkResult(ID, False, 409, "active", "Conflict"))
    assert host.request.extensions["timeout"]["read"] == 30 * 60
    ask(host, f"{what}_all", user_id="alice")
    assert json.loads(host.request.content) == {"user_id": "alice"}


def test_stats(ask: Ask) -> None:
    """None for what only a container has, while none runs."""
    body = {"program_id": ID, "state": "Ready", "timestamp": AT, "state_bytes": 7, "cpu_cores": 0.5, "pids": 3}
    stats = ask(host := Answering(body), "stats", ID)
    assert host.asked == f"GET /programs/{ID}/stats"
    assert stats == StatsInfo(ID, ProgramState.READY, MOMENT, 7, cpu_cores=0.5, pids=3)


def test_journal(ask: Ask) -> None:
    """Entries as they are; where to begin and how many travel."""
    entry = {
        "id": 5,
        "program_id": ID,
        "at": AT,
        "event": "exited",
        "previous": "Ready",
        "state": "Error",
        "detail": "why",
        "exit_reason": {"kind": "code", "code": 3},
    }
    gone = {"id": 6, "program_id": ID, "at": AT, "event": "deleted", "previous": "Error", "state": None}
    host = Answering({"program_id": ID, "entries": [entry, gone], "count": 2})
    entries = ask(host, "journal", ID, after=4, limit=2)
    assert host.asked == f"GET /programs/{ID}/journal?after=4&limit=2"
    assert entries == (
        JournalInfo(
            id=5,
            program_id=ID,
            at=MOMENT,
            event="exited",
            previous=ProgramState.READY,
            state=ProgramState.ERROR,
            detail="why",
            exit_reason=ExitInfo("code", 3),
        ),
        JournalInfo(id=6, program_id=ID, at=MOMENT, event="deleted", previous=ProgramState.ERROR),
    )


@pytest.mark.parametrize(
    ("since", "sent"),
    [(timedelta(minutes=1), "60.000000s"), (MOMENT, "2026-11-20T10%3A00%3A00%2B00%3A00"), ("1h30m", "1h30m")],
)
def test_logs_since(ask: Ask, since: object, sent: str) -> None:
    """A moment, how long ago, or as the Host reads it."""
    body = {"program_id": ID, "container_id": None, "logs": "", "timestamp": AT}
    ask(host := Answering(body), "logs", ID, since=since)
    assert host.asked == f"GET /programs/{ID}/logs?since={sent}"
