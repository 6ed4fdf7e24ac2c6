"""doctor and serve, without a machine: the wiring is replaced."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hershy import wiring
from hershy.cli import serve as serve_command
from hershy.cli.log_output import LogFormat, log_to_stderr
from hershy.core.diagnosis import Requirement
from hershy.core.log import get_logger
from hershy.errors import ConfigurationError

from .conftest import Hershy

FINE = Requirement("engine", True, "26.1")
MISSING = Requirement("runsc", False, "not registered", "register it")
OPTIONAL = Requirement("buildx", False, "absent", "install it", required=False)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Requirement]:
    findings: list[Requirement] = []

    async def diagnose(**settings: Any) -> Sequence[Requirement]:
        assert settings == {"runtime": "runc"}
        return findings

    monkeypatch.setattr(wiring, "diagnose", diagnose)
    return findings


def test_doctor_names_what_is_missing_and_the_remedy(hershy: Hershy, found: list[Requirement]) -> None:
    """Exit 1 when something required is missing."""
    found += [FINE, MISSING, OPTIONAL]
    assert hershy("doctor", "--runtime", "runc") == 1
    assert [line.split() for line in hershy.out.splitlines()] == [
        ["ok", "engine", "26.1"],
        ["missing", "runsc", "not", "registered"],
        ["->", "register", "it"],
        ["optional", "buildx", "absent"],
        ["->", "install", "it"],
        ["A", "Host", "cannot", "start", "here", "yet."],
    ]


def test_doctor_is_content_when_only_optional_things_are_missing(hershy: Hershy, found: list[Requirement]) -> None:
    """Exit 0, and the document says so."""
    found += [FINE, OPTIONAL]
    assert hershy("doctor", "--runtime", "runc", "--json") == 0
    assert hershy.document["ok"] is True
    assert [finding["name"] for finding in hershy.document["findings"]] == ["engine", "buildx"]


@dataclass
class FakeServer:
    url: str = "http://127.0.0.1:9000"


@dataclass
class Served:
    """How the wiring was asked to serve; ``during`` is run once it listens."""

    settings: dict[str, Any]
    closed: bool = False
    formats: list[str] = field(default_factory=list)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Served:
    record = Served({})

    @asynccontextmanager
    async def open_server(**settings: Any) -> AsyncIterator[FakeServer]:
        record.settings = settings
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
        try:
            yield FakeServer()
        finally:
            record.closed = True

    monkeypatch.setattr(wiring, "open_server", open_server)
    monkeypatch.setattr(serve_command, "log_to_stderr", record.formats.append)
    return record


def test_serve_prints_its_url_and_ends_gracefully_on_sigterm(hershy: Hershy, served: Served) -> None:
    """Exit 0 with everything closed; only what was given is set."""
    assert hershy("serve", "--port", "0", "--runtime", "memory") == 0
    listening, described = hershy.out.splitlines()
    assert listening == "hershy Host listening on http://127.0.0.1:9000 (Ctrl-C stops it)"
    assert described.startswith("runtime memory; programs are kept in memory; each runs as user ")
    assert served.settings == {"http_port": 0, "runtime": "memory"}
    assert served.closed


def test_serve_tells_on_one_line_what_this_host_is(hershy: Hershy, served: Served, tmp_path: Path) -> None:
    """What runs programs, where they are kept, the contract of each, and whether callers need a token."""
    assert hershy("serve", "--runtime", "runc", "--storage", str(tmp_path), "--auth", "tokens") == 0
    _, described = hershy.out.splitlines()
    uid = os.getuid() or 65532
    assert described == (
        f"runtime runc; programs are kept in {tmp_path}; each runs as user {uid} on a read-only root "
        "without capabilities or new privileges, published on 127.0.0.1 only; callers come with a token"
    )


def test_serve_json_prints_one_line(hershy: Hershy, served: Served) -> None:
    """A parent process reads the URL from it."""
    assert hershy("serve", "--json", "--host", "127.0.0.1", "--storage", "/s") == 0
    assert hershy.document == {"url": "http://127.0.0.1:9000", "runtime": "runsc", "storage_root": "/s"}
    assert {name: str(value) for name, value in served.settings.items()} == {
        "http_host": "127.0.0.1",
        "storage_root": "/s",
    }


def test_serve_in_memory_says_that_storage_has_no_effect(hershy: Hershy, served: Served, tmp_path: Path) -> None:
    """A Host all of twins writes nothing there; it serves all the same, for callers of old give the option."""
    told = "hershy: --storage has no effect: this Host keeps everything in memory"
    assert hershy("serve", "--runtime", "memory", "--storage", str(tmp_path)) == 0
    assert told in hershy.err
    assert served.settings == {"runtime": "memory", "storage_root": tmp_path}
    assert hershy("serve", "--runtime", "runc", "--storage", str(tmp_path)) == 0
    assert told not in hershy.err


def test_serve_logs_as_asked(hershy: Hershy, served: Served) -> None:
    """Text for people, JSON for machines, and whatever is chosen wins."""
    for options in ((), ("--json",), ("--json", "--log-format", "text"), ("--log-format", "json")):
        assert hershy("serve", *options) == 0
    assert served.formats == ["text", "json", "text", "json"]
    assert hershy("serve", "--log-format", "xml") == 2


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_logs_carry_the_program_s_id(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each, whoever logs; fields apart in JSON. What the migration tool tells at every start is no news."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    log_to_stderr(log_format)
    get_logger("hershy.test").warning("image kept", program_id="alice-1", error="in use")
    logging.getLogger("uvicorn").error("somebody else's %s", "words")
    logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
    ours, theirs = capsys.readouterr().err.splitlines()
    if log_format is LogFormat.TEXT:
        assert "image kept" in ours
        assert "program_id=alice-1" in ours
        assert "somebody else's words" in theirs
        return
    line = json.loads(ours)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "image kept",
        "program_id": "alice-1",
        "error": "in use",
        "level": "warning",
        "logger": "hershy.test",
    }
    assert json.loads(theirs)["event"] == "somebody else's words"


def test_serve_that_cannot_start_is_exit_1(hershy: Hershy, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason on stderr, no traceback."""

    @asynccontextmanager
    async def open_server(**settings: Any) -> AsyncIterator[FakeServer]:
        raise ConfigurationError("port 9000 is taken")
        yield FakeServer()

    monkeypatch.setattr(wiring, "open_server", open_server)
    monkeypatch.setattr(serve_command, "log_to_stderr", lambda log_format: None)
    assert hershy("serve") == 1
    assert (hershy.out, hershy.err) == ("", "hershy: port 9000 is taken\n")


