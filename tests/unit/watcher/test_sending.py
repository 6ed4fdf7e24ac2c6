"""The queue of messages: from any thread, bounded, in order, nothing lost."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from concurrent.futures import Future
from datetime import timedelta

import pytest

from hershy.watcher import Context, Message, NotRunning, QueueFull, Watcher, WatcherConfig
from hershy.watcher import inbox as inbox_module
from hershy.watcher.inbox import Inbox
from hershy.watcher.testing import drive

from .programs import Recorder, watcher_of

THREADS = 8
MESSAGES = 100_000


async def test_a_hundred_thousand_messages_from_eight_threads_and_the_loop() -> None:
    """While ten variables change: each executed once, in its sender's order."""
    each = MESSAGES // (THREADS + 1) + 1
    seen: dict[str, list[int]] = defaultdict(list)
    most_queued = 0
    var_executions = 0

    async def changing() -> AsyncIterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    async def function(ctx: Context, message: Message | None) -> None:
        nonlocal most_queued, var_executions
        for number in range(10):
            ctx.watch_flow(f"variable-{number}", changing, initial=0)
        if message is None:
            var_executions += 1
            return
        sender, _, number_text = message.content.partition(":")
        seen[sender].append(int(number_text))
        engine = watcher._engine
        assert engine is not None
        most_queued = max(most_queued, len(engine.inbox))

    watcher = watcher_of(function, WatcherConfig(max_log_entries=100))
    await watcher.start()

    def send_all(sender: str) -> None:
        for number in range(each):
            watcher.send(f"{sender}:{number}")

    threads = [threading.Thread(target=send_all, args=(f"thread-{n}",)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for number in range(each):
        await watcher.send(f"loop:{number}")
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    await watcher.stop()
    assert len(seen) == THREADS + 1
    assert all(numbers == list(range(each)) for numbers in seen.values())
    assert most_queued <= 50_000
    assert var_executions > 0


async def test_a_full_queue_makes_a_sender_on_the_loop_wait() -> None:
    """In order; and one who does not wait is refused before the memory is full."""
    gate, recorder = asyncio.Event(), Recorder()

    async def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "wait":
            await gate.wait()
        await recorder(ctx, message)

    async with drive(watcher_of(function, WatcherConfig(signal_capacity=2))) as driven:
        await driven.send("wait")
        for text in ("a", "b"):
            await driven.watcher.send(text)
        parked = [asyncio.ensure_future(driven.watcher.send(text)) for text in ("c", "d")]
        with pytest.raises(QueueFull, match="await what send"):
            driven.watcher.send("e")
        await driven.settle()
        assert not any(future.done() for future in parked)
        gate.set()
        await asyncio.gather(*parked)
        await driven.settle()
        assert recorder.contents == [None, "wait", "a", "b", "c", "d"]


async def test_a_sender_that_no_longer_waits_has_sent_nothing() -> None:
    """Cancelled on the loop, or timed out in a thread; one who waits at the stop is refused."""
    gate, recorder = asyncio.Event(), Recorder()

    async def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "wait":
            await gate.wait()
        await recorder(ctx, message)

    async with drive(watcher_of(function, WatcherConfig(signal_capacity=3))) as driven:
        await driven.send("wait")
        for text in ("a", "b", "c"):
            await driven.watcher.send(text)
        cancelled = asyncio.ensure_future(driven.watcher.send("cancelled"))
        cancelled.cancel()
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(driven.watcher.send, "timed out", timeout=timedelta(milliseconds=1))
        refused = asyncio.ensure_future(driven.watcher.send("refused"))
        stopping = asyncio.create_task(driven.watcher.stop())
        await driven.settle()
        with pytest.raises(NotRunning):
            await refused
        gate.set()
        await stopping
        assert recorder.contents == [None, "wait", "a", "b", "c"]


async def test_a_thread_waits_for_room() -> None:
    """And returns once its message is accepted."""
    gate, recorder = asyncio.Event(), Recorder()

    async def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "wait":
            await gate.wait()
        await recorder(ctx, message)

    async with drive(watcher_of(function, WatcherConfig(signal_capacity=1))) as driven:
        await driven.send("wait")
        await driven.watcher.send("a")
        sending = asyncio.ensure_future(asyncio.to_thread(driven.watcher.send, "b"))
        await asyncio.wait({sending}, timeout=0.01)
        assert not sending.done()
        gate.set()
        await sending
        await driven.settle()
        assert recorder.contents[-2:] == ["a", "b"]


@pytest.mark.parametrize("text", [5, None, b"bytes", ["list"]])
async def test_only_text_can_be_sent(text: object) -> None:
    """The sender is told, and the Watcher is none the worse."""
    recorder = Recorder()
    async with drive(watcher_of(recorder)) as driven:
        with pytest.raises(TypeError, match=f"must be a str, not {type(text).__name__}"):
            driven.watcher.send(text)  # type: ignore[arg-type]  # as a program without a type checker may
        await driven.send("good")
        assert recorder.contents == [None, "good"]


async def test_a_thread_may_refuse_to_wait_at_all() -> None:
    """A timeout of nothing is one, not none."""
    gate = asyncio.Event()

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            await gate.wait()

    async with drive(watcher_of(function, WatcherConfig(signal_capacity=1))) as driven:
        for text in ("wait", "queued"):
            await driven.send(text)
        sending = asyncio.ensure_future(asyncio.to_thread(driven.watcher.send, "at once", timeout=timedelta()))
        await asyncio.wait({sending}, timeout=5)
        is_over = sending.done()
        gate.set()
        with pytest.raises(TimeoutError):
            await sending
        assert is_over


class RefusedAtTheLastMoment(Future[None]):
    """Its sender's time is over, and before he can withdraw it the Watcher stops."""

    def cancel(self) -> bool:
        self.set_running_or_notify_cancel()
        self.set_exception(NotRunning("it", "Stopping"))
        return super().cancel()


def test_a_message_refused_as_its_time_is_over_does_not_look_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither accepted nor withdrawn, but refused."""
    monkeypatch.setattr("hershy.watcher.engine.Engine.offer", lambda engine, content: RefusedAtTheLastMoment())

    async def started() -> Watcher:
        watcher = watcher_of(Recorder())
        await watcher.start()
        await watcher.stop()
        return watcher

    watcher = asyncio.run(started())
    with pytest.raises(NotRunning):
        watcher.send("late", timeout=timedelta())


def test_the_receiver_is_woken_once_when_it_waits() -> None:
    """And not at all while it is busy."""
    wakings: list[bool] = []
    inbox = Inbox("it", 10, lambda: wakings.append(True))
    inbox.open()
    inbox.offer(Message("a", 0))
    assert not inbox.is_empty_for_now()
    assert inbox.take() == Message("a", 0)
    assert inbox.take() is None
    assert inbox.is_empty_for_now()
    inbox.offer(Message("b", 0))
    inbox.offer(Message("c", 0))
    assert wakings == [True]


def test_who_parks_first_comes_first() -> None:
    """Nobody overtakes the parked, and the withdrawn are passed over."""
    inbox = Inbox("it", 1, lambda: None)
    inbox.open()
    inbox.offer(Message("a", 0))
    withdrawn = inbox.offer(Message("b", 0))
    assert isinstance(withdrawn, Future)
    withdrawn.cancel()
    with pytest.raises(QueueFull):
        inbox.offer(Message("c", 0))
    assert inbox.take() == Message("a", 0)
    assert inbox.offer(Message("d", 0)) is None
    inbox.close("Stopping")
    inbox.close("Stopped")
    assert inbox.take() == Message("d", 0)
    with pytest.raises(NotRunning, match="Stopping"):
        inbox.offer(Message("e", 0))


def test_a_queue_is_full_by_size_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few huge messages must not fill the memory; one alone may be as long as it likes."""
    monkeypatch.setattr(inbox_module, "MOST_CHARACTERS", 10)
    inbox = Inbox("it", 100, lambda: None)
    inbox.open()
    assert inbox.offer(Message("x" * 50, 0)) is None
    parked = inbox.offer(Message("a", 0))
    assert parked is not None
    inbox.take()
    assert parked.done()
    assert inbox.offer(Message("b" * 8, 0)) is None
    assert inbox.offer(Message("cc", 0)) is not None
    assert inbox.offer(Message("d", 0)) is not None, "there is room for it, but another came first"


async def test_many_messages_leave_others_their_turn() -> None:
    """A function that never waits does not keep the event loop for itself."""
    executed = 0
    seen_by_others: list[int] = []

    async def function(ctx: Context, message: Message | None) -> None:
        nonlocal executed
        executed += 1

    async def other() -> None:
        while executed < 1_000:
            seen_by_others.append(executed)
            await asyncio.sleep(0)

    async with drive(watcher_of(function)) as driven:
        for number in range(1_000):
            driven.watcher.send(str(number))
        await other()
        assert len(seen_by_others) > 10
