import time
import timeit
from collections import namedtuple

Result = namedtuple("Result", "name seconds")


def measure(name, function, repeat=3):
    best = min(timeit.repeat(function, number=100, repeat=repeat))
    return Result(name, best)


results = [measure("list", lambda: [i for i in range(100)]), measure("map", lambda: list(map(int, range(100))))]
for result in sorted(results, key=lambda it: it.seconds):
    print(result.name, result.seconds < 1)
print(time.monotonic() > 0, time.strftime("%Y"))
