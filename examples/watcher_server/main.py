"""Counts automatic and manual ticks in /state/counter.txt, and ends by itself after a while."""

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
    automatic = before["automatic"] + tick.value
    manual = ctx.get("manual") or before["manual"]
    if message:
        more = manual_ticks(message.content)
        if more is None:
            print(f"not understood: {message.content!r:.80}; say 'tick', or 'tick 5'")
        else:
            manual += more
            print(f"manual tick: {automatic} automatic, {manual} manual")
    ctx.set("automatic", automatic)
    ctx.set("manual", manual)
    write(COUNTER, {"automatic": automatic, "manual": manual})


@watcher.cleanup
async def say_goodbye(ctx: Context) -> None:
    counts = read(COUNTER)
    print(f"watcher_server ends after {counts['automatic']} automatic and {counts['manual']} manual ticks")


def manual_ticks(text: str) -> int | None:
    """How many ticks a message asks for; None if it asks for something else."""
    match text.lower().split():
        case ["tick"]:
            return 1
        case ["tick", number] if number.isdecimal() and 0 < int(number) <= 1000:
            return int(number)
    return None


def read(path: Path) -> dict[str, int]:
    """Both counts as they were written last; 0 if they never were."""
    counts = {"automatic": 0, "manual": 0}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, number = line.partition(" ")
            if name in counts and number.isdecimal():
                counts[name] = int(number)
    return counts


def write(path: Path, counts: dict[str, int]) -> None:
    """Replace the file as a whole: a kill half-way leaves the counts before."""
    temporary = path.with_suffix(".new")
    temporary.write_text("".join(f"{name} {count}\n" for name, count in counts.items()), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    watcher.run()
