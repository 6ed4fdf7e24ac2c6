"""How many transitions per second does a Host make, when nothing but hershy itself takes time?

    python benchmarks/transitions.py [--programs 200] [--rounds 10]

Programs on in-memory twins and virtual time are started and stopped, all at once, again and again; every applied
event (saved, journalled, published) counts. Aim: 5 000 a second.
"""

import argparse
import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from hershy import Host, ProgramState
from hershy.core.ids import ProgramID
from hershy.programs.ports.event_bus import Happened
from hershy.testing.twins import open_twins
from hershy_adapters.memory.behaviour import ProgramBehaviour
from results import note

AIM = 5_000


async def all_to(
    host: Host, act: Callable[[ProgramID], Awaitable[object]], ids: list[ProgramID], state: ProgramState
) -> None:
    async with host.events() as published:
        await asyncio.gather(*(act(it) for it in ids))
        arrived = 0
        while arrived < len(ids):
            notice = (await anext(published)).notice
            arrived += isinstance(notice, Happened) and notice.program.state is state


async def run(programs: int, rounds: int) -> None:
    async with open_twins() as twins:
        host = twins.host
        twins.runtime.behave(ProgramBehaviour(start_delay=timedelta(), ready_after=timedelta()))
        ids = [(await twins.create(user=f"user{number}")).id for number in range(programs)]
        (last,) = await host.journal(limit=1)
        began = time.perf_counter()
        for _ in range(rounds):
            await all_to(host, host.start, ids, ProgramState.READY)
            await all_to(host, host.stop, ids, ProgramState.STOPPED)
        took = time.perf_counter() - began
        (newest,) = await host.journal(limit=1)
        made = newest.id - last.id
        note("transitions on twins", made / took, AIM, "1/s", "aim", more_is_better=True)
        print(f"{made} transitions of {programs} programs in {took:.2f} s: {made / took:,.0f} a second   aim: {AIM:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    logging.disable()
    asyncio.run(run(given.programs, given.rounds))


if __name__ == "__main__":
    main()
