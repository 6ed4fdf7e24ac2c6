"""How many messages a second does a Watcher execute, and does it matter how many variables it watches?

    python benchmarks/watcher_throughput.py [--messages 50000] [--rounds 5]

``idle``: so many variables are watched, and the function reads none of them: what the engine itself costs.
``read``: the function asks for every variable each time, as programs do. Aims: 100 000 messages a second with none
watched, 40 000 with 100 read each time. The sides take turns, round by round, so that whatever else the machine does
hits all of them; medians. Messages are sent from the event loop that executes them, so sending counts too.

``plain``: for scale, the same function awaited in a bare loop that pops the same messages from a deque.
"""

import argparse
import asyncio
import itertools
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from hershy.watcher import Context, Message, StopWatcher, Watcher
from hershy.watcher.testing import settle
from results import note

COUNTS = (0, 10, 100, 1_000)
AIMS = {("read", 0): 100_000, ("read", 100): 40_000}
DEADLINE_S = 120.0

Managed = Callable[[Context, Message | None], Awaitable[None]]


async def silent() -> AsyncIterator[float]:
    await asyncio.Event().wait()
    yield 0.0


def managed(watched: int, messages: int, *, reads: bool) -> Managed:
    names = [f"variable-{number}" for number in range(watched)]
    count = itertools.count(1)

    async def function(ctx: Context, message: Message | None) -> None:
        if message is None or reads:
            for name in names:
                ctx.watch_flow(name, silent, initial=0.0).value  # noqa: B018  # reading it is the point
        if message is not None and next(count) == messages:
            raise StopWatcher

    return function


async def watcher_rate(watched: int, messages: int, *, reads: bool) -> float:
    watcher = Watcher(port=0)
    watcher.manage("measured")(managed(watched, messages, reads=reads))
    await watcher.start()
    await settle()
    began = time.perf_counter()
    for _ in range(messages):
        await watcher.send("go")
    await asyncio.wait_for(watcher.wait(), DEADLINE_S)
    return messages / (time.perf_counter() - began)


async def plain_rate(messages: int) -> float:
    count = itertools.count(1)

    async def function(message: Message) -> None:
        next(count)

    queue: deque[Message] = deque()
    began = time.perf_counter()
    for _ in range(messages):
        queue.append(Message("go", time.time()))
    while queue:
        await function(queue.popleft())
    return messages / (time.perf_counter() - began)


async def measure(messages: int, rounds: int) -> dict[tuple[str, int], float]:
    rates: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 1):
        for kind, watched in [("plain", 0), *itertools.product(("idle", "read"), COUNTS)]:
            if kind == "plain":
                rate = await plain_rate(messages)
            else:
                rate = await watcher_rate(watched, messages, reads=kind == "read")
            if number:  # the first round warms up
                rates.setdefault((kind, watched), []).append(rate)
    return {side: statistics.median(measured) for side, measured in rates.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    rates = asyncio.run(measure(asked.messages, asked.rounds))
    none_watched = rates["read", 0]
    print(f"{'':7}{'watched':>8}{'messages/s':>12}{'of none':>9}")
    for (kind, watched), rate in rates.items():
        aim = AIMS.get((kind, watched))
        if aim:
            note(f"Watcher: messages, {watched} watched", rate, aim, "1/s", "aim", more_is_better=True)
        if kind == "idle" and watched:
            note(
                f"Watcher: {watched} watched, none read", rate, none_watched, "1/s", "none watched", more_is_better=True
            )
        print(f"{kind:7}{watched:8}{rate:12,.0f}{rate / none_watched:9.2f}" + (f"   (aim: {aim:,})" if aim else ""))


if __name__ == "__main__":
    main()
