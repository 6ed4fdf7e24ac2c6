"""hershy run: what it hands over, what it prints, and where the code runs."""

import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from hershy.cli.main import main
from hershy.cli.session import Session

from .conftest import FakeHost, Hershy

REASON = {"rule": "eval", "points": 40, "message": "calls eval", "file": "main.py", "line": 3}
RISK = {"score": 0, "threshold": 30, "verdict": "accepted", "unreadable": "", "reasons": [], "lint": []}
RUN: dict[str, Any] = {
    "outcome": "finished",
    "message": "finished",
    "exit_code": 0,
    "stdout": "out",
    "stderr": "err",
    "output_is_cut": False,
    "duration_s": 0.5,
    "cpu_time_s": 0.1,
    "peak_memory_bytes": 10 * 1024 * 1024,
    "exception": None,
    "files": {},
    "files_left_out": [],
    "was_warm": True,
    "runtime": "runsc",
    "risk": RISK,
}
CALL = "POST /sandbox/runs"
PATIENCE_S = 10


@pytest.fixture
def running(host: FakeHost, code: Path) -> FakeHost:
    """A Host that answers, and ``it.py`` in the working directory."""
    host.answers[CALL] = RUN
    return host


def given_stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_a_file(hershy: Hershy, running: FakeHost) -> None:
    """Its code is sent, and what it printed comes out where it was printed; then how it ended."""
    assert hershy("run", "it.py") == 0
    assert running.bodies == [{"code": "print(1)\n"}]
    assert hershy.out == "out"
    assert hershy.err == "err\nhershy: finished; 0.50 s, 10 MiB of memory; held by runsc at http://host.test\n"


def test_everything_that_can_be_asked_for(hershy: Hershy, running: FakeHost, tmp_path: Path) -> None:
    """Options may stand behind FILE too; what follows -- belongs to the code."""
    (tmp_path / "a=b").write_bytes(b"1")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "c").write_bytes(b"\xff")
    (tmp_path / "in").write_text("input")
    options = [
        "--timeout",
        "1m",
        "--memory",
        "1g",
        "--cpus",
        "0.5",
        "--env",
        "K=V=W",
        "--input",
        "in",
        "--threshold",
        "5",
    ]
    files = [
        "--file",
        "a=b",
        "--file",
        "data/c",
        "--file",
        "data/c=sub/d",
        "--collect",
        "r",
        "--out",
        "o",
    ]
    assert hershy("run", *options, "it.py", *files, "--image", "python:3.13", "y", "--", "--memory", "x") == 0
    binary = {"content": "/w==", "encoding": "base64"}
    assert running.bodies == [
        {
            "code": "print(1)\n",
            "image": "python:3.13",
            "args": ["y", "--memory", "x"],
            "files": {"a=b": "1", "c": binary, "sub/d": binary},
            "stdin": "input",
            "env": {"K": "V=W"},
            "collect": ["r"],
            "limits": {"timeout_s": 60.0, "memory_bytes": 2**30, "cpus": 0.5},
            "threshold": 5,
        }
    ]
    assert hershy("run", "--no-check", "it.py") == 0
    assert running.bodies[1:] == [{"code": "print(1)\n", "check": False}]


def test_a_command_of_an_image(hershy: Hershy, running: FakeHost) -> None:
    """With --image a first word that is no Python file is a command."""
    assert hershy("run", "--image", "busybox", "--", "sh", "-c", "echo hi") == 0
    assert running.bodies == [{"command": ["sh", "-c", "echo hi"], "image": "busybox"}]


