"""Runs in sandboxes: what both clients send, and what they read."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.client import AsyncClient, RiskInfo, SandboxResult
from hershy.client import _http as http
from hershy.errors import HostUnreachable, InvalidValue, QuotaExceeded, UnexpectedAnswer
from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.sandbox.domain.risk import LintFinding, Reason, RiskReport, Verdict
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.sandbox_script import Print, Raise, Write
from tests.unit.adapters.http.sandboxes import HeldSandbox, WordAnalyzer

from .conftest import Ask
from .test_calls import Answering

RISK = {"score": 0, "threshold": 30, "verdict": "accepted", "unreadable": "", "reasons": [], "lint": []}
RUN: dict[str, Any] = {
    "outcome": "finished",
    "message": "finished",
    "exit_code": 0,
    "stdout": "out",
    "stderr": "",
    "duration_s": 0.5,
    "files": {},
    "a_field_of_the_future": [1],
}


def test_only_what_is_given_is_sent(ask: Ask) -> None:
    """The rest is left to the Host."""
    host = Answering(RUN)
    run = ask(host, "run_code", "print(1)")
    assert host.asked == "POST /sandbox/runs"
    assert json.loads(host.request.content) == {"code": "print(1)"}
    assert run == SandboxResult(Outcome.FINISHED, "finished", 0, b"out", b"", duration=timedelta(seconds=0.5))
    assert (run.stdout, run.is_success) == ("out", True)
    ask(host, "run_code", "", stdin="", files={})
    assert json.loads(host.request.content) == {"code": ""}


def test_everything_is_sent(ask: Ask) -> None:
    """Bytes that are not UTF-8 travel in base64, all other as text."""
    host = Answering(RUN)
    given = {"args": ("a",), "env": {"K": "V"}, "collect": ["."], "limits": {"timeout_s": 2}, "threshold": 5}
    ask(host, "run_code", "x", files={"a": b"\xff", "b": b"t", "c": "t"}, stdin=b"in", image="i", check=False, **given)
    assert json.loads(host.request.content) == {
        "code": "x",
        "args": ["a"],
        "env": {"K": "V"},
        "collect": ["."],
        "limits": {"timeout_s": 2},
        "files": {"a": {"content": "/w==", "encoding": "base64"}, "b": "t", "c": "t"},
        "stdin": "in",
        "image": "i",
        "check": False,
        "threshold": 5,
    }
    ask(host, "run_code", command=["sh", "-c", "x"])
    assert json.loads(host.request.content) == {"command": ["sh", "-c", "x"]}


def test_the_answer_is_awaited_as_long_as_the_run_may_take(ask: Ask) -> None:
    """And some minutes more: it may have to wait for its turn. Without a timeout of its own, as if for the longest."""
    host = Answering(RUN)
    for limits, at_least in (({"timeout_s": 240}, 240), ({}, 300)):
        ask(host, "run_code", "x", limits=limits)
        assert host.request.extensions["timeout"]["read"] > at_least + 60
        assert host.request.extensions["timeout"]["connect"] <= http.CONNECT_TIMEOUT_S


def test_scores(ask: Ask) -> None:
    """Code, or files, are looked at."""
    host = Answering(RISK | {"score": 20, "verdict": "refused"})
    assert ask(host, "score_code", "x") == RiskInfo(20, Verdict.REFUSED, 30)
    assert host.asked == "POST /sandbox/scores"
    assert json.loads(host.request.content) == {"code": "x", "files": {}}
    ask(host, "score_code", files={"a.py": "x"})
    assert json.loads(host.request.content) == {"files": {"a.py": "x"}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"stdout_base64": "?"},
        {"files": {"a": {"content": "?", "encoding": "base64", "size": 1}}},
        {"files": None},
        {"exception": {"type": "E"}},
        {"risk": {"verdict": "accepted"}},
    ],
)
def test_what_is_no_run_is_told(ask: Ask, wrong: dict[str, Any]) -> None:
    """An answer that is not as promised raises UnexpectedAnswer."""
    with pytest.raises(UnexpectedAnswer, match="promises"):
        ask(Answering(RUN | wrong), "run_code", "x")


def test_a_large_answer_is_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files may be larger than other answers of a Host may be; the Host bounds them."""
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10)
    assert ask(Answering(RUN), "run_code", "x").is_success


def test_refusals(ask: Ask) -> None:
    """Raised as those of other calls."""
    for status, error in ((400, InvalidValue), (429, QuotaExceeded)):
        refused = {"error": "x", "code": status, "message": "why"}
        with pytest.raises(error, match="why"):
            ask(Answering(refused, status), "run_code", "x")


@pytest.mark.parametrize(
    ("failure", "was_asked"),
    [(httpx.ConnectError("no"), False), (httpx.ConnectTimeout("no"), False), (httpx.ReadError("no"), True)],
)
def test_whether_the_host_was_asked_at_all(ask: Ask, failure: Exception, was_asked: bool) -> None:
    """A connection that broke may have left the code running; one that never came about did not."""

    def broken(request: httpx.Request) -> httpx.Response:
        raise failure

    with pytest.raises(HostUnreachable) as raised:
        ask(broken, "run_code", "x")
    assert raised.value.was_asked is was_asked


@pytest.fixture
async def sandbox(hershy_twins: Twins) -> AsyncIterator[HeldSandbox]:
    sandbox = HeldSandbox(hershy_twins.clock)
    yield sandbox
    await sandbox.aclose()


async def test_of_a_host(hershy_twins: Twins, sandbox: HeldSandbox) -> None:
    """What the Host's own application answers is read, all of it."""
    sandbox.script(
        "eval", [Print(b"\xffout"), Write("f", b"\xff"), Write("big", b"x" * 50), Raise("ValueError", "no", 3)]
    )
    transport = AsgiTransport(create_app(hershy_twins.host, sandbox=SandboxService(sandbox, WordAnalyzer())))
    async with AsyncClient("http://host", transport=transport) as client:
        run = await client.run_code("eval", collect=["."], limits={"files_bytes": 49, "timeout_s": 1}, stdin=b"\xfe")
        scored = await client.score_code(files={"a.py": "eval"})
    assert sandbox.ran[-1].input == b"\xfe"
    assert sandbox.ran[-1].limits.timeout == timedelta(seconds=1)
    assert (run.outcome, run.exit_code, run.raw_stdout, run.stdout) == (Outcome.ERROR, 1, b"\xffout", "\ufffdout")
    assert run.exception == PythonError("ValueError", "no", "main.py", 3)
    assert (run.files["f"], run.files_left_out, run.runtime) == (b"\xff", ("big",), "memory")
    lint = LintFinding("bandit", "B307", "medium", "high", "eval", "main.py", 1)
    reason = Reason("eval", 20, "calls eval", "main.py", 1)
    assert run.risk == RiskReport((reason,), (lint,))
    assert (run.risk.threshold, run.risk.score, run.risk.verdict(), run.risk.unreadable) == (
        30,
        20,
        Verdict.ACCEPTED,
        "",
    )
    assert scored.score == 20
