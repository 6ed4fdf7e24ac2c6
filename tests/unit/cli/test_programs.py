"""ls, status, start, stop, restart, rm."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

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
    host.answers["GET /programs?q=Sheep"] = {"programs": [PROGRAM], "count": 1}
    assert hershy("ls", "--search", "Sheep") == 0
    assert ID in hershy.out


LOGS = {"program_id": ID, "container_id": "c1", "logs": "one\ntwo\n", "timestamp": AT}


def test_status_shows_what_is_known(hershy: Hershy, host: FakeHost) -> None:
    """One line each, what is not known left out; then the last lines of output."""
    host.answers[f"GET /programs/{ID}/logs?tail=10"] = LOGS
    assert hershy("status", ID) == 0
    facts, _, lines = hershy.out.partition("last lines of output:\n")
    shown = dict(line.split(":", 1) for line in facts.splitlines())
    assert shown["program_id"].strip() == ID
    assert shown["created_at"].strip() == AT
    assert shown["labels"].strip() == "team=a"
    assert shown["exit_reason"].strip() == "exited with code 0"
    assert "container_id" not in shown
    assert lines == "  one\n  two\n"


def test_status_shows_the_description(hershy: Hershy, host: FakeHost) -> None:
    """What it was said to be for; a Host of before has none."""
    assert hershy("status", ID, "--tail", "0") == 0
    assert "description" not in hershy.out
    host.answers[f"GET /programs/{ID}"] = PROGRAM | {"description": "counts sheep"}
    assert hershy("status", ID, "--tail", "0") == 0
    assert re.search(r"^description: +counts sheep$", hershy.out, re.MULTILINE)


def test_status_shows_restarts_and_health(hershy: Hershy, host: FakeHost) -> None:
    """When the next restart comes, how many there were, and that it is not healthy."""
    soon = datetime.now(UTC) + timedelta(seconds=100)
    host.answers[f"GET /programs/{ID}"] = PROGRAM | {
        "restart_count": 2,
        "is_healthy": False,
        "exit_reason": {"kind": "signal", "code": 137},
        "next_restart_at": soon.isoformat(),
        "restart_policy": {"mode": "always", "max_restarts": 5},
    }
    assert hershy("status", ID, "--tail", "0") == 0
    shown = dict(line.split(":", 1) for line in hershy.out.splitlines())
    assert shown["restart_count"].strip() == "2"
    assert shown["is_healthy"].strip() == "no"
    assert shown["exit_reason"].strip() == "killed by SIGKILL"
    assert re.search(r"Z \(in 9\d s\)$", shown["next_restart_at"])
    assert shown["restart_policy"].strip() == "mode=always max_restarts=5"


def test_status_without_an_engine(hershy: Hershy, host: FakeHost) -> None:
    """What is known is shown, and why the output is not."""
    host.refusals[f"GET /programs/{ID}/logs?tail=10"] = (503, "the engine does not answer")
    assert hershy("status", ID) == 0
    assert ID in hershy.out
    assert "the engine does not answer" in hershy.err


def test_an_exit_of_a_kind_that_is_not_known(hershy: Hershy, host: FakeHost) -> None:
    """A newer Host's words are shown as they are."""
    host.answers[f"GET /programs/{ID}"] = PROGRAM | {"exit_reason": {"kind": "evaporated", "code": None}}
    assert hershy("status", ID, "--tail", "0") == 0
    assert "kind=evaporated" in hershy.out


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


def result(program_id: str, code: int = 200) -> dict[str, Any]:
    error = {} if code == 200 else {"error": "Conflict"}
    return {"program_id": program_id, "ok": not error, "code": code, "message": f"said {code}", **error}


@pytest.mark.parametrize(
    ("command", "call"), [("start", "start"), ("stop", "stop"), ("restart", "restart"), ("rm", "delete")]
)
def test_many_by_criteria(hershy: Hershy, host: FakeHost, command: str, call: str) -> None:
    """A line for each; only what was given travels; exit 1 when one was refused."""
    host.answers[f"POST /bulk/{call}"] = {"results": [result("a"), result("b")], "count": 2, "failed": 0}
    assert hershy(command, "--user", "alice", "--label", "team=a", "--state", "ready") == 0
    assert host.bodies == [{"user_id": "alice", "labels": {"team": "a"}, "state": "Ready"}]
    assert [line.split() for line in hershy.out.splitlines()[1:]] == [
        ["a", "ok", "said", "200"],
        ["b", "ok", "said", "200"],
    ]
    host.answers[f"POST /bulk/{call}"] = {"results": [result("a"), result("b", 409)], "count": 2, "failed": 1}
    assert hershy(command, "--user", "alice") == 1
    assert "409 Conflict" in hershy.out
    assert "1 of 2 programs refused" in hershy.err
    assert hershy(command, "--user", "alice", "--json") == 1
    assert hershy.document == host.answers[f"POST /bulk/{call}"]
    host.answers[f"POST /bulk/{call}"] = {"results": [], "count": 0, "failed": 0}
    assert hershy(command, "--user", "nobody") == 0
    assert "no programs" in hershy.err


