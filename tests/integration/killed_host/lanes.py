"""Processes in which lives are lived, one after another in each."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from .life import LIFE_DEADLINE_S, Job

ROOT = Path(__file__).parents[3]


class Lane:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, job: Job) -> int:
        """The exit code of the job's process; negative is the number of the signal that has killed it."""
        Path(job.home).mkdir(parents=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{job.dumped()}\n".encode())
        async with asyncio.timeout(LIFE_DEADLINE_S + 30):
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def open_lane() -> AsyncIterator[Lane]:
    command = (sys.executable, "-m", "tests.integration.killed_host")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe)
    try:
        yield Lane(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
