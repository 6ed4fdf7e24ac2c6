"""How the probe judges what came of a try, and how the verifier judges how a program ended."""

import errno
import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hershy.cli.app import app
from hershy.client import ExitInfo, ProgramInfo
from hershy.programs.domain.state import ProgramState
from hershy.verification.probe import child
from hershy.verification.probe.outcome import ProbeOutcome, Try, attempted, breached, contained, judged
from hershy.verification.probe.system_calls import call
from hershy.verification.programs import sources
from hershy.verification.rows import CheckResult, Row
from hershy.verification.shares import _judged_by_exit

ROW = Row("a", "bounded", "eat", "", CheckResult.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (0, "breached"),
        (errno.EPERM, "contained"),
        (errno.ENOSYS, "contained"),
        (errno.ENOEXEC, "breached"),
        (errno.ENODEV, "contained"),
        (errno.EFAULT, "inconclusive"),
        (errno.EINVAL, "inconclusive"),
    ],
)
def test_an_error_is_a_refusal_only_where_it_says_so(number: int, verdict: str) -> None:
    """An error that may come before the kernel was asked, a bad argument say, proves nothing."""
    beyond, absent = frozenset({errno.ENOEXEC}), frozenset({errno.ENODEV})
    assert judged(number, beyond, absent).verdict == verdict


def test_an_action_is_judged_by_what_it_raises() -> None:
    """Done is breached; an error without a number is no answer."""

    def failing() -> None:
        raise OSError("no number")

    assert attempted(lambda: None).verdict == "breached"
    assert attempted(Path("/nowhere").stat).verdict == "inconclusive"
    assert attempted(failing).verdict == "inconclusive"


def test_a_system_call_by_number() -> None:
    """Its error is raised as any other."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        call("setns", -1, 0)
    with pytest.raises(KeyError):
        call("no_such_call")


def tried(attempt: Any, **more: Any) -> str:
    row = child.result_of(Try("a", "b", "c", attempt, **more), {})
    assert (row["name"], row["contract"], row["tried"]) == ("a", "b", "c")
    return f"{row['verdict']}: {row['happened']}"


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_try_cannot_harm_who_reports_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be killed, break, go silent or never end; only a kill that was to be expected is an answer."""

    def killed(given: object) -> ProbeOutcome:
        os.kill(os.getpid(), signal.SIGKILL)
        return breached("still here")

    def broken(given: object) -> ProbeOutcome:
        raise ValueError("wrong")

    def silent(given: object) -> ProbeOutcome:
        os._exit(0)

    def endless(given: object) -> ProbeOutcome:
        signal.pause()
        return breached("woken")

    assert tried(lambda given: contained("no")) == "contained: no"
    assert tried(killed) == "inconclusive: killed by SIGKILL"
    assert tried(killed, may_be_killed=True) == "contained: killed by SIGKILL"
    assert tried(broken) == "inconclusive: the try itself failed: ValueError('wrong')"
    assert tried(silent) == "inconclusive: it ended with code 0, without a word"
    assert tried(lambda given: os._exit(1)) == "inconclusive: it ended with code 1, without a word"
    assert tried(lambda given: os._exit(1), may_be_killed=True).startswith("contained: killed, told by gVisor")
    monkeypatch.setattr(child, "DEADLINE_S", 0.05)
    assert tried(endless) == "inconclusive: it did not end within 0.05 s"


def ended(kind: str) -> ProgramInfo:
    now = datetime.now(UTC)
    return ProgramInfo(
        program_id="p",
        build_id="b",
        user_id="u",
        state=ProgramState.ERROR,
        proxy_url=None,
        error_msg="killed\nlast words",
        created_at=now,
        updated_at=now,
        exit_reason=ExitInfo(kind, None),
    )


def test_an_end_counts_for_its_reason() -> None:
    """A program that still runs was not bounded; one that ended for another reason proves nothing."""
    assert _judged_by_exit(ROW, None, ("out_of_memory",)).verdict is CheckResult.BREACHED
    assert _judged_by_exit(ROW, ended("code"), ("out_of_memory",)).verdict is CheckResult.INCONCLUSIVE
    contained_by = _judged_by_exit(ROW, ended("out_of_memory"), ("out_of_memory",))
    assert (contained_by.verdict, contained_by.happened) == (CheckResult.CONTAINED, "it ended, and alone: killed")
    assert _judged_by_exit(ROW, ended("code"), ()).verdict is CheckResult.CONTAINED


def test_a_probes_answer_is_a_row() -> None:
    """With a verdict that there is."""
    answer = {"name": "a", "contract": "b", "tried": "c", "happened": "d", "verdict": "breached"}
    assert Row.parse(answer) == Row("a", "b", "c", "d", CheckResult.BREACHED)
    with pytest.raises(ValueError, match="maybe"):
        Row.parse({**answer, "verdict": "maybe"})


def test_the_probe_comes_with_the_package() -> None:
    """All it imports is itself and the standard library, so that any image with Python runs it."""
    dockerfile, files = sources()
    assert dockerfile.startswith("ARG BASE=")
    assert "probe/__main__.py" in files
    for text in files.values():
        assert "import hershy" not in text
        assert "from hershy" not in text


def test_nothing_real_cannot_be_verified() -> None:
    """The twins contain nothing, so there is nothing to prove."""
    refused = CliRunner().invoke(app, ["verify", "--runtime", "memory"])
    assert refused.exit_code == 2
