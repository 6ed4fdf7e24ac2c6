"""events, journal."""

import json
from typing import Any

import httpx
import pytest

from hershy.cli import output

from .conftest import AT, ID, FakeHost, Hershy


def sse(name: str, number: int | None = None, **data: Any) -> str:
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n"


def exited(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "program_id": ID,
        "at": AT,
        "event": "exited",
        "previous": "Ready",
        "state": "Error",
        "detail": "program exited with code 3; its last log lines:\nbye",
        "error_msg": "",
        "exit_reason": None,
        "actor": "",
        **changes,
    }


def deleted(number: int) -> dict[str, Any]:
    return exited(number, event="deleted", previous="Error", state=None, detail="")


STREAM = (
    "retry: 2000\n\n"
    + sse("build", program_id=ID, line="#1 FROM x", at=AT)
    + sse("state", 7, **exited(7))
    + sse("lost", count=3)
    + sse("deleted", 8, **deleted(8))
)


@pytest.fixture
def host(host: FakeHost) -> FakeHost:
    """Its streams say STREAM and then break off; there is none after the first."""
    answer = host.__call__

    def told(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/events"):
            return answer(request)
        host.asked.append(f"{request.url.path} {request.headers.get('last-event-id')}")
        return httpx.Response(200, text=STREAM) if len(host.asked) == 1 else httpx.Response(404, json={})

    host.answer = told  # type: ignore[attr-defined]
    return host


@pytest.fixture
def hershy(hershy: Hershy, host: FakeHost) -> Hershy:
    hershy.host = host.answer  # type: ignore[attr-defined]
    return hershy


def test_events_of_a_program(hershy: Hershy, host: FakeHost) -> None:
    """A line each, log lines below, until it is deleted."""
    assert hershy("events", ID, "--after", "6") == 0
    assert hershy.out.splitlines() == [
        "          | #1 FROM x",
        f"       7  {AT:<27}  Error     exited: program exited with code 3; its last log lines:",
        "          | bye",
        "          | (3 notices were dropped)",
        f"       8  {AT:<27}  gone      deleted",
    ]
    assert host.asked == [f"/programs/{ID}/events 6"]


def test_events_of_all(hershy: Hershy, host: FakeHost) -> None:
    """With the program's id; a deletion ends nothing, so it goes on where the stream broke off."""
    assert hershy("events", "--json") == 1
    lines = [json.loads(line) for line in hershy.out.splitlines()]
    assert [line["kind"] for line in lines] == ["build", "state", "lost", "deleted"]
    assert lines[1].items() >= {"program_id": ID, "id": 7, "event": "exited", "state": "Error", "at": AT}.items()
    assert host.asked == ["/events None", "/events 8"]


def test_events_of_all_name_the_program(hershy: Hershy) -> None:
    """Each line says whose it is."""
    assert hershy("events") == 1
    assert [ID in line for line in hershy.out.splitlines()] == [True, True, False, False, True]


def test_events_are_ended_by_ctrl_c(hershy: Hershy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 130, no traceback."""

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "result", interrupt)
    assert hershy("events", ID) == 130
    assert hershy.err == ""


def test_journal(hershy: Hershy, host: FakeHost) -> None:
    """What has been, oldest first; as JSON the Host's document."""
    who = "token 0123456789ab (alice)"
    document = {"program_id": ID, "entries": [exited(7, actor=who), deleted(8)], "count": 2}
    host.answers[f"GET /programs/{ID}/journal?after=6&limit=5"] = document
    assert hershy("journal", ID, "--after", "6", "--limit", "5") == 0
    assert [line.split()[0] for line in hershy.out.splitlines()] == ["7", "|", "8"]
    assert f"exited by {who}" in hershy.out
    assert hershy("journal", ID, "--after", "6", "--limit", "5", "--json") == 0
    assert (hershy.document["program_id"], hershy.document["count"]) == (ID, 2)
    assert hershy.document["entries"][0].items() <= exited(7, actor=who).items()