def test_code_from_stdin(hershy: Hershy, running: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of FILE ``-``, a byte order mark left aside; or stdin is the code's own."""
    given_stdin(monkeypatch, b"\xef\xbb\xbfprint(2)")
    assert hershy("run", "-", "arg") == 0
    given_stdin(monkeypatch, b"\xfe")
    assert hershy("run", "--input", "-", "it.py") == 0
    assert running.bodies == [
        {"code": "print(2)", "args": ["arg"]},
        {"code": "print(1)\n", "stdin": {"content": "/g==", "encoding": "base64"}},
    ]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ([], ["FILE"]),
        (["--image", "busybox"], ["COMMAND"]),
        (["no.py"], ["no.py", "No such file"]),
        (["binary"], ["UTF-8"]),
        (["--input", "-", "-"], ["both"]),
        (["--file", "no", "it.py"], ["no", "No such file"]),
        (["--file", "it.py", "--file", "it.py", "it.py"], ["twice"]),
        (["--file", "it.py=../x", "it.py"], ["../x"]),
        (["--file", "it.py=main.py", "it.py"], ["main.py"]),
        (["--collect", "x", "it.py"], ["--out"]),
        (["--collect", "/etc", "--out", "o", "it.py"], ["/etc"]),
        (["--timeout", "soon", "it.py"], ["soon"]),
        (["--timeout", "0s", "it.py"], ["timeout"]),
        (["--memory", "1m", "it.py"], ["memory_bytes"]),
        (["--threshold", "0", "it.py"], ["threshold"]),
        (["--env", "K", "it.py"], ["KEY=VALUE"]),
        (["--image", "A B", "it.py"], ["A B"]),
        (["--unknown", "it.py"], ["--unknown"]),
        (["--local", "it.py"], ["--url"]),
        (["--no-check", "--threshold", "5", "it.py"], ["--threshold", "--no-check"]),
        (["--force", "it.py"], ["--force", "--out"]),
        (["--env", "K=1", "--env", "K=2", "it.py"], ["--env", "K is given twice"]),
    ],
)
def test_wrong_usage(hershy: Hershy, running: FakeHost, code: Path, arguments: list[str], parts: list[str]) -> None:
    """Exit 2, and nothing is asked of the Host."""
    (code.parent / "binary").write_bytes(b"\xff\xfe")
    assert hershy("run", *arguments) == 2
    for part in parts:
        assert part in hershy.err
    assert not running.asked


def test_other_ends(hershy: Hershy, running: FakeHost) -> None:
    """Exit 1, and why on stderr."""
    for change, told in (
        ({"outcome": "error", "message": "main.py, line 3: ValueError: no", "exit_code": 1}, "line 3: ValueError: no"),
        (
            {"outcome": "timeout", "message": "killed: ran longer than 10 s", "exit_code": None},
            "longer than 10 s; 0.50 s",
        ),
        ({"files_left_out": ["a", "b"], "outcome": "error"}, "there is too much: a, b"),
        ({"outcome": "error", "risk": RISK | {"score": 7}}, "risk score 7"),
    ):
        running.answers[CALL] = RUN | change
        assert hershy("run", "it.py") == 1
        assert told in hershy.err
        assert hershy.out == "out"


def test_refused_code(hershy: Hershy, running: FakeHost) -> None:
    """Every reason with its line, up to a number of them."""
    risk = RISK | {"score": 40, "verdict": "refused", "reasons": [REASON]}
    refused = {
        "outcome": "refused",
        "message": "refused: scored 40: calls eval",
        "exit_code": None,
        "stdout": "",
        "stderr": "",
    }
    running.answers[CALL] = RUN | refused | {"risk": risk}
    assert hershy("run", "it.py") == 1
    assert hershy.err.splitlines() == [
        "hershy: refused: scored 40, of 30 at which code is refused",
        "  main.py, line 3: calls eval (eval, 40 points)",
    ]
    running.answers[CALL] = RUN | refused | {"risk": risk | {"reasons": [REASON] * 25}}
    assert hershy("run", "it.py") == 1
    assert hershy.err.endswith("  and 5 more\n")


def test_json(hershy: Hershy, running: FakeHost) -> None:
    """The document is the Host's with the place, and nothing else is printed."""
    binary = {"content": "/w==", "encoding": "base64", "size": 1}
    answer = RUN | {
        "files": {"a": binary, "b": {"content": "t", "encoding": "utf-8", "size": 1}},
        "stdout": "\ufffd",
        "stdout_base64": "/w==",
        "outcome": "error",
        "exception": {"type": "E", "message": "", "file": "main.py"},
        "risk": RISK | {"score": 40, "reasons": [REASON]},
    }
    running.answers[CALL] = answer
    assert hershy("run", "--json", "--collect", ".", "it.py") == 1
    assert hershy.document == answer | {"at": "http://host.test"}
    assert hershy.err == ""


