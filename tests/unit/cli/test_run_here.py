"""hershy run without a Host: in this process, and what ends it there."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hershy import wiring
from hershy.cli.main import main
from hershy.cli.session import Session
from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.sandbox import InMemorySandbox
from hershy_adapters.memory.sandbox_script import Print, Write
from tests.unit.adapters.http.sandboxes import WordAnalyzer

PATIENCE_S = 10


@dataclass
class Here:
    """Runs the command without a URL: where nothing answers, or what ``failure`` says happens."""

    capsys: pytest.CaptureFixture[str]
    sandbox: InMemorySandbox = field(default_factory=lambda: InMemorySandbox(VirtualClock(), pool_size=0))
    settings: list[dict[str, Any]] = field(default_factory=list)
    failure: Exception = field(default_factory=lambda: httpx.ConnectError("refused"))
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as exited:
            main(["run", *arguments], session=Session(transport=httpx.MockTransport(self._fail)))
        self.out, self.err = self.capsys.readouterr()
        return int(exited.value.code or 0)

    def _fail(self, request: httpx.Request) -> httpx.Response:
        raise self.failure

    @asynccontextmanager
    async def open_sandbox(self, **settings: Any) -> AsyncIterator[SandboxService]:
        self.settings.append(settings)
        yield SandboxService(self.sandbox, WordAnalyzer())


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, code: Path) -> Here:
    made = Here(capsys)
    monkeypatch.setattr(wiring, "open_sandbox", made.open_sandbox)
    return made


def test_without_a_host_it_runs_here(here: Here, tmp_path: Path) -> None:
    """And says so; the result is the same."""
    here.sandbox.script("print(1)\n", [Print("1\n"), Write("f", "x")])
    assert here("--out", "o", "it.py") == 0
    assert here.out == "1\n"
    assert here.err.startswith("hershy: no Host answers at http://127.0.0.1:9000; running it from this process\n")
    assert (tmp_path / "o" / "f").read_text() == "x"
    assert here.settings == [{"sandbox_pool_size": 0}]


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [(["--local"], {}), (["--runtime", "runc"], {"runtime": "runc", "sandbox": "runc"})],
)
def test_by_wish_it_runs_here(here: Here, arguments: Sequence[str], settings: dict[str, str]) -> None:
    """No Host is asked."""
    here.failure = AssertionError()
    assert here(*arguments, "it.py") == 0
    assert "hershy: finished" in here.err
    assert here.err.endswith("; held by memory in this process\n")
    assert ("runc holds the code, which shares the machine's kernel" in here.err) == ("runc" in arguments)
    assert here.settings == [{"sandbox_pool_size": 0, **settings}]


def test_a_host_that_is_named_must_answer(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the command line or in the environment: the code runs where it should, or not at all."""
    assert here("--url", "http://127.0.0.1:1", "it.py") == 1
    assert "no Host answers at http://127.0.0.1:1 " in here.err
    monkeypatch.setenv("HERSHY_URL", "http://127.0.0.1:2")
    assert here("it.py") == 1
    assert here.settings == []


def test_what_may_be_running_is_not_run_again(here: Here) -> None:
    """A connection that broke is an error."""
    here.failure = httpx.ReadError("reset")
    assert here("it.py") == 1
    assert here.settings == []


def test_here_code_is_refused_as_well(here: Here) -> None:
    """By its score, unless somebody wants otherwise."""
    Path("it.py").write_text("eval\neval\n")
    assert here("--local", "it.py") == 1
    assert "main.py, line 2: calls eval (eval, 20 points)" in here.err
    assert here("--local", "--threshold", "41", "it.py") == 0
    assert here("--local", "--no-check", "it.py") == 0
    assert "risk score 40" in here.err


class Interrupted(InMemorySandbox):
    """Its process gets a signal while it runs something."""

    number = signal.SIGINT
    was_killed = False

    async def run(self, job: SandboxJob, *, syntax_only: bool = False) -> SandboxResult:
        os.kill(os.getpid(), self.number)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.Future[SandboxResult]()
        except asyncio.CancelledError:
            self.was_killed = True
            raise


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_kills_the_run(here: Here, number: signal.Signals, status: int) -> None:
    """Ctrl-C and SIGTERM: the sandbox is told before the command ends."""
    here.sandbox = sandbox = Interrupted(VirtualClock())
    sandbox.number = number
    assert here("--local", "it.py") == status
    assert sandbox.was_killed


def test_code_that_cannot_be_read(here: Here) -> None:
    """It is refused, with the reason."""
    Path("it.py").write_text("unreadable")
    assert here("--local", "it.py") == 1
    assert "nested too deeply" in here.err


def test_nothing_is_taken_from_the_folder_of_the_code(here: Here, tmp_path: Path) -> None:
    """A ``hershy.toml`` beside a stranger's code is not read, and that is said."""
    (tmp_path / "hershy.toml").write_text('runtime = "runc"\nsandbox_threshold = 100000\nnonsense = 1\n')
    here.sandbox.script("print(1)\n", [Print("1\n")])
    assert here("--local", "it.py") == 0
    assert here.settings == [{"sandbox_pool_size": 0}]
    assert "hershy.toml in the working directory is not read; name it with --config" in here.err
    assert "warning" not in here.err


def test_what_weakens_the_defaults_is_said_aloud(here: Here, tmp_path: Path) -> None:
    """Runtime, image and threshold of the file that is named; and what the command line says."""
    config = tmp_path / "own.toml"
    config.write_text('runtime = "runc"\nsandbox_threshold = 500\n[sandbox]\nimage = "mine:1"\n')
    assert here("--local", "--config", str(config), "it.py") == 0
    assert here.err.splitlines()[:3] == [
        "hershy: warning: runc holds the code, which shares the machine's kernel; runsc is the default",
        f"hershy: warning: Python code runs in mine:1 ({config}), not in python:3.12-slim",
        f"hershy: warning: code is refused from 500 points on ({config}); 30 is the default",
    ]
    assert here.err.endswith(f"; held by memory in this process, configured by {config}\n")
    assert here("--local", "--no-check", "it.py") == 0
    assert here.err.startswith("hershy: warning: nobody looks at the code before it runs (--no-check)\n")
    assert here("--local", "--threshold", "31", "it.py") == 0
    assert here.err.startswith("hershy: warning: code is refused from 31 points on (--threshold); 30 is the default\n")
    assert here("--local", "--threshold", "5", "it.py") == 0
    assert "warning" not in here.err


def test_json_says_where_it_was(here: Here) -> None:
    """Runtime, place and the file of settings."""
    assert here("--local", "--json", "it.py") == 0
    document = json.loads(here.out)
    assert (document["runtime"], document["at"], "config" in document) == ("memory", "this process", False)


def test_a_file_of_settings_is_this_process_s(here: Here, tmp_path: Path) -> None:
    """At a Host it would have no effect."""
    config = tmp_path / "own.toml"
    config.touch()
    assert here("--config", str(config), "it.py") == 2
    assert "--config" in here.err
