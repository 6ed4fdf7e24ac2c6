"""Runs a command line tool in a process group of its own, with input from memory and output by the chunk."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from hershy_adapters._child_processes import AWAY, dying_with_us

CHUNK_BYTES = 65_536
GRACE_S = 5.0
"""How long the tool may take to end after SIGTERM; then it is killed."""


@asynccontextmanager
async def running(
    argv: Sequence[str], env: Mapping[str, str], stdin: bytes = b""
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``argv`` with exactly ``env``, standard error joined to standard output, ``stdin`` and then its end.

    Raises OSError when it cannot be started. On leaving, cancelled or not, nothing of the group is left. Should this
    process be killed meanwhile, the kernel kills the tool, where util-linux is installed to ask it to.
    """
    process = await asyncio.create_subprocess_exec(
        *dying_with_us(),
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(env),
        cwd=AWAY,
        start_new_session=True,
    )
    feeding = asyncio.create_task(_feed(process, stdin))
    try:
        yield process
    finally:
        feeding.cancel()
        await _end(process)
        await asyncio.gather(feeding, return_exceptions=True)


async def chunks(process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
    """Output as it comes, to its end."""
    assert process.stdout is not None
    while chunk := await process.stdout.read(CHUNK_BYTES):
        yield chunk


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    # A tool that ends before it has read everything tells why by its exit code and output.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await _drained(process)
                await process.wait()


async def _drained(process: asyncio.subprocess.Process) -> None:
    async for _ in chunks(process):
        pass
