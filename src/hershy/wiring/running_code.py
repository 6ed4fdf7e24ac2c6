"""run_code: a piece of code, once, for callers that have no event loop to give."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

from .opening import open_sandbox


def run_code(
    job: SandboxJob | str, *, check: bool = True, threshold: int | None = None, **settings: Any
) -> SandboxResult:
    """Run Python code, or a whole job, in a sandbox of its own, and wait for its end. Blocks.

    ``settings`` are those of ``open_sandbox``, by name (``runtime="runc"``). Raises as ``open_sandbox`` and
    ``SandboxService.run``; what the code does is never raised. Interrupted, it kills the run. Who runs many keeps
    ``open_sandbox`` open: its containers are warm. In a running event loop it blocks that loop.
    """
    settings = {"sandbox_pool_size": 0, **settings}  # one run needs no warm container for the next

    async def run() -> SandboxResult:
        async with open_sandbox(**settings) as sandbox:
            return await sandbox.run(job, check=check, threshold=threshold)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(run())
    with ThreadPoolExecutor(1, thread_name_prefix="hershy-run-code") as thread:
        return thread.submit(asyncio.run, run()).result()
