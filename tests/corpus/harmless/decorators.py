import functools
import time


def retry(times):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return function(*args, **kwargs)
                except RuntimeError as error:
                    print(f"{function.__name__}: attempt {attempt} failed: {error}")
                    time.sleep(0.01)
            raise RuntimeError("gave up")

        return wrapper

    return decorate


calls = []


@retry(times=3)
def flaky():
    calls.append(1)
    if len(calls) < 3:
        raise RuntimeError("not yet")
    return "fine"


print(flaky(), flaky.__wrapped__ is not None)
