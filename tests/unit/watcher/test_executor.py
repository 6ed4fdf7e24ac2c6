"""What ``asyncio.to_thread`` runs in under ``Watcher.run``."""

import threading
from collections.abc import Iterator

import pytest

from hershy.watcher import executor as executor_module
from hershy.watcher.executor import DaemonExecutor

LIMIT_S = 5.0


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_calls_are_answered_by_threads_that_keep_no_process_alive() -> None:
    """What the function returns or raises, whatever that is; an idle thread is used again."""

    def fail() -> None:
        raise SystemExit(3)

    executor = DaemonExecutor()
    threads = {executor.submit(threading.current_thread).result(LIMIT_S)}
    assert executor._idle.acquire(timeout=LIMIT_S), "it has answered, but not yet said that it is idle"
    executor._idle.release()
    threads.add(executor.submit(threading.current_thread).result(LIMIT_S))
    assert len(threads) == 1
    assert isinstance(executor.submit(fail).exception(LIMIT_S), SystemExit)
    assert executor.submit(int, "ff", base=16).result(LIMIT_S) == 255
    assert all(thread.daemon for thread in threads)


def test_some_calls_run_at_a_time_and_the_others_wait(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in asyncio's own; one that is cancelled while it waits is not called."""
    monkeypatch.setattr(executor_module, "MOST_WORKERS", 2)
    called: list[str] = []
    executor = DaemonExecutor()
    blocked = [executor.submit(release.wait, LIMIT_S) for _ in range(2)]
    cancelled, waiting = executor.submit(called.append, "cancelled"), executor.submit(called.append, "waited")
    assert cancelled.cancel()
    assert executor._started == 2
    assert not called
    release.set()
    waiting.result(LIMIT_S)
    assert all(future.result(LIMIT_S) for future in blocked)
    assert called == ["waited"]