def test_files_come_back(hershy: Hershy, running: FakeHost, tmp_path: Path) -> None:
    """Below DIR; all of them unless some are named. What is there stays without --force."""
    running.answers[CALL] = RUN | {"files": {"a/b": {"content": "/w==", "encoding": "base64", "size": 1}}}
    assert hershy("run", "--out", "o", "it.py") == 0
    assert running.bodies[0]["collect"] == ["."]
    assert (tmp_path / "o" / "a" / "b").read_bytes() == b"\xff"
    assert "wrote o/a/b" in hershy.err
    assert hershy("run", "--out", "o", "it.py") == 1
    assert "--force" in hershy.err
    assert hershy("run", "--out", "o", "--force", "it.py") == 0


def test_what_is_not_there_to_bring_back_is_said(hershy: Hershy, running: FakeHost) -> None:
    """On stderr, by its name; the exit code stays the code's own."""
    running.answers[CALL] = RUN | {
        "files": {"a/b": {"content": "", "encoding": "utf-8", "size": 0}},
        "files_left_out": ["large/c"],
    }
    options = [it for name in ("a", "a/b", "large", "nothere", "large/d") for it in ("--collect", name)]
    assert hershy("run", "--json", *options, "it.py") == 0
    assert hershy.err.splitlines() == [
        "hershy: --collect nothere: no file was there by this name",
        "hershy: --collect large/d: no file was there by this name",
    ]
    running.answers[CALL] = RUN
    assert hershy("run", "--out", "o", "it.py") == 0
    assert "hershy: there was no file to bring back" in hershy.err
    running.answers[CALL] = RUN | {"outcome": "syntax_error", "exit_code": None}
    assert hershy("run", "--out", "o", "--collect", "r", "it.py") == 1
    assert "--collect" not in hershy.err


def test_a_hostile_name_is_not_followed(hershy: Hershy, running: FakeHost, tmp_path: Path) -> None:
    """Whatever a Host answers."""
    running.answers[CALL] = RUN | {"files": {"../x": {"content": "", "encoding": "utf-8", "size": 0}}}
    assert hershy("run", "--out", "o", "it.py") == 1
    assert "'..'" in hershy.err
    assert not (tmp_path / "x").exists()


def test_the_hosts_refusal(hershy: Hershy, running: FakeHost) -> None:
    """Exit 1 and its message, as of every command."""
    running.refusals[CALL] = (429, "too many")
    assert hershy("run", "it.py") == 1
    assert hershy.err == "hershy: too many\n"


def test_bytes_are_printed_as_they_are(
    running: FakeHost, capsysbinary: pytest.CaptureFixture[bytes], code: Path
) -> None:
    """Also those that are no text."""
    running.answers[CALL] = RUN | {
        "stdout": "\ufffd\0",
        "stdout_base64": "/wA=",
        "stderr": "\ufffd",
        "stderr_base64": "/w==",
    }
    with pytest.raises(SystemExit):
        main(["run", "it.py"], session=Session("http://host.test", transport=httpx.MockTransport(running)))
    out, err = capsysbinary.readouterr()
    assert out == b"\xff\0"
    assert err.startswith(b"\xff\nhershy: finished")


def test_a_terminal_is_not_acted_upon(hershy: Hershy, running: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences of the code become visible there."""
    running.answers[CALL] = RUN | {"stdout": "\x1b[2Jé\n"}
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert hershy("run", "it.py") == 0
    assert hershy.out == "\ufffd[2Jé\n"


def test_ctrl_c_at_a_host(hershy: Hershy, running: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 130, without a traceback; the closed connection kills the run there."""

    def interrupted(self: FakeHost, request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeHost, "__call__", interrupted)
    assert hershy("run", "it.py") == 130
    assert hershy.err == ""
