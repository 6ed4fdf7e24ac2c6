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
        assert file.read_text() == "automatic 6\nmanual 6\n"


async def test_counts_go_on_after_a_start(program: Load, file: Path) -> None:
    """Both of them."""
    for expected in ("automatic 3\nmanual 1\n", "automatic 6\nmanual 2\n"):
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
    assert capsys.readouterr().out.endswith("watcher_server ends after 120 automatic and 0 manual ticks\n")


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
    assert file.read_text() == "automatic 1\nmanual 0\n"
