"""One call for what takes an ``async with`` else: for scripts, notebooks and web applications."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

from .opening import open_sandbox
from .settings import Settings

if TYPE_CHECKING:
    from hershy.client import Client


def run_code(
    job: SandboxJob | str,
    *,
    check: bool = True,
    threshold: int | None = None,
    settings: Settings | None = None,
    **from_code: Any,
) -> SandboxResult:
    """Run Python code, or a whole job, once in a sandbox of its own, and return how it has ended. Blocks.

    ``job``, ``check`` and ``threshold`` as ``SandboxService.run`` takes them, and what it raises is raised; settings as
    ``open_sandbox`` takes them, with no warm containers unless they say so. Whoever runs more than one piece of code
    keeps an ``open_sandbox`` open, which is faster. Inside a running event loop it works, in a thread, and blocks the
    loop: there ``await`` an ``open_sandbox`` instead.
    """
    if settings is None:
        from_code.setdefault("sandbox_pool_size", 0)

    async def running() -> SandboxResult:
        async with open_sandbox(settings, **from_code) as sandbox:
            return await sandbox.run(job, check=check, threshold=threshold)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(running())
    with ThreadPoolExecutor(1, "hershy-run-code") as thread:
        return thread.submit(asyncio.run, running()).result()


def connect(url: str | None = None, *, token: str | None = None) -> "Client":
    """A blocking client of a running Host: close it, or use it in ``with``. Nothing is sent yet.

    ``url`` defaults to HERSHY_URL, then ``http://127.0.0.1:9000``; ``token`` to HERSHY_TOKEN. Raises ValueError.
    """
    from hershy.client import Client  # with its HTTP library, which nothing else here needs

    return Client(url, token=token)
