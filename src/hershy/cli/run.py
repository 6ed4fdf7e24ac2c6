"""The command that runs a piece of code once, in a sandbox: run."""

from pathlib import Path
from typing import Annotated

import typer

from . import output
from .options import (
    ConfigOption,
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
from .session import Session, ended_by_ctrl_c

Texts = list[str] | None


def run(
    context: typer.Context,
    words: Annotated[
        Texts,
        typer.Argument(
            metavar="FILE [ARGS]",
            help="Python code, - to read it from stdin; or, with --image, a command. Put -- before what has options.",
            show_default=False,
        ),
    ] = None,
    image: Annotated[
        str | None, typer.Option(metavar="IMAGE", help="What to run it in, by name; the engine must have it.")
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help="Kill it after so long: 0.5s, 1m; 10s by default.")
    ] = None,
    memory: MemoryOption = None,
    cpus: CpusOption = None,
    env: Annotated[Texts, typer.Option(metavar="KEY=VALUE", help="A variable for the code; repeatable.")] = None,
    stdin: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="The code's stdin, - for this one; empty by default.")
    ] = None,
    file: Annotated[
        Texts,
        typer.Option(metavar="PATH[=NAME]", help="Hand in this file, as NAME in its working directory; repeatable."),
    ] = None,
    collect: Annotated[
        Texts,
        typer.Option(metavar="NAME", help="Bring back this file or folder of it; repeatable. With --out alone, all."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Where to put what is brought back.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files in DIR.")] = False,
    threshold: Annotated[
        int | None, typer.Option(metavar="POINTS", min=1, help="Refuse code that scores so much; 30 by default.")
    ] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Whether to refuse code for its score.")] = True,
    local: Annotated[bool, typer.Option("--local", help="Run it from this process, without a Host.")] = False,
    runtime: Annotated[
        str | None, typer.Option(metavar="runsc|runc|memory", help="What holds it; runsc by default. Implies --local.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    url: UrlOption = None,
) -> None:
    """Run a piece of code once, in a sandbox that is thrown away: no network, nothing of this machine.

    It prints what the code prints, and then, on stderr, how it ended. Exit 0 if the code exited with 0, else 1; 130
    after Ctrl-C, which kills it. Code that looks dangerous is refused, by a score that **--threshold** and
    **--no-check** decide upon. With **--image**, a first word that ends in .py is code for that image; any other is a
    command of it.

    It runs at the Host of --url or HERSHY_URL. Where neither is given and no Host answers at the usual address, this
    process starts the sandbox itself, and says so. It says what held the code, and what weakens the defaults; settings
    come from the environment and from --config, never from the working directory.

    Examples:

    `hershy run hello.py one -- --two`

    `echo 'print(6 * 7)' | hershy run -`

    `hershy run clean.py --file data.csv --collect report --out result --timeout 1m --memory 512m`

    `hershy run --image busybox:1.36 -- sh -c 'echo hi; id'`
    """
    from .run_inputs import Given, job_of
    from .run_output import print_document, print_for_people, unmatched
    from .running import Place, run_at

    if collect and out is None and not as_json:
        raise typer.BadParameter(
            "say where to put it, with --out DIR (or print it, with --json)", param_hint="--collect"
        )
    require_effect("--force", out is not None or not force, "without --out")
    require_effect("--threshold", check or threshold is None, "with --no-check")
    session = Session.of(context, url)
    is_local = local or runtime is not None
    require_effect("--token-file", session.token_file is None or not is_local, "with --local or --runtime")
    require_effect("--config", config is None or is_local, "without --local or --runtime")
    if is_local and session.url is not None:
        raise typer.BadParameter(
            "a Host at a URL runs it as the Host does", param_hint="--url with --local or --runtime"
        )
    asked = Given(
        words or [],
        image or "",
        pairs("--env", env or ()),
        stdin,
        file or [],
        collect or (["."] if out is not None else []),
        given(timeout_s=_seconds(timeout), memory_bytes=size("--memory", memory), cpus=cpus),
    )
    job = job_of(asked)
    with ended_by_ctrl_c():
        place = Place(session, is_local, runtime, config)
        ran = run_at(job, asked.limits, place, check=check, threshold=threshold)
    result = ran.run
    if as_json:
        print_document(ran)
    else:
        print_for_people(ran)
    for line in unmatched(asked.collect, result):
        output.note(f"hershy: {line}")
    if out is not None and result.files:
        from .collected import write_collected

        write_collected(out, result.files, force=force)
        output.note(f"hershy: wrote {', '.join(str(out / name) for name in result.files)}")
    raise typer.Exit(0 if result.is_success else 1)


def _seconds(timeout: str | None) -> float | None:
    time = duration("--timeout", timeout)
    return None if time is None else time.total_seconds()
