"""Durations as Go prints them, and values in short."""

import pytest

from hershy.watcher.wording import LONGEST, brief, fault, go_duration, rfc3339


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (330.5, "5m30.5s"),
        (3600, "1h0m0s"),
        (3723.25, "1h2m3.25s"),
        (90_000, "25h0m0s"),
        (1, "1s"),
        (59.999999999, "59.999999999s"),
        (60, "1m0s"),
        (0.0015, "1.5ms"),
        (0.000_001_5, "1.5µs"),
        (0.000_000_015, "15ns"),
        (0.999_999_999_9, "1s"),
        (-2.5, "-2.5s"),
    ],
)
def test_durations_are_printed_as_go_does(seconds: float, text: str) -> None:
    """Hours, minutes and seconds from a second on; the fitting unit below."""
    assert go_duration(seconds) == text


def test_moments_are_rfc_3339_in_utc() -> None:
    """With Z."""
    assert rfc3339(1_767_225_600.25) == "2026-01-01T00:00:00.250000Z"


class Unprintable(Exception):
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


def test_whatever_it_is_it_has_a_short_form() -> None:
    """Big values are cut, and those that cannot be printed named."""
    assert brief("x" * 1_000_000).endswith("x'")
    assert len(brief({str(n): "x" * 1_000 for n in range(1_000)})) <= LONGEST + 3
    assert brief(10**5_000).startswith("<int")
    assert "Unprintable" in brief(Unprintable())
    assert fault(Unprintable()) == "Unprintable: which cannot be printed"
    assert len(fault(ValueError("x" * 1_000_000))) < 3_000
    assert fault(ValueError("bad")) == "ValueError: bad"
    assert fault(TimeoutError()) == "TimeoutError"
