"""The command that says what is missing on this machine: doctor."""

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from . import output
from .options import ConfigOption, JsonOption, given

if TYPE_CHECKING:
    from hershy.core.diagnosis import Requirement


def doctor(
    runtime: Annotated[
        str | None, typer.Option(metavar="memory|runc|runsc", help="Check what this runtime needs; runsc by default.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a Host needs from this machine, and the command that mends what is missing. Changes nothing."""
    from hershy.wiring import diagnose

    findings = asyncio.run(diagnose(**given(runtime=runtime, config=config)))
    healthy = all(finding.ok or not finding.required for finding in findings)
    if as_json:
        output.document({"ok": healthy, "findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            _print_finding(finding)
        output.result("A Host can start here." if healthy else "A Host cannot start here yet.")
    raise typer.Exit(0 if healthy else 1)


def _print_finding(finding: "Requirement") -> None:
    mark = "ok" if finding.ok else "missing" if finding.required else "optional"
    output.result(f"{mark:<9} {finding.name:<20} {finding.detail}")
    if not finding.ok and finding.remedy:
        output.result(f"{'':<9} {'':<20} -> {finding.remedy}")
