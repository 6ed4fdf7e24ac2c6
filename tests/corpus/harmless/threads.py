import queue
import threading
from concurrent.futures import ThreadPoolExecutor

jobs = queue.Queue()
results = []
lock = threading.Lock()


def worker():
    while True:
        number = jobs.get()
        if number is None:
            return
        with lock:
            results.append(number**2)


threads = [threading.Thread(target=worker) for _ in range(3)]
for thread in threads:
    thread.start()
for number in range(10):
    jobs.put(number)
for _ in threads:
    jobs.put(None)
for thread in threads:
    thread.join()
print(sorted(results))
with ThreadPoolExecutor(max_workers=2) as pool:
    print(list(pool.map(len, ["a", "bb", "ccc"])))
