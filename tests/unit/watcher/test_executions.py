"""Signals become executions: one by one, by priority, none lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from hershy.watcher import (
    Context,
    KillWatcher,
    Message,
    NotRunning,
    RecoveryPolicy,
    StopWatcher,
    Watcher,
    WatcherConfig,
    WatcherError,
    WatcherState,
)
from hershy.watcher.errors import AlreadyStarted, WatcherCrashed
from hershy.watcher.testing import drive

from .programs import Channel, Recorder, watcher_of


async def test_the_first_execution_comes_by_itself() -> None:
    """InitRun, triggered by the Watcher, then Ready."""
    recorder = Recorder()
    async with drive(watcher_of(recorder)) as driven:
        assert driven.state is WatcherState.READY
        assert [(seen.trigger.is_watcher, seen.content) for seen in recorder.seen] == [(True, None)]
        assert [entry.to_state for entry in driven.logs.reduce.tail()] == ["InitRun", "Ready"]


async def test_a_message_is_one_execution() -> None:
    """Each in order of arrival, triggered by the user."""
    recorder = Recorder()
    async with drive(watcher_of(recorder)) as driven:
        for text in ("one", "two", "two"):
            await driven.watcher.send(text)
        await driven.settle()
        assert recorder.contents == [None, "one", "two", "two"]
        assert all(seen.trigger.is_user and not seen.trigger.var_names for seen in recorder.seen[1:])


async def test_signals_wait_for_the_execution_and_go_by_priority() -> None:
    """What comes while the function runs interrupts nothing; then messages first, all changes together after."""
    first, second, gate = Channel(), Channel(), asyncio.Event()
    seen: list[tuple[str, object, object]] = []

    async def function(ctx: Context, message: Message | None) -> None:
        a = ctx.watch_flow("a", first.items, initial=0)
        b = ctx.watch_flow("b", second.items, initial=0)
        seen.append((str(ctx.trigger), a.value, b.value))
        if message and message.content == "wait":
            await gate.wait()

    async with drive(watcher_of(function)) as driven:
        await driven.send("wait")
        second.put(1)
        first.put(10)
        first.put(11)
        await driven.settle()
        await driven.watcher.send("after")
        await driven.settle()
        assert driven.state is WatcherState.RUNNING
        gate.set()
        await driven.settle()
    assert seen == [("WatcherSig", 0, 0), ("UserSig", 0, 0), ("UserSig", 0, 0), ("VarSig b, a", 11, 1)]


@pytest.mark.parametrize(
    ("control", "state", "cleaned"),
    [
        (StopWatcher("enough"), WatcherState.STOPPED, True),
        (KillWatcher("enough"), WatcherState.KILLED, False),
    ],
)
async def test_the_function_can_end_its_watcher(control: Exception, state: WatcherState, cleaned: bool) -> None:
    """Stop cleans up, Kill does not; both are final and keep their reason."""
    watcher = watcher_of(Recorder([None, control]))
    cleanups: list[object] = []
    watcher.cleanup(lambda ctx: cleanups.append(ctx.trigger))
    async with drive(watcher) as driven:
        await driven.send("now")
        assert await driven.watcher.wait() is state
        assert driven.watcher.reason == "enough"
        assert len(cleanups) == cleaned
        with pytest.raises(NotRunning, match=f"it is {'Stopping' if cleaned else state}"):
            driven.watcher.send("too late")


async def test_what_a_program_leaves_when_it_ends_itself_is_told() -> None:
    """Messages behind a StopWatcher are not executed: the program has said that it is done."""
    recorder = Recorder([None, StopWatcher()])
    async with drive(watcher_of(recorder)) as driven:
        for text in ("stop", "b", "c"):
            await driven.watcher.send(text)
        await driven.settle()
        assert recorder.contents == [None, "stop"]
        assert driven.logs.state_fault.tail()[-1].message == "2 accepted messages were not executed"


async def test_messages_are_taken_from_start_to_stop_only() -> None:
    """Before and after, NotRunning says so."""
    watcher = watcher_of(Recorder())
    with pytest.raises(NotRunning, match="it is NotRun"):
        watcher.send("early")
    with pytest.raises(NotRunning):
        await watcher.wait()
    await watcher.start()
    with pytest.raises(ValueError, match="cannot be empty"):
        watcher.send("")
    await watcher.stop()
    with pytest.raises(NotRunning, match="it is Stop"):
        watcher.send("late")


async def test_a_watcher_is_started_once() -> None:
    """Neither twice, nor again, nor after a stop before it."""
    watcher = watcher_of(Recorder())
    await watcher.start()
    with pytest.raises(AlreadyStarted):
        await watcher.start()
    await watcher.stop()
    with pytest.raises(AlreadyStarted):
        await watcher.start()
    other = watcher_of(Recorder())
    await other.stop()
    await other.stop()
    assert other.state is WatcherState.STOPPED
    with pytest.raises(AlreadyStarted):
        await other.start()


async def test_a_watcher_has_one_function_and_one_cleanup() -> None:
    """And cannot start without the first."""
    watcher = Watcher(port=0)
    with pytest.raises(WatcherError, match="nothing to run"):
        await watcher.start()
    watcher.manage("one")(Recorder())
    with pytest.raises(WatcherError, match="manages a function already"):
        watcher.manage("two")(Recorder())
    watcher.cleanup(lambda ctx: None)
    with pytest.raises(WatcherError, match="cleanup function already"):
        watcher.cleanup(lambda ctx: None)
    assert watcher.id.startswith("one-")


async def test_a_function_that_yields_is_refused() -> None:
    """A call of it would run nothing, and nobody would ever know."""

    async def asynchronous(ctx: Context, message: Message | None) -> AsyncIterator[int]:
        yield 1

    def plain(ctx: Context) -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match=r"asynchronous has a yield"):
        Watcher(port=0).manage("it")(asynchronous)
    with pytest.raises(TypeError, match=r"plain has a yield"):
        Watcher(port=0).cleanup(plain)


@pytest.mark.parametrize("wrong", [{"signal_capacity": 0}, {"timeout": WatcherConfig().timeout * 0}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    """When they are set."""
    with pytest.raises(ValueError, match="must be"):
        WatcherConfig(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="port"):
        Watcher(port=70_000)


async def test_a_crash_can_be_raised() -> None:
    """With its reason, for the process's exit status."""
    policy = RecoveryPolicy(min_consecutive_failures=1, max_consecutive_failures=1)
    watcher = watcher_of(Recorder([ValueError("bad luck")]), config=WatcherConfig(recovery=policy))
    async with drive(watcher) as driven:
        assert driven.state is WatcherState.CRASHED
        with pytest.raises(WatcherCrashed, match="bad luck"):
            driven.watcher.raise_if_crashed()
    watcher.raise_if_crashed()


async def test_each_log_is_a_ring() -> None:
    """The newest entries stay."""
    async with drive(watcher_of(Recorder(), config=WatcherConfig(max_log_entries=3))) as driven:
        for number in range(5):
            await driven.send(str(number))
        assert len(driven.logs.effect.tail()) == len(driven.logs.reduce.tail()) == len(driven.logs.effect) == 3
        assert driven.logs.reduce.tail(1)[0].message == "Running -> Ready: returned"
        assert driven.logs.effect.tail(0) == []
