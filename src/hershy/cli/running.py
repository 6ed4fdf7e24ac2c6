"""Where 'hershy run' runs a job: at a Host, or in a sandbox of this process's own."""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from hershy.client import ServerUnreachable
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

from . import output
from .session import Session


@dataclass(frozen=True, slots=True)
class Place:
    """The Host of ``session``; here where ``is_local``, under ``runtime`` or the one that settings name."""

    session: Session
    is_local: bool
    runtime: str | None


def ran(
    job: SandboxJob, limits: Mapping[str, float], place: Place, *, check: bool, threshold: int | None
) -> SandboxResult:
    """``limits``: those of the job that were asked for, by their names on the wire. Interrupted, it kills the run."""
    if not place.is_local:
        try:
            return _at_a_host(job, limits, place.session, check=check, threshold=threshold)
        except ServerUnreachable as error:
            # Code that may be running already is not run again.
            if error.was_asked or place.session.names_a_host:
                raise
            output.note(f"hershy: no Host answers at {error.url}; running it from this process")
    return asyncio.run(_here(job, place.runtime, check=check, threshold=threshold))


def _at_a_host(
    job: SandboxJob, limits: Mapping[str, float], session: Session, *, check: bool, threshold: int | None
) -> SandboxResult:
    with session.client() as client:
        return client.run_code(
            job.code,
            command=job.command,
            image=job.image,
            args=job.args,
            files=job.files,
            stdin=job.stdin,
            env=job.env,
            collect=job.collect,
            limits=limits,
            check=check,
            threshold=threshold,
        )


async def _here(job: SandboxJob, runtime: str | None, *, check: bool, threshold: int | None) -> SandboxResult:
    """SIGTERM ends it as Ctrl-C does: the container is removed first."""
    running = asyncio.create_task(_in_own_sandbox(job, runtime, check=check, threshold=threshold))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        return await running
    except asyncio.CancelledError:
        caller = asyncio.current_task()
        if caller is not None and caller.cancelling():
            raise
        raise typer.Exit(128 + signal.SIGTERM) from None
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _in_own_sandbox(job: SandboxJob, runtime: str | None, *, check: bool, threshold: int | None) -> SandboxResult:
    from hershy.wiring import open_sandbox

    # One run needs no warm containers for the next.
    settings: dict[str, Any] = {"sandbox_pool_size": 0}
    if runtime is not None:
        settings |= {"runtime": runtime, "sandbox": runtime}
    async with open_sandbox(**settings) as service:
        return await service.run(job, check=check, threshold=threshold)
