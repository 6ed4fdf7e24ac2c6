import heapq
import random
import uuid
from typing import Iterator


class Simulation:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.events: list[tuple[float, int, str]] = []
        self.clock = 0.0
        self.served = 0

    def arrivals(self) -> Iterator[float]:
        at = 0.0
        while True:
            at += self.rng.expovariate(1.0)
            if at > 20:
                return
            yield at

    def run(self) -> None:
        for number, at in enumerate(self.arrivals()):
            heapq.heappush(self.events, (at, number, "arrive"))
        while self.events:
            self.clock, number, kind = heapq.heappop(self.events)
            if kind == "arrive":
                heapq.heappush(self.events, (self.clock + self.rng.uniform(0.5, 1.5), number, "leave"))
            else:
                self.served += 1


simulation = Simulation(3)
simulation.run()
print(simulation.served, uuid.UUID(int=simulation.rng.getrandbits(128), version=4))
