"""What a failure comes to, on a virtual clock."""

import asyncio
from datetime import timedelta

import pytest

from hershy.watcher import Context, CrashWatcher, Message, RecoveryPolicy, Watcher, WatcherConfig, WatcherState
from hershy.watcher.testing import Driven, drive

from .programs import Recorder, watcher_of

RUNNING, READY = WatcherState.RUNNING, WatcherState.READY
WAIT, CRASHED = WatcherState.WAIT_RECOVER, WatcherState.CRASHED


async def stays_for(driven: Driven, seconds: float) -> bool:
    """Nothing happens for ``seconds``, and something at their end."""
    before = (driven.state, len(driven.logs.reduce))
    await driven.advance(seconds - 0.125)
    unchanged = (driven.state, len(driven.logs.reduce)) == before
    await driven.advance(0.125)
    return unchanged and len(driven.logs.reduce) > before[1]


async def test_the_schedule_is_the_documented_one() -> None:
    """15 and 30 s and Ready again; then WaitRecover for 5, 10, 20 s and run again; Crashed at the sixth failure."""
    recorder = Recorder([None] + [ValueError("again")] * 6)
    cleanups: list[object] = []
    watcher = watcher_of(recorder)
    watcher.cleanup(cleanups.append)
    async with drive(watcher) as driven:
        for delay in (15, 30):
            await driven.send("go")
            assert driven.state is RUNNING
            assert await stays_for(driven, delay)
            assert driven.state is READY
        await driven.send("go")
        for failures, delay in ((3, 5), (4, 10), (5, 20)):
            assert (driven.state, len(recorder.seen)) == (WAIT, 1 + failures)
            assert not cleanups
            assert await stays_for(driven, delay)
        assert driven.state is CRASHED
        assert [seen.trigger.is_watcher for seen in recorder.seen] == [True, False, False, False, True, True, True]
        assert len(cleanups) == 1
        faults = [entry.message for entry in driven.logs.state_fault.tail()]
        assert faults == [f"failure {number} in a row: ValueError: again" for number in range(1, 7)]
        await driven.advance(10_000)
        assert (len(recorder.seen), len(cleanups)) == (7, 1)


async def test_one_success_starts_the_count_from_zero() -> None:
    """The next failure waits 15 s again."""
    recorder = Recorder([None, ValueError(), ValueError(), None, ValueError()])
    async with drive(watcher_of(recorder)) as driven:
        for delay in (15, 30):
            await driven.send("go")
            assert await stays_for(driven, delay)
        await driven.send("go")
        await driven.send("go")
        assert await stays_for(driven, 15)
        assert driven.state is READY


async def test_a_first_execution_that_failed_is_repeated() -> None:
    """For it watches nothing yet, so nothing else would run it; in InitRun until one has succeeded."""
    recorder = Recorder([CrashWatcher("not yet"), ValueError(), ValueError()])
    async with drive(watcher_of(recorder)) as driven:
        assert driven.state is WatcherState.INIT_RUN
        assert await stays_for(driven, 15)
        assert await stays_for(driven, 30)
        assert driven.state is WAIT
        assert await stays_for(driven, 5)
        assert driven.state is READY
        states = [entry.to_state for entry in driven.logs.reduce.tail()]
        assert states == ["InitRun", "InitRun", "Ready"] * 2 + [
            "InitRun",
            "WaitRecover",
            "WaitRecover",
            "InitRun",
            "Ready",
        ]
        assert "CrashWatcher: not yet" in driven.logs.state_fault.tail()[0].message


async def test_signals_wait_during_a_backoff_and_are_not_lost() -> None:
    """They are executed after it, in order; the failed message is not repeated."""
    recorder = Recorder([None, ValueError()])
    async with drive(watcher_of(recorder)) as driven:
        for text in ("fails", "a", "b"):
            await driven.send(text)
        assert recorder.contents == [None, "fails"]
        await driven.advance(15)
        assert recorder.contents == [None, "fails", "a", "b"]


