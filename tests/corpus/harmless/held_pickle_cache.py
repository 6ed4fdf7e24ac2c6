import pickle
from pathlib import Path

cache = Path("cache.pickle")
values = {n: n**2 for n in range(5)}
cache.write_bytes(pickle.dumps(values))
print(len(cache.read_bytes()) > 10)
