"""How many transitions per second does a Host make, when nothing but hershy itself takes time?

    python benchmarks/transitions.py [--programs 200] [--rounds 10]

Programs on in-memory twins and virtual time are started and stopped, all at once, again and again; every applied
event (saved, journalled, published) counts. Aim: 5 000 a second.
"""

import argparse
import asyncio
import logging
import time

from hershy import ProgramState
from hershy.testing.twins import open_twins


async def run(programs: int, rounds: int) -> None:
    async with open_twins() as twins:
        host = twins.host
        ids = [(await twins.create(user=f"user{number}")).id for number in range(programs)]
        (last,) = await host.journal(limit=1)
        began = time.perf_counter()
        for _ in range(rounds):
            await asyncio.gather(*(host.start(it) for it in ids))
            await asyncio.gather(*(host.wait_for(it, ProgramState.READY) for it in ids))
            await asyncio.gather(*(host.stop(it) for it in ids))
            await asyncio.gather(*(host.wait_for(it, ProgramState.STOPPED) for it in ids))
        took = time.perf_counter() - began
        (newest,) = await host.journal(limit=1)
        made = newest.id - last.id
        print(f"{made} transitions of {programs} programs in {took:.2f} s: {made / took:,.0f} a second   aim: 5,000")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    logging.disable()
    asyncio.run(run(given.programs, given.rounds))


if __name__ == "__main__":
    main()