def test_help_needs_neither_the_web_stack_nor_the_wiring() -> None:
    """The command line answers quickly because it imports late."""
    code = (
        "import sys, hershy.cli.app; "
        "print([name for name in ('httpx', 'docker', 'fastapi', 'aiohttp', 'hershy.wiring') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "command",
    [
        *("serve", "doctor", "deploy", "ls", "status", "start", "stop", "restart", "rm", "stats"),
        *("logs", "events", "journal", "message", "source"),
    ],
)
def test_every_command_has_a_help_text_and_takes_json(hershy: Hershy, command: str) -> None:
    """As the wire contract lists them."""
    assert hershy(command, "--help") == 0
    assert "--json" in hershy.out


@pytest.mark.parametrize(
    "command", ["serve", "deploy", "ls", "status", "start", "stop", "restart", "rm", "stats", "events"]
)
def test_help_teaches_by_example(hershy: Hershy, command: str) -> None:
    """What is typed most has a line to copy."""
    assert hershy(command, "--help") == 0
    assert f"hershy {command}" in " ".join(hershy.out.partition("Example")[2].split())


def test_settings_shows_each_with_its_source(hershy: Hershy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As a table, filtered by a text."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERSHY_SANDBOX_POOL_SIZE", "5")
    assert hershy("settings", "pool") == 0
    assert [line.split()[:4] for line in hershy.out.splitlines()] == [
        ["SETTING", "VALUE", "FROM", "DEFAULT"],
        ["sandbox_pool_size", "5", "HERSHY_SANDBOX_POOL_SIZE", "2"],
    ]


def test_settings_for_machines(hershy: Hershy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Values as JSON has them; adapters as the runtime chooses them; passwords hidden."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERSHY_DATABASE_URL", "postgresql://me:secret@db/hershy")
    assert hershy("settings", "--runtime", "runc", "--json") == 0
    told = {it["name"]: it for it in json.loads(hershy.out)["settings"]}
    assert (told["runtime"]["value"], told["runtime"]["source"]) == ("runc", "code")
    assert (told["builder"]["value"], told["builder"]["source"]) == ("docker", "runtime")
    assert (told["allowed_hosts"]["value"], told["database_url"]["value"]) == ([], "***")
    assert "secret" not in hershy.out