@pytest.mark.parametrize("command", ["start", "stop", "restart", "rm"])
@pytest.mark.parametrize("arguments", [(), (ID, "--user", "alice"), (ID, "--state", "ready"), ("--label", "team")])
def test_either_one_or_which(hershy: Hershy, host: FakeHost, command: str, arguments: tuple[str, ...]) -> None:
    """Neither must never mean all, and both would hide which of them counts."""
    assert hershy(command, *arguments) == 2
    assert host.asked == []


STATS = {
    "program_id": ID,
    "state": "Ready",
    "cpu_cores": 0.25,
    "cpu_seconds": 1.5,
    "memory_bytes": 3 * 1024 * 1024,
    "memory_limit_bytes": 256 * 1024 * 1024,
    "pids": 4,
    "network_rx_bytes": 2048,
    "network_tx_bytes": 0,
    "state_bytes": 2 * 1024**3,
    "timestamp": AT,
}


def test_stats_of_one(hershy: Hershy, host: FakeHost) -> None:
    """In units for people; as it is for machines; dashes while no container runs."""
    host.answers[f"GET /programs/{ID}/stats"] = STATS
    assert hershy("stats", ID) == 0
    row = hershy.out.splitlines()[1]
    assert row.split() == [
        ID,
        "Ready",
        *["25%", "3.0", "MiB", "of", "256.0", "MiB", "4", "2.0", "KiB", "0", "B", "2.0", "GiB"],
    ]
    assert hershy("stats", ID, "--json") == 0
    assert hershy.document == STATS
    known = {"program_id", "state", "state_bytes", "timestamp"}
    host.answers[f"GET /programs/{ID}/stats"] = {key: value if key in known else None for key, value in STATS.items()}
    assert hershy("stats", ID) == 0
    assert hershy.out.splitlines()[1].split() == [ID, "Ready", *["-", "-", "-", "-", "-", "2.0", "GiB"]]


def test_stats_of_all_that_run(hershy: Hershy, host: FakeHost) -> None:
    """Those without a container are not asked for; one that goes away meanwhile is left out."""
    running, gone, resting = (PROGRAM | {"program_id": f"p{n}", "container_id": c} for n, c in enumerate("ab-"))
    resting["container_id"] = None
    host.answers["GET /programs?user_id=alice"] = {"programs": [running, gone, resting], "count": 3}
    host.answers["GET /programs/p0/stats"] = STATS | {"program_id": "p0"}
    host.refusals["GET /programs/p1/stats"] = (404, "program not found: p1")
    assert hershy("stats", "--user", "alice") == 0
    assert [line.split()[0] for line in hershy.out.splitlines()] == ["PROGRAM", "p0"]
    assert hershy("stats", "--user", "alice", "--json") == 0
    assert (hershy.document["count"], hershy.document["programs"][0]["program_id"]) == (1, "p0")
    host.answers["GET /programs"] = {"programs": [resting], "count": 1}
    assert hershy("stats") == 0
    assert hershy.err == "no running programs\n"
    assert hershy("stats", ID, "--user", "alice") == 2


def test_a_refusal_is_exit_1_and_a_message_on_stderr(hershy: Hershy, host: FakeHost) -> None:
    """The Host's own words, nothing on stdout, no traceback."""
    host.refusals[f"POST /programs/{ID}/stop"] = (404, "program not running: it is Stopped")
    assert hershy("stop", ID, "--json") == 1
    assert (hershy.out, hershy.err) == ("", "hershy: program not running: it is Stopped\n")


def test_a_remedy_has_a_line_of_its_own(hershy: Hershy, host: FakeHost) -> None:
    """Below what is wrong, and with which program."""
    told = {"detail": f"{ID} is Stopped", "remedy": "use /start"}
    host.refusals[f"POST /programs/{ID}/restart"] = (404, "program not running")
    host.told[f"POST /programs/{ID}/restart"] = told
    assert hershy("restart", ID) == 1
    assert hershy.err == f"hershy: program not running: {ID} is Stopped\n  -> use /start\n"
    refused = {"program_id": ID, "ok": False, "code": 404, "error": "Not Found", "message": "program not running"}
    host.answers["POST /bulk/restart"] = {"results": [refused | told, refused | told], "count": 2, "failed": 2}
    assert hershy("restart", "--user", "alice") == 1
    assert hershy.err == "  -> use /start\nhershy: 2 of 2 programs refused\n"


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
    assert "no Host answers at http://env.test (connection refused)\n  -> start one with 'hershy serve'" in (
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
