"""A tick a second, and a count that outlives the process."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hershy.watcher.testing import VirtualClock, drive

Load = Callable[..., ModuleType]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "counter.log"


def counts(log: Path) -> list[int]:
    return [int(line.split()[-1]) for line in log.read_text().splitlines()]


async def test_it_counts_a_tick_a_second(program: Load, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first at once, each with a line in the file and in the log."""
    async with drive(program("simple_counter", COUNTER_LOG=log).watcher) as driven:
        assert counts(log) == [1]
        await driven.advance(4)
        assert counts(log) == [1, 2, 3, 4, 5]
        assert driven.get("total") == 5
    assert capsys.readouterr().out.splitlines() == [
        *(f"Counter: {number}" for number in range(1, 6)),
        "simple_counter ends; the count is 5",
    ]


async def test_it_goes_on_where_it_was(program: Load, log: Path) -> None:
    """A new process on the same state."""
    for _ in range(2):
        async with drive(program("simple_counter", COUNTER_LOG=log).watcher) as driven:
            await driven.advance(2)
    assert counts(log) == [1, 2, 3, 4, 5, 6]


async def test_a_stop_before_it_began_keeps_the_count(
    program: Load, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cleanup runs all the same, and says what there is."""
    log.write_text("2026-01-01T00:00:00Z tick 7\n")
    watcher = program("simple_counter", COUNTER_LOG=log).watcher.copy(clock=VirtualClock())
    await watcher.start()
    await watcher.stop()
    assert capsys.readouterr().out == "simple_counter ends; the count is 7\n"


async def test_it_says_how_far_it_is(program: Load, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A message does not count."""
    async with drive(program("simple_counter", COUNTER_LOG=log).watcher) as driven:
        await driven.send("how far")
        assert counts(log) == [1]
    assert "asked 'how far': the count is 1\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("2026-01-01T00:00:00Z tick 7\n", 7),
        ("2026-01-01T00:00:00Z tick 7\n2026-01-01T00:00:01Z tick 8", 7),
        ("2026-01-01T00:00:00Z tick 7\n\0\0\0\n", 7),
        ("nonsense\n", 0),
    ],
)
def test_the_last_whole_line_counts(program: Load, log: Path, text: str, count: int) -> None:
    """Whatever a kill has left behind it."""
    log.write_text(text)
    assert program("simple_counter", COUNTER_LOG=log).last_count(log) == count


def test_the_file_is_bounded(program: Load, log: Path) -> None:
    """A long log becomes the older one; the count is found in either."""
    module = program("simple_counter", COUNTER_LOG=log)
    log.write_text(f"{'x' * module.MAX_LOG_BYTES} 8\n")
    module.append(log, 9)
    assert counts(log) == [9]
    log.unlink()
    assert module.last_count(log) == 8
