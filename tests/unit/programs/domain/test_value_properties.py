"""Whatever values a caller makes up: InvalidValue, or a value that holds to its rules."""

import math
from datetime import timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from hershy.core.durations import parse_duration
from hershy.core.ids import BuildID, ContainerID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.core.resources import LOWEST, ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.restart import RestartHistory, RestartMode, RestartPolicy

MAXIMUM = ResourceLimits(64, 2**36, 32_768, 2**20, 2**30, 2**40)

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**30), 10**4000, -(10**4000), 2**63, 2**64])
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=5)
    | st.just([])
)
texts = st.text(max_size=10) | st.sampled_from(["\0", "A=B", "=", "", "\ud800", "a" * 100_000, "\r\n", "\u2028"])
durations = st.timedeltas() | st.sampled_from([timedelta(0), timedelta.max, timedelta.min, timedelta(microseconds=1)])


@given(field=st.sampled_from(sorted(LOWEST)), value=anything)
@settings(deadline=None, max_examples=300)
def test_resources(field: str, value: Any) -> None:
    """A limit is a finite number of its type, at least the lowest and, on a Host, at most the operator's."""
    try:
        accepted = getattr(ResourceLimits(**{field: value}).within(MAXIMUM), field)
    except InvalidValue:
        return
    assert type(accepted) is int or (field == "cpus" and type(accepted) is float)
    assert math.isfinite(accepted)
    assert LOWEST[field] <= accepted <= getattr(MAXIMUM, field)


@given(env=st.dictionaries(texts, texts, max_size=4), labels=st.dictionaries(texts, texts, max_size=4))
@settings(deadline=None)
def test_env_and_labels(env: dict[str, str], labels: dict[str, str]) -> None:
    """Each entry is something an environment can hold, and kept as it is."""
    try:
        options = ProgramOptions(env=env, labels=labels)
    except InvalidValue:
        return
    assert (dict(options.env), dict(options.labels)) == (env, labels)
    for name, value in [*env.items(), *labels.items()]:
        assert name
        assert "=" not in name
        assert b"\0" not in f"{name}={value}".encode()


@given(value=anything)
@settings(deadline=None)
def test_ids(value: Any) -> None:
    """No id takes a value that is not a text of its form; a port takes none that is not a number."""
    for kind in (UserID, BuildID, ProgramID, ImageID, ContainerID, OwnerID, PublishPort):
        try:
            accepted = kind(value)
        except InvalidValue:
            continue
        assert str(accepted) == str(value)
        assert str(accepted).isascii()


@given(base=durations, most=durations, streak=st.integers(0, 10**6), restarts=st.integers(-1, 10))
@example(base=timedelta(days=1), most=timedelta(days=300), streak=40, restarts=1)
@settings(deadline=None, max_examples=300)
def test_restart_delays(base: timedelta, most: timedelta, streak: int, restarts: int) -> None:
    """The delay of any policy that is accepted can be told, however long the streak, and keeps to its cap."""
    try:
        policy = RestartPolicy(RestartMode.ALWAYS, base, most, restarts)
    except InvalidValue:
        return
    delay = RestartHistory(streak=streak).next_delay(policy, "x")
    assert base * 0.74 <= delay <= most


@given(path=texts, interval=durations, timeout=durations, failures=st.integers(-1, 5))
@settings(deadline=None)
def test_health_checks(path: str, interval: timedelta, timeout: timedelta, failures: int) -> None:
    """No path of a health check can end its request line or begin another header."""
    try:
        check = HealthCheck(path, interval, timeout, failures)
    except InvalidValue:
        return
    assert check.path.startswith("/")
    assert not set(check.path) & set(" \r\n\0\t")


@given(text=st.text(max_size=20) | st.from_regex(r"[0-9]{1,15}[smhd]([0-9]{1,4}[smhd])?", fullmatch=True))
@settings(deadline=None)
def test_durations(text: str) -> None:
    """A duration is read, not negative, or refused."""
    try:
        assert parse_duration(text) >= timedelta()
    except InvalidValue:
        return
