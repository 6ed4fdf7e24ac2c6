"""logs, message, source."""

import json
import sys

import httpx
import pytest

from hershy.cli import output

from .conftest import AT, ID, FakeHost, Hershy

LOGS = {"program_id": ID, "container_id": "c1", "logs": "one\n\ntwo\n", "timestamp": AT}


def test_logs_are_printed_as_they_are(hershy: Hershy, host: FakeHost) -> None:
    """Empty lines included; --tail travels."""
    host.answers[f"GET /programs/{ID}/logs?tail=3"] = LOGS
    assert hershy("logs", ID, "--tail", "3") == 0
    assert hershy.out == "one\n\ntwo\n"


def test_no_logs_print_nothing(hershy: Hershy, host: FakeHost) -> None:
    """Not even an empty line."""
    host.answers[f"GET /programs/{ID}/logs"] = LOGS | {"logs": ""}
    assert hershy("logs", ID) == 0
    assert hershy.out == ""


def test_the_build_log(hershy: Hershy, host: FakeHost) -> None:
    """A stream of the same call; as JSON, the Host's document."""
    host.answers[f"GET /programs/{ID}/logs?stream=build"] = LOGS
    assert hershy("logs", ID, "--build", "--json") == 0
    assert hershy.document == LOGS


def test_following_prints_each_line(hershy: Hershy, host: FakeHost) -> None:
    """Text for people; for machines a JSON document to a line."""
    host.answers[f"GET /programs/{ID}/logs?follow=true"] = "one\ntwo\n"
    assert hershy("logs", ID, "--follow") == 0
    assert hershy.out == "one\ntwo\n"
    assert hershy("logs", ID, "-f", "--json") == 0
    assert [json.loads(line) for line in hershy.out.splitlines()] == [{"line": "one"}, {"line": "two"}]


def test_following_is_ended_by_ctrl_c(hershy: Hershy, host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 130, no traceback."""
    host.answers[f"GET /programs/{ID}/logs?follow=true"] = "one\n"

    def interrupt(text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "result", interrupt)
    assert hershy("logs", ID, "--follow") == 130
    assert hershy.err == ""


def test_a_build_can_be_followed(hershy: Hershy, host: FakeHost) -> None:
    """Its lines as they come."""
    host.answers[f"GET /programs/{ID}/logs?stream=build&follow=true"] = "#1 FROM x\n"
    assert hershy("logs", ID, "--build", "--follow") == 0
    assert hershy.out == "#1 FROM x\n"


def test_logs_of_a_stream_and_a_time(hershy: Hershy, host: FakeHost) -> None:
    """Both travel as they are; the Host reads the time."""
    host.answers[f"GET /programs/{ID}/logs?stream=stderr&since=10m"] = LOGS
    assert hershy("logs", ID, "--stream", "stderr", "--since", "10m") == 0
    host.answers[f"GET /programs/{ID}/logs?since=1h&follow=true"] = "one\n"
    assert hershy("logs", ID, "-f", "--since", "1h") == 0
    assert hershy.out == "one\n"


@pytest.mark.parametrize("more", [("--stream", "stderr"), ("--since", "10m")])
def test_a_build_s_output_has_neither_streams_nor_times(hershy: Hershy, host: FakeHost, more: tuple[str, ...]) -> None:
    """A usage error; nothing is asked."""
    assert hershy("logs", ID, "--build", *more) == 2
    assert host.asked == []


def test_message_shows_the_answer(hershy: Hershy, host: FakeHost) -> None:
    """The status, then whatever else the program said."""
    sent = f"POST /programs/{ID}/proxy/watcher/message"
    host.answers[sent] = {"status": "message sent", "answer": "total 5", "n": [1]}
    assert hershy("message", ID, "add 5") == 0
    assert hershy.out == "message sent\nanswer: total 5\nn: [1]\n"
    assert host.bodies == [{"content": "add 5"}]
    assert hershy("message", ID, "add 5", "--json") == 0
    assert hershy.document == host.answers[sent]


def test_a_program_that_is_not_ready_refuses_messages(hershy: Hershy, host: FakeHost) -> None:
    """Exit 1 with the Host's words."""
    host.refusals[f"POST /programs/{ID}/proxy/watcher/message"] = (503, "program not ready")
    assert hershy("message", ID, "hello") == 1
    assert hershy.err == "hershy: program not ready\n"


def test_source_prints_every_file(hershy: Hershy, host: FakeHost) -> None:
    """With a heading each; as JSON by path."""
    files = {"Dockerfile": "FROM x\n", "a/b.py": "pass"}
    host.answers[f"GET /programs/{ID}/source"] = {"program_id": ID, "files": files, "retrieved_at": AT}
    assert hershy("source", ID) == 0
    assert hershy.out == "==> Dockerfile <==\nFROM x\n==> a/b.py <==\npass\n"
    assert hershy("source", ID, "--json") == 0
    assert hershy.document["files"] == files


def test_escape_sequences_of_a_program_do_not_reach_a_terminal(
    hershy: Hershy, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile log must not act on the reader's terminal; a file gets it unchanged."""
    host.answers[f"GET /programs/{ID}/logs"] = LOGS | {"logs": "\x1b]0;owned\x07\tx\n"}
    assert hershy("logs", ID) == 0
    assert hershy.out == "\x1b]0;owned\x07\tx\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert hershy("logs", ID) == 0
    assert hershy.out == "\N{REPLACEMENT CHARACTER}]0;owned\N{REPLACEMENT CHARACTER}\tx\n"


def test_a_host_that_goes_away_while_followed_is_exit_1(hershy: Hershy, host: FakeHost) -> None:
    """The connection's end is told as what it is."""

    class Cut(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield b"one\n"
            raise httpx.ReadError("connection reset")

    host.answers = {}
    answer = host.__call__

    def cut(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Cut()) if request.url.path.endswith("/logs") else answer(request)

    hershy.host = cut  # type: ignore[assignment]
    assert hershy("logs", ID, "--follow") == 1
    assert hershy.out == "one\n"
    assert "connection reset" in hershy.err
