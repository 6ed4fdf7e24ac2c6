"""Counts a tick a second, in /state/counter.log: after a restart the count goes on where it was."""

import os
from datetime import UTC, datetime
from pathlib import Path

from hershy.watcher import Context, Message, Watcher

COUNTER_LOG = Path(os.environ.get("COUNTER_LOG", "/state/counter.log"))
MAX_LOG_BYTES = 1024 * 1024

watcher = Watcher(env={"COUNTER_LOG": str(COUNTER_LOG)})


@watcher.manage("Counter")
async def count(ctx: Context, message: Message | None) -> None:
    before = await ctx.memo("before", lambda: last_count(COUNTER_LOG))
    tick = ctx.watch_tick("tick", every=1)
    total = before + tick.value
    ctx.set("total", total)
    if tick.triggered:
        append(COUNTER_LOG, total)
        print(f"Counter: {total}")
    if message:
        print(f"asked {message.content!r:.80}: the count is {total}")


@watcher.cleanup
async def say_goodbye(ctx: Context) -> None:
    total = ctx.get("total")  # None when it was stopped before it began
    print(f"simple_counter ends; the count is {last_count(COUNTER_LOG) if total is None else total}")


def append(path: Path, total: int) -> None:
    """Add a line. A log that has grown too long becomes ``counter.log.1``, in place of the one before."""
    if path.exists() and path.stat().st_size >= MAX_LOG_BYTES:
        path.replace(older(path))
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} tick {total}\n")


def last_count(path: Path) -> int:
    """The count of the last whole line; 0 if there is none. A line cut off by a kill has no end, and doesn't count."""
    for log in (path, older(path)):
        if log.exists():
            whole_lines = log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            for line in reversed(whole_lines):
                count = line.rpartition(" ")[2]
                if count.isdecimal():
                    return int(count)
    return 0


def older(path: Path) -> Path:
    return path.with_name(path.name + ".1")


if __name__ == "__main__":
    watcher.run()