async def test_what_exceeds_the_timeout_is_cancelled_and_a_failure() -> None:
    """Also when the function makes a success of its cancellation."""
    outcomes: list[str] = []

    async def function(ctx: Context, message: Message | None) -> None:
        if message:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                outcomes.append(message.content)
                if message.content == "raises":
                    raise

    async with drive(watcher_of(function)) as driven:
        for text, delay in (("raises", 15), ("returns", 30)):
            await driven.send(text)
            await driven.advance(59.875)
            assert text not in outcomes
            await driven.advance(0.125)
            assert outcomes[-1] == text
            assert "TimeoutError: it has taken more than 60 s" in driven.logs.state_fault.tail()[-1].message
            assert await stays_for(driven, delay)
        await driven.send("raises")
        assert driven.watcher.state is RUNNING


async def test_nothing_is_left_of_a_cancellation() -> None:
    """The execution after it does not seem to be cancelled: asyncio.timeout and task groups would believe it."""
    cancellations: list[int] = []

    async def function(ctx: Context, message: Message | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        cancellations.append(task.cancelling())
        if message and message.content == "wait":
            await asyncio.Event().wait()

    async with drive(watcher_of(function)) as driven:
        await driven.send("wait")
        await driven.advance(60 + 15)
        await driven.send("next")
    assert cancellations == [0, 0, 0]


async def test_a_function_that_goes_on_after_it_was_cancelled_is_given_up(gate: asyncio.Event) -> None:
    """Its Watcher goes on without it, and what it does afterwards counts for nothing."""
    late: list[str] = []

    async def function(ctx: Context, message: Message | None) -> None:
        if message and message.content == "stubborn":
            while not gate.is_set():
                try:
                    await gate.wait()
                except asyncio.CancelledError:
                    continue
            try:
                ctx.set("key", "late")
            except Exception as error:
                late.append(str(error))
            raise SystemExit

    async with drive(watcher_of(function)) as driven:
        await driven.send("stubborn")
        await driven.advance(61)
        faults = [entry.message for entry in driven.logs.state_fault.tail()]
        assert "given up" in faults[0]
        assert "failure 1 in a row: TimeoutError" in faults[1]
        await driven.advance(15)
        await driven.send("next")
        assert driven.state is READY
        gate.set()
        await driven.settle()
        assert "given up" in late[0]
        assert driven.get("key") is None
        assert [entry.to_state for entry in driven.logs.reduce.tail(2)] == ["Running", "Ready"]
        assert driven.state is READY
        assert len(driven.logs.state_fault) == 2


async def test_a_program_that_is_given_up_again_and_again_crashes(gate: asyncio.Event) -> None:
    """Rather than fill the memory, also when successes come between."""

    async def function(ctx: Context, message: Message | None) -> None:
        while message and message.content == "stubborn" and not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue

    async with drive(watcher_of(function)) as driven:
        given_up = 0
        while driven.state is not CRASHED:
            await driven.send("stubborn")
            await driven.advance(61 + 15)
            given_up += 1
            if driven.state is not CRASHED:
                await driven.send("fine")
        assert given_up == 16


@pytest.mark.parametrize("error", [SystemExit(3), ExceptionGroup("several", [ValueError()]), asyncio.CancelledError()])
async def test_whatever_the_function_raises_is_a_failure(error: BaseException) -> None:
    """Nothing of it ends the process."""
    async with drive(watcher_of(Recorder([None, error]))) as driven:
        await driven.send("go")
        assert await stays_for(driven, 15)
        assert driven.state is READY


async def test_the_policy_can_be_set() -> None:
    """No lightweight retries, one backoff, then the end."""
    policy = RecoveryPolicy(1, 2, (), base_retry_delay=timedelta(seconds=1))
    async with drive(watcher_of(Recorder([ValueError()] * 2), WatcherConfig(recovery=policy))) as driven:
        assert driven.state is WAIT
        await driven.advance(1)
        assert driven.state is CRASHED


async def test_a_program_can_be_driven_again() -> None:
    """Each time from its beginning."""
    watcher: Watcher = watcher_of(Recorder([ValueError()]))
    async with drive(watcher) as driven:
        assert driven.state is WatcherState.INIT_RUN
    async with drive(watcher) as driven:
        assert driven.state is READY
    assert watcher.state is WatcherState.NOT_RUN
