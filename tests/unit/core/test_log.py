"""Logs go where the application sends the standard library's, with their fields."""

import logging

import pytest

from hershy.core.log import FIELDS, get_logger


def test_a_record_carries_text_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    """The event and its fields, readable by people and by formatters."""
    with caplog.at_level(logging.INFO, logger="hershy.test"):
        get_logger("hershy.test").info("state changed", program_id="a", error="two words")
    (record,) = caplog.records
    assert record.getMessage() == 'state changed program_id=a error="two words"'
    assert getattr(record, FIELDS) == {"event": "state changed", "program_id": "a", "error": "two words"}


def test_below_the_level_nothing_is_made(caplog: pytest.LogCaptureFixture) -> None:
    """A library is silent unless asked: INFO is below the standard library's default."""
    get_logger("hershy.test").info("unheard")
    assert caplog.records == []


def test_an_exception_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """``exception`` logs what is being handled."""
    try:
        raise ValueError("x")
    except ValueError:
        get_logger("hershy.test").exception("failed")
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError
