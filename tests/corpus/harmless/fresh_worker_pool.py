import queue
import threading
import time

tasks = queue.Queue()
done = []


def worker():
    while True:
        number = tasks.get()
        time.sleep(0.001)
        done.append(number * 2)
        tasks.task_done()


for _ in range(2):
    threading.Thread(target=worker, daemon=True).start()
for number in range(5):
    tasks.put(number)
tasks.join()
print(sorted(done))
