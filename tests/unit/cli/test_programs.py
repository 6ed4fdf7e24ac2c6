"""ls, status, start, stop, restart, rm."""

import json

import httpx
import pytest

from hershy.cli.main import main
from hershy.cli.session import Session

from .conftest import AT, ID, PROGRAM, FakeHost, Hershy


def test_ls_shows_a_line_for_each_program(hershy: Hershy) -> None:
    """Ids and URLs are whole, however narrow the terminal."""
    assert hershy("ls") == 0
    heading, line = hershy.out.splitlines()
    assert heading.split() == ["PROGRAM", "STATE", "URL", "CREATED"]
    assert line.split()[:3] == [ID, "Ready", "http://localhost:19001"]
    assert line.rstrip().endswith("ago")


def test_ls_without_programs_says_so_beside_stdout(hershy: Hershy, host: FakeHost) -> None:
    """Nothing on stdout for a script to stumble over."""
    host.answers["GET /programs"] = {"programs": [], "count": 0}
    assert hershy("ls") == 0
    assert (hershy.out, hershy.err) == ("", "no programs\n")


def test_ls_json_is_the_wire_s_document(hershy: Hershy) -> None:
    """programs and count, fields and times as on the wire."""
    assert hershy("ls", "--json") == 0
    assert hershy.document["count"] == 1
    assert hershy.document["programs"][0].items() >= PROGRAM.items()


def test_ls_filters(hershy: Hershy, host: FakeHost) -> None:
    """Each filter travels; the state's case does not matter."""
    asked = "GET /programs?user_id=alice&state=Ready&label=team%3Da"
    host.answers[asked] = {"programs": [], "count": 0}
    assert hershy("ls", "--user", "alice", "--state", "ready", "--label", "team=a") == 0
    assert host.asked == [asked]


def test_status_shows_what_is_known(hershy: Hershy) -> None:
    """One line each; what is not known is left out."""
    assert hershy("status", ID) == 0
    shown = dict(line.split(":", 1) for line in hershy.out.splitlines())
    assert shown["program_id"].strip() == ID
    assert shown["created_at"].strip() == AT
    assert shown["labels"].strip() == "team=a"
    assert shown["exit_reason"].strip() == "kind=code code=0"
    assert "container_id" not in shown


def test_status_json(hershy: Hershy) -> None:
    """The program as one document."""
    assert hershy("status", ID, "--json") == 0
    assert hershy.document.items() >= PROGRAM.items()


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
def test_transitions_say_what_was_initiated(hershy: Hershy, host: FakeHost, command: str) -> None:
    """One line for people, the Host's answer for machines."""
    assert hershy(command, ID) == 0
    assert hershy.out == f"{ID}: program {command} initiated\n"
    assert hershy(command, ID, "--json") == 0
    assert hershy.document["message"] == f"program {command} initiated"
    assert host.asked == [f"POST /programs/{ID}/{command}"] * 2


def test_rm_deletes(hershy: Hershy, host: FakeHost) -> None:
    """DELETE, then a line or a document."""
    assert hershy("rm", ID) == 0
    assert hershy.out == f"{ID}: deleted\n"
    assert hershy("rm", ID, "--json") == 0
    assert hershy.document == {"program_id": ID, "message": "program deleted successfully"}


def test_a_refusal_is_exit_1_and_a_message_on_stderr(hershy: Hershy, host: FakeHost) -> None:
    """The Host's own words, nothing on stdout, no traceback."""
    host.refusals[f"POST /programs/{ID}/stop"] = (404, "program not running: it is Stopped")
    assert hershy("stop", ID, "--json") == 1
    assert (hershy.out, hershy.err) == ("", "hershy: program not running: it is Stopped\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("ls", "--nope"),
        ("ls", "--state", "Levitating"),
        ("ls", "--label", "x"),
        ("frobnicate",),
        (),
        ("ls", "--url", "localhost:9000"),
    ],
)
def test_wrong_usage_is_exit_2(hershy: Hershy, host: FakeHost, arguments: tuple[str, ...]) -> None:
    """Nothing is asked of the Host."""
    assert hershy(*arguments) == 2
    assert host.asked == []


def test_url_may_stand_before_or_after_the_command() -> None:
    """Both ways reach that Host; after the command wins."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"programs": [], "count": 0})

    for arguments in (
        ["--url", "http://a.test", "ls"],
        ["ls", "--url", "http://b.test"],
        ["--url", "http://a.test", "ls", "--url", "http://c.test"],
    ):
        with pytest.raises(SystemExit):
            main(arguments, session=Session(transport=httpx.MockTransport(answer)))
    assert seen == ["http://a.test/programs", "http://b.test/programs", "http://c.test/programs"]


def test_the_environment_names_the_host(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """HERSHY_URL, and the message names it when nobody answers there."""
    monkeypatch.setenv("HERSHY_URL", "http://env.test")

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    with pytest.raises(SystemExit) as exited:
        main(["ls"], session=Session(transport=httpx.MockTransport(refuse)))
    assert exited.value.code == 1
    assert "no Host answers at http://env.test (connection refused); start one with 'hershy serve'" in (
        capsys.readouterr().err
    )


def test_version(hershy: Hershy) -> None:
    """The version of the installed package."""
    assert hershy("--version") == 0
    assert hershy.out.startswith("hershy ")


def test_json_survives_what_no_encoding_can_carry(hershy: Hershy, host: FakeHost) -> None:
    """A lone surrogate in the Host's JSON comes out as the escape it came in as."""
    host.answers[f"GET /programs/{ID}"] = PROGRAM | {"error_msg": "\ud800"}
    assert hershy("status", ID, "--json") == 0
    assert json.loads(hershy.out)["error_msg"] == "\ud800"
