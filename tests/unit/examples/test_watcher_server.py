"""Automatic and manual ticks, and an end of its own."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hershy.watcher import WatcherState
from hershy.watcher.testing import drive

Load = Callable[..., ModuleType]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counter.txt"


async def test_both_kinds_of_ticks_are_counted(program: Load, file: Path) -> None:
    """Automatic ones by time, manual ones by message, both in the file."""
    async with drive(program("watcher_server", COUNTER_FILE=file).watcher) as driven:
        await driven.advance(4)
        await driven.send("tick")
        await driven.send("Tick 5")
        await driven.advance(1)
        assert file.read_text() == "12\n"


async def test_the_file_is_one_number_and_each_tick_a_line(
    program: Load, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What reads the file takes it for a number; the log tells each time it was written."""
    async with drive(program("watcher_server", COUNTER_FILE=file).watcher) as driven:
        await driven.advance(2)
        assert int(file.read_text()) == 3
        await driven.send("tick 5")
    assert capsys.readouterr().out.splitlines() == [
        *(f"Counter: {it} (state file updated)" for it in (1, 2, 3, 8)),
        "watcher_server ends; the counter is 8, after 5 manual ticks",
    ]


async def test_counts_go_on_after_a_start(program: Load, file: Path) -> None:
    """Where it was."""
    for expected in ("4\n", "8\n"):
        async with drive(program("watcher_server", COUNTER_FILE=file).watcher) as driven:
            await driven.advance(2)
            await driven.send("tick")
        assert file.read_text() == expected


async def test_it_ends_by_itself(program: Load, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After two minutes unless told otherwise, not a second earlier, and it says so."""
    async with drive(program("watcher_server", COUNTER_FILE=file).watcher) as driven:
        await driven.advance(119)
        assert driven.state is WatcherState.READY
        await driven.advance(1)
        assert driven.state is WatcherState.STOPPED
        assert driven.watcher.reason == "120 s are over"
    assert capsys.readouterr().out.endswith("watcher_server ends; the counter is 120, after 0 manual ticks\n")


async def test_how_long_it_lasts_is_configured(program: Load, file: Path) -> None:
    """By DURATION, in seconds."""
    async with drive(program("watcher_server", COUNTER_FILE=file, DURATION=3).watcher) as driven:
        await driven.advance(3)
        assert driven.state is WatcherState.STOPPED


@pytest.mark.parametrize("duration", ["0", "-5", "1.5", "soon", ""])
def test_a_duration_that_cannot_be_ends_the_process(program: Load, file: Path, duration: str) -> None:
    """At once, with a reason that a Host can show."""
    with pytest.raises(SystemExit, match="watcher_server: DURATION is a whole number of seconds"):
        program("watcher_server", COUNTER_FILE=file, DURATION=duration)


@pytest.mark.parametrize("text", ["tock", "tick -1", "tick 0", "tick 1001", "tick tick", "tick 1 2", " "])
async def test_what_is_not_understood_is_said_to_be_so(
    program: Load, file: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And counts for nothing."""
    async with drive(program("watcher_server", COUNTER_FILE=file).watcher) as driven:
        await driven.send(text)
    assert f"not understood: {text!r}; say 'tick', or 'tick 5'" in capsys.readouterr().out
    assert file.read_text() == "1\n"
