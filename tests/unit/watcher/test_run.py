"""``Watcher.run`` in a process of its own: how it ends, and that it always does."""

import signal
import subprocess
import sys

import pytest

PROLOGUE = """
import asyncio, logging, time
from datetime import timedelta
from hershy.watcher import *
logging.getLogger("asyncio").setLevel(logging.ERROR)  # that a step was slow is the machine's affair
watcher = Watcher(port=0, config=WatcherConfig(
    stop_timeout=timedelta(milliseconds=50), cancel_grace=timedelta(milliseconds=50),
    recovery=RecoveryPolicy(1, 1)))

@watcher.cleanup
async def close(ctx):
    print("cleaned up", flush=True)
"""


def run(program: str, *, send: signal.Signals | None = None) -> tuple[int, list[str], str]:
    """The status, the lines of its output, and its standard error; the signal is sent once it says ``ready``."""
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", PROLOGUE + program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    try:
        if send is not None:
            lines.append(process.stdout.readline().strip())
            process.send_signal(send)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode, lines + output.split("\n")[:-1], errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_gracefully(number: signal.Signals) -> None:
    """Messages accepted are executed, cleanup runs, the status is 0."""
    program = """
@watcher.manage("program")
async def function(ctx, message):
    if message:
        print(message.content, flush=True)
    else:
        print("ready", flush=True)
        watcher.send("accepted")
        await asyncio.sleep(0.02)

watcher.run()
print(watcher.state)
"""
    assert run(program, send=number) == (0, ["ready", "accepted", "cleaned up", "Stopped"], "")


@pytest.mark.parametrize(
    ("raised", "status", "lines"),
    [
        ("StopWatcher('done')", 0, ["cleaned up", "Stopped done"]),
        ("KillWatcher('at once')", 0, ["Killed at once"]),
        ("CrashWatcher('broken')", 1, ["cleaned up"]),
    ],
)
def test_the_status_says_how_it_ended(raised: str, status: int, lines: list[str]) -> None:
    """0 when it ended itself, 1 after a crash, with the reason on standard error."""
    program = f"""
@watcher.manage("program")
async def function(ctx, message):
    raise {raised}

watcher.run()
print(watcher.state, watcher.reason)
"""
    ended, output, errors = run(program)
    assert (ended, output) == (status, lines)
    assert ("WatcherCrashed" in errors and "broken" in errors) is (status == 1)


def test_the_process_ends_whatever_ignores_its_cancellation() -> None:
    """A function, an iterator and a thread that never end are left behind with it."""
    program = """
async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

async def iterator():
    await stubborn()
    yield 0

import hershy.watcher.engine as engine, hershy.watcher.serving as serving
engine.CLOSING_LIMIT_S = serving.LEFTOVERS_LIMIT_S = 0.1

@watcher.manage("program")
async def function(ctx, message):
    ctx.watch_flow("flow", iterator, initial=0)
    ctx.watch_call("call", lambda: time.sleep(3600), every=1, initial=None)
    print("ready", flush=True)
    await stubborn()

watcher.run()
print(watcher.state)
"""
    status, lines, errors = run(program, send=signal.SIGTERM)
    assert (status, lines) == (1, ["ready", "cleaned up"])
    assert "does not end when it is cancelled" in errors


def test_a_call_in_a_thread_that_never_returns_does_not_keep_the_process() -> None:
    """``asyncio.to_thread`` in a program that ends itself: the Host must see that it has ended."""
    program = """
@watcher.manage("program")
async def function(ctx, message):
    await ctx.memo("thread", start)
    await asyncio.sleep(0.02)
    raise StopWatcher("done")

async def start():
    return asyncio.create_task(asyncio.to_thread(time.sleep, 3600))

watcher.run()
print(watcher.state)
"""
    assert run(program) == (0, ["cleaned up", "Stopped"], "")


def test_tasks_of_the_program_are_ended_with_it() -> None:
    """They can close what they hold."""
    program = """
async def background():
    try:
        await asyncio.sleep(3600)
    finally:
        print("closed", flush=True)

@watcher.manage("program")
async def function(ctx, message):
    await ctx.memo("background", start)
    await asyncio.sleep(0)
    raise StopWatcher("done")

async def start():
    return asyncio.create_task(background())

watcher.run()
"""
    assert run(program) == (0, ["cleaned up", "closed"], "")
