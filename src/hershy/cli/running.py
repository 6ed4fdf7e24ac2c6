"""Where 'hershy run' runs a job: at a Host, or in a sandbox of this process's own."""

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from hershy.errors import HostUnreachable
from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import SandboxResult

from . import output
from .options import given
from .session import Session
from .weakening import of_a_host, of_settings


@dataclass(frozen=True, slots=True)
class Place:
    """The Host of ``session``; here where ``is_local``, under ``runtime`` or the one that settings name.

    ``config`` names the file of those settings.
    """

    session: Session
    is_local: bool
    runtime: str | None
    config: Path | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """``at``: the URL of the Host, or ``this process``, which was configured by the file ``config``, if any."""

    run: SandboxResult
    at: str
    config: str | None = None


def run_at(job: SandboxJob, limits: Mapping[str, float], place: Place, *, check: bool, threshold: int | None) -> Ran:
    """Run the job at the Host, or here. Interrupted, it kills the run.

    ``limits``: those of the job that were asked for, by their names on the wire.
    """
    if not place.is_local:
        try:
            return _at_a_host(job, limits, place.session, check=check, threshold=threshold)
        except HostUnreachable as error:
            # Code that may be running already is not run again.
            if error.was_asked or place.session.names_a_host:
                raise
            output.note(f"hershy: no Host answers at {error.url}; running it from this process")
    return _in_this_process(job, place, check=check, threshold=threshold)


def _at_a_host(
    job: SandboxJob, limits: Mapping[str, float], session: Session, *, check: bool, threshold: int | None
) -> Ran:
    with session.client() as client:
        run = client.run_code(
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
    for sentence in of_a_host(run.runtime, None if run.risk is None else run.risk.threshold):
        output.note(f"hershy: warning: {sentence}")
    return Ran(run, client.url)


def _in_this_process(job: SandboxJob, place: Place, *, check: bool, threshold: int | None) -> Ran:
    from hershy.wiring import Settings

    # One run needs no warm containers for the next.
    asked = given(sandbox_pool_size=0, config=place.config, runtime=place.runtime, sandbox=place.runtime)
    settings = Settings.load(of_host=False, **asked)
    for sentence in of_settings(settings, image=job.image, check=check, threshold=threshold):
        output.note(f"hershy: warning: {sentence}")
    run = asyncio.run(_here(job, asked, check=check, threshold=threshold))
    return Ran(run, "this process", None if settings.file is None else str(settings.file))


async def _here(job: SandboxJob, settings: dict[str, Any], *, check: bool, threshold: int | None) -> SandboxResult:
    """SIGTERM ends it as Ctrl-C does: the container is removed first."""
    running = asyncio.create_task(_in_own_sandbox(job, settings, check=check, threshold=threshold))
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


async def _in_own_sandbox(
    job: SandboxJob, settings: dict[str, Any], *, check: bool, threshold: int | None
) -> SandboxResult:
    from hershy.wiring import open_sandbox

    async with open_sandbox(**settings) as service:
        return await service.run(job, check=check, threshold=threshold)
