"""Whatever command shows what a user wrote: it neither acts on the terminal nor passes for a line of hershy's own."""

import json
import logging
import re
import sys
import unicodedata
from collections.abc import Callable

import pytest

from hershy.cli import output, verify
from hershy.cli.log_output import LogFormat, log_to_stderr
from hershy.core.log import get_logger
from hershy.errors import HershyError
from hershy.verification.rows import CheckResult, Row

from .conftest import AT, ID, PROGRAM, FakeHost, Hershy, build_event, state_event

EVIL = "\x1b]0;owned\x07\x9b2J\u202egnp.exe\u2066\u200b\r\u2028\U000e0041\x7f"
FORGED = f"{EVIL}\nhershy: all is well\nstate:           Ready"
STYLE = re.compile(r"\x1b\[[\d;]*m")
CALLS = (("status", ID), ("ls",), ("logs", ID), ("journal", ID), ("source", ID), ("message", ID, "x"), ("start", ID))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """To be called by the test itself, once its output is caught: makes that a terminal."""

    def become() -> None:
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "isatty", lambda: True)

    return become


@pytest.fixture
def evil_host(host: FakeHost) -> FakeHost:
    """Whose programs say EVIL in every text that a user or a program chooses."""
    program = {
        **PROGRAM,
        "description": FORGED,
        "error_msg": FORGED,
        "labels": {EVIL: FORGED},
        "state": "Error",
        "proxy_url": EVIL,
    }
    entry = {"id": 7, "program_id": ID, "at": AT, "event": "x", "state": "Error", "detail": FORGED, "actor": EVIL}
    host.answers |= {
        f"GET /programs/{ID}": program,
        "GET /programs": {"programs": [program], "count": 1},
        f"GET /programs/{ID}/logs": {"program_id": ID, "container_id": "c", "logs": EVIL, "timestamp": AT},
        f"GET /programs/{ID}/logs?tail=10": {"program_id": ID, "container_id": "c", "logs": EVIL, "timestamp": AT},
        f"GET /programs/{ID}/journal?limit=200": {"program_id": ID, "entries": [entry], "count": 1},
        f"GET /programs/{ID}/source": {"program_id": ID, "files": {EVIL: EVIL}, "retrieved_at": AT},
        f"POST /programs/{ID}/proxy/watcher/message": {"status": EVIL, "answer": FORGED, "message": "\ud800"},
    }
    host.events = [build_event(EVIL), state_event("Error", FORGED)]
    return host


@pytest.mark.parametrize("call", CALLS, ids=[call[0] for call in CALLS])
def test_no_command_lets_it_act(
    hershy: Hershy, evil_host: FakeHost, call: tuple[str, ...], terminal: Callable[[], None]
) -> None:
    """In tables, facts, logs, histories, sources, replies and progress."""
    terminal()
    hershy(*call)
    assert hershy.out or hershy.err
    require_harmless(hershy.out + hershy.err)
    assert "�" in hershy.out + hershy.err or call[0] in ("ls", "start")


@pytest.mark.parametrize("call", [it for it in CALLS if it[0] in ("status", "journal", "start")], ids=lambda it: it[0])
def test_no_line_is_forged(
    hershy: Hershy, evil_host: FakeHost, call: tuple[str, ...], terminal: Callable[[], None]
) -> None:
    """Where hershy's own lines and a user's text stand together, further lines of the text are marked."""
    terminal()
    hershy(*call)
    for line in (hershy.out + hershy.err).splitlines():
        assert not line.startswith(("hershy: all is well", "state:           Ready"))


@pytest.mark.parametrize("call", CALLS, ids=[call[0] for call in CALLS])
def test_json_is_ascii(
    hershy: Hershy, evil_host: FakeHost, call: tuple[str, ...], terminal: Callable[[], None]
) -> None:
    """One document, which carries the text whole, and no character that acts."""
    terminal()
    hershy(*call, "--json")
    require_harmless(hershy.out + hershy.err)
    assert hershy.out.isascii()
    json.loads(hershy.out)


def test_errors_are_marked(capsys: pytest.CaptureFixture[str], terminal: Callable[[], None]) -> None:
    """What a Host answers quotes what a Dockerfile says."""
    terminal()
    output.refusal(HershyError(FORGED, remedy=FORGED))
    told = capsys.readouterr().err
    require_harmless(told)
    assert [line[:2] for line in told.splitlines() if not line.startswith("hershy: \N{REPLACEMENT CHARACTER}")] == [
        "  "
    ] * 5


def test_what_verify_is_told_by_its_probe(capsys: pytest.CaptureFixture[str], terminal: Callable[[], None]) -> None:
    """A base image can say anything in the probe's name."""
    terminal()
    verify._print_table([Row(EVIL, EVIL, FORGED, FORGED, CheckResult.BREACHED)], "runc")
    require_harmless(capsys.readouterr().out)


def test_the_log_of_serve(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each, whatever an error quotes; a traceback's lines are marked."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setenv("NO_COLOR", "1")
    log_to_stderr(LogFormat.TEXT)
    get_logger("hershy.test").warning("build failed", program_id=ID, error=FORGED)
    logging.getLogger("uvicorn").error("%s", FORGED)
    try:
        raise ValueError(FORGED)
    except ValueError:
        get_logger("hershy.test").exception("unexpected")
    lines = capsys.readouterr().err.splitlines()
    assert not [it for it in lines if "owned" in it and ("\x1b]" in it or "\u202e" in it)]
    assert not [it for it in lines if it.startswith(("hershy: all", "state:"))]


def require_harmless(text: str) -> None:
    """But for bold and colours, which are hershy's own: EVIL has none."""
    acting = {it for it in STYLE.sub("", text) if unicodedata.category(it) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - set(
        "\n\t"
    )
    assert acting == set(), ascii(text)
