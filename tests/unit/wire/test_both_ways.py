"""What is written is what is read, and what is wrong is named with its place."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hershy.core.resources import ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.sandbox.domain.result import Outcome, PythonError, SandboxResult
from hershy.sandbox.domain.risk import LintFinding, Reason, RiskReport
from hershy.wire import NewProgram, RunView, parse_object, read, read_answer, run_view, sandbox_result, written
from hershy.wire.plan import plan

NEW = {"user_id": "alice", "dockerfile": "FROM x"}


def over_the_wire(value: object) -> Any:
    return json.loads(json.dumps(written(value)))


def test_a_whole_program_arrives_as_it_was_sent() -> None:
    """Value objects too, with durations in seconds."""
    sent = NewProgram(
        "alice",
        "FROM x",
        {"a.py": "1"},
        build_args={"A": "1"},
        env={"B": "2"},
        labels={"c": "3"},
        resources=ResourceLimits(cpus=2),
        restart_policy=RestartPolicy(RestartMode.ALWAYS, timedelta(seconds=0.5)),
        health_check=HealthCheck(path="/"),
        ttl=timedelta(hours=1),
        idle_timeout=timedelta(minutes=1),
        egress=Egress.NONE,
        description="counts",
    )
    document = over_the_wire(sent)
    assert (document["ttl_s"], document["restart_policy"]["base_delay_s"]) == (3600, 0.5)
    assert read(NewProgram, document) == sent


def test_only_what_was_given_is_sent() -> None:
    """The rest is left to the Host; a null means the same."""
    document = over_the_wire(NewProgram("alice", "FROM x"))
    assert document == {**NEW, "src_files": {}}
    assert read(NewProgram, {**NEW, **{it: None for it in plan(NewProgram) if it not in NEW}}) == read(NewProgram, NEW)


def test_a_result_arrives_whole() -> None:
    """Bytes that are no text included."""
    result = SandboxResult(
        Outcome.ERROR,
        "no",
        1,
        b"\xff",
        b"text",
        output_is_cut=True,
        duration=timedelta(seconds=0.25),
        cpu_time=timedelta(seconds=0.5),
        peak_memory_bytes=7,
        exception=PythonError("E", "no", "main.py", None),
        files={"a": b"\xfe", "b": b"text"},
        files_left_out=("c",),
        was_warm=True,
        runtime="runsc",
        risk=RiskReport((Reason("r", 2, "m", "f", 1),), (LintFinding("t", "r", "s", "c", "m", "f", 1),), "u", 30),
    )
    arrived = sandbox_result(read_answer(RunView, over_the_wire(run_view(result))))
    assert arrived == result
    assert arrived.risk is not None
    assert arrived.risk.threshold == 30


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"src_files": {"a": 1}}, "src_files.a: input should be a valid string"),
        ({"labels": []}, "labels: input should be a valid dictionary"),
        ({"resources": {"pids": 1.5}}, "resources.pids: input should be a valid integer"),
        ({"resources": {"pids": True}}, "resources.pids: input should be a valid integer"),
        ({"resources": {"cpus": 10**400}}, "resources.cpus: input should be a finite number"),
        ({"restart_policy": "sometimes"}, "restart_policy.mode: input should be 'no', 'on-failure' or 'always'"),
        ({"restart_policy": {"window_s": -1}}, "restart_policy.window_s: input should be greater than or equal to 0"),
        ({"ttl_s": 1e9}, "ttl_s: input should be less than or equal to 31536000"),
        ({"ttl": 1}, "ttl: unknown field; did you mean ttl_s?"),
        ({"resources": {"memory": 1}}, "resources.memory: unknown field; did you mean memory_bytes?"),
    ],
)
def test_what_is_wrong_is_named(given: Any, message: str) -> None:
    """One sentence, with the place of the value."""
    with pytest.raises(InvalidValue) as raised:
        read(NewProgram, {**NEW, **given})
    assert str(raised.value) == message


def test_what_is_missing_is_named() -> None:
    """By its own name."""
    with pytest.raises(InvalidValue, match="dockerfile: field required"):
        read(NewProgram, {"user_id": "a"})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"[" * 5000, b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """Before any field is looked at."""
    with pytest.raises(InvalidValue):
        parse_object(body)


def test_moments_are_in_utc() -> None:
    """RFC 3339, whatever zone they were taken in."""
    assert written(datetime(2026, 11, 20, 10, tzinfo=UTC)) == "2026-11-20T10:00:00Z"


def test_what_has_no_form_in_json_is_no_silent_text() -> None:
    """TypeError, naming the type."""
    with pytest.raises(TypeError, match="bytes"):
        written({"a": b"x"})
