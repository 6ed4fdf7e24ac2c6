import time
from contextlib import contextmanager, suppress


@contextmanager
def timed(label):
    start = time.perf_counter()
    try:
        yield
    finally:
        print(label, "took", round(time.perf_counter() - start, 1))


class Recorder:
    def __enter__(self):
        self.lines = []
        return self

    def __exit__(self, exc_type, exc, tb):
        self.lines.append("done" if exc_type is None else exc_type.__name__)
        return True


with timed("sum"):
    sum(range(100_000))
with Recorder() as recorder:
    raise KeyError("x")
with suppress(ZeroDivisionError):
    1 / 0
print(recorder.lines)
