# processes by another module; as many as there can be
import multiprocessing
import time
started = []
for _ in range(500):
    try:
        process = multiprocessing.Process(target=time.sleep, args=(1,), daemon=True)
        process.start()
        started.append(process)
    except OSError as error:
        print("refused at", len(started), type(error).__name__)
        break
