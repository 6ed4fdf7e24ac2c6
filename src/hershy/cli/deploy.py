"""The command that makes a program of a directory: deploy."""

import asyncio
import getpass
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hershy.programs.domain.egress import Egress
from hershy.programs.domain.restart import RestartMode

from . import output
from .options import (
    CpusOption,
    JsonOption,
    MemoryOption,
    UrlOption,
    duration,
    given,
    pairs,
    require_effect,
    size,
)
from .session import Session

if TYPE_CHECKING:
    from hershy.client import CreatedProgram

KeyValues = list[str] | None
PATIENCE = timedelta(minutes=10)


def deploy(
    context: typer.Context,
    directory: Annotated[
        Path,
        typer.Argument(metavar="DIR", exists=True, file_okay=False, help="Holds the Dockerfile and the sources."),
    ],
    user: Annotated[
        str | None, typer.Option(metavar="ID", help="Who the program belongs to; your user name by default.")
    ] = None,
    start: Annotated[bool, typer.Option("--start/--no-start", help="Build and run it, or register it only.")] = True,
    wait: Annotated[
        bool, typer.Option("--wait", help="Show the build and the states, and return when the program is Ready.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="How long --wait waits; 600 by default. The program goes on."),
    ] = None,
    build_arg: Annotated[
        KeyValues, typer.Option(metavar="KEY=VALUE", help="For the Dockerfile's ARG; repeatable.")
    ] = None,
    env: Annotated[KeyValues, typer.Option(metavar="KEY=VALUE", help="For the program; repeatable.")] = None,
    label: Annotated[KeyValues, typer.Option(metavar="KEY=VALUE", help="To find it by; repeatable.")] = None,
    restart: Annotated[
        RestartMode | None, typer.Option(help="Whether to start it again when it ends; never by default.")
    ] = None,
    egress: Annotated[
        Egress | None, typer.Option(help="What it may reach by itself; with none it is still reached. Open by default.")
    ] = None,
    memory: MemoryOption = None,
    cpus: CpusOption = None,
    pids: Annotated[int | None, typer.Option(metavar="COUNT", help="Processes and threads; 256 by default.")] = None,
    state_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="The most it may keep in /state: 100m, 5g; 1g by default.")
    ] = None,
    state_entries: Annotated[
        int | None, typer.Option(metavar="COUNT", help="The most files and folders in /state; 262144 by default.")
    ] = None,
    scratch: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Writable /tmp and /dev/shm, each so large, of its memory: 64m; by default none."
        ),
    ] = None,
    health: Annotated[
        bool, typer.Option("--health", help="Probe it every 10 s once it is Ready, and restart or mark it.")
    ] = False,
    health_path: Annotated[
        str | None, typer.Option(metavar="PATH", help="What --health asks for; /watcher/status by default.")
    ] = None,
    ttl: Annotated[
        str | None, typer.Option(metavar="TIME", help="Delete it, with all it has, so long after now: 90m, 2h, 7d.")
    ] = None,
    idle_timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop it so long after the last request through the Host.")
    ] = None,
    description: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What it is for, in at most 1 000 characters; status shows it.")
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Register the program in DIR, and start it. Prints its id and its URL.

    Takes the Dockerfile and every other file that .dockerignore leaves in (and nothing of .git). Files travel as
    text, without their modes: have the Dockerfile set what must be executable.

    Examples:

    `hershy deploy examples/tally --wait --build-arg BASE=python:3.12-slim`

    `hershy deploy bot --restart on-failure --memory 512m --health --label team=blue --env KEY=value --ttl 2h`
    """
    from hershy.builds.directory import read_directory

    if wait and not start:
        raise typer.BadParameter("a program that is not started never becomes Ready", param_hint="--no-start --wait")
    require_effect("--timeout", wait or timeout is None, "without --wait")
    sources = read_directory(directory)
    session = Session.of(context, url)
    resources = given(
        memory_bytes=size("--memory", memory),
        cpus=cpus,
        pids=pids,
        state_bytes=size("--state-size", state_size),
        state_entries=state_entries,
        scratch_bytes=size("--scratch", scratch),
    )
    with session.client() as client:
        created = client.create_program(
            user or _user_name(),
            sources.dockerfile,
            sources.src_files,
            build_args=pairs("--build-arg", build_arg or ()),
            env=pairs("--env", env or ()),
            labels=pairs("--label", label or ()),
            restart_policy=restart,
            egress=egress,
            resources=resources or None,
            health_check={"path": health_path} if health_path is not None else health or None,
            ttl=duration("--ttl", ttl),
            idle_timeout=duration("--idle-timeout", idle_timeout),
            description=description,
        )
        if wait:
            _start_and_wait(session, created, PATIENCE if timeout is None else timedelta(seconds=timeout), as_json)
        elif start:
            client.start(created.program_id)
        # A port that somebody else held has been exchanged by now.
        deployed = client.get(created.program_id) if wait or as_json else created
    if as_json:
        output.document(deployed)
    else:
        output.result(deployed.program_id)
        output.result(deployed.proxy_url or "")


def _user_name() -> str:
    """The operating system's user name, made a valid UserID."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a uid without an entry in the user database
        return "user"
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:63].strip("._-") or "user"


def _start_and_wait(session: Session, created: "CreatedProgram", timeout: timedelta, as_json: bool) -> None:
    """Return once the program is Ready; otherwise say why it is not, and exit."""
    from hershy.errors import ProgramFailed, WaitTimeout

    from .progress import show_start

    program_id = created.program_id
    try:
        asyncio.run(show_start(session, program_id, timeout))
    except KeyboardInterrupt:
        output.note(f"no longer waiting; {program_id} goes on. To stop it: hershy stop {program_id}")
        raise typer.Exit(130) from None
    except WaitTimeout as error:
        error.remedy = f"to stop it: hershy stop {program_id}"
        output.refusal(error)
        raise typer.Exit(1) from None
    except ProgramFailed as error:
        output.refusal(error)
        if as_json:
            with session.client() as client:
                output.document(client.get(program_id))
        raise typer.Exit(1) from None
