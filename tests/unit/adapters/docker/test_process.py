"""The tool that drives a build does not outlive the Host that started it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

DEADLINE_S = 10
PARENT = """
import asyncio
from hershy_adapters.docker._build.process import running

async def main():
    async with running(["sleep", "1000"], {"PATH": "/usr/bin:/bin"}) as process:
        print(process.pid, flush=True)
        await process.wait()

asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_a_killed_host_takes_its_tools_along() -> None:
    """SIGKILL, which leaves no time to clean up: the kernel ends the tool."""
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    tool = int(parent.stdout.readline())
    deadline = time.monotonic() + DEADLINE_S
    while Path(f"/proc/{tool}/comm").read_text() != "sleep\n":  # it has asked for this before it becomes sleep
        assert time.monotonic() < deadline
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(DEADLINE_S)
    parent.stdout.close()
    while is_alive(tool):
        assert time.monotonic() < deadline, "the tool lives on"
