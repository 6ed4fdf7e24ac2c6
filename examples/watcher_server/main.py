"""Counts automatic and manual ticks in /state/counter.txt, one number, and ends by itself after a while."""

import os
import sys
from pathlib import Path

from hershy.watcher import Context, Message, StopWatcher, Watcher

COUNTER = Path(os.environ.get("COUNTER_FILE", "/state/counter.txt"))
DURATION = os.environ.get("DURATION", "120")
# Before anything runs: the process ends, and its Host says why.
if not (DURATION.isdecimal() and int(DURATION) > 0):
    sys.exit(f"watcher_server: DURATION is a whole number of seconds, 1 or more, not {DURATION!r}")
DURATION_S = int(DURATION)

watcher = Watcher(env={"DURATION": str(DURATION_S), "COUNTER_FILE": str(COUNTER)})


@watcher.manage("TickServer")
async def serve(ctx: Context, message: Message | None) -> None:
    before = await ctx.memo("before", lambda: read(COUNTER))
    tick = ctx.watch_tick("tick", every=1)
    # Ticks begin at once with 1, so one more than DURATION of them have passed when it is over.
    if tick.value > DURATION_S:
        raise StopWatcher(f"{DURATION_S} s are over")
    more = manual_ticks(message.content) if message else 0
    if message and more is None:
        print(f"not understood: {message.content!r:.80}; say 'tick', or 'tick 5'")
    manual = (ctx.get("manual") or 0) + (more or 0)
    ctx.set("manual", manual)
    if tick.triggered or more:
        counter = before + tick.value + manual
        write(COUNTER, counter)
        print(f"Counter: {counter} (state file updated)")


@watcher.cleanup
async def say_goodbye(ctx: Context) -> None:
    print(f"watcher_server ends; the counter is {read(COUNTER)}, after {ctx.get('manual') or 0} manual ticks")


def manual_ticks(text: str) -> int | None:
    """How many ticks a message asks for; None if it asks for something else."""
    match text.lower().split():
        case ["tick"]:
            return 1
        case ["tick", number] if number.isdecimal() and 0 < int(number) <= 1000:
            return int(number)
    return None


def read(path: Path) -> int:
    """The counter as it was written last; 0 if it never was."""
    text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
    return int(text) if text.isdecimal() else 0


def write(path: Path, counter: int) -> None:
    """Replace the file as a whole: a kill half-way leaves the counter before."""
    temporary = path.with_suffix(".new")
    temporary.write_text(f"{counter}\n", encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    watcher.run()
