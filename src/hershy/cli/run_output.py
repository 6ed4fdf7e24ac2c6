"""How a run is shown: what the code printed as it is, and a line on how it ended; or one JSON document."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from hershy.client import RiskInfo, RunInfo
from hershy.core.resources import MIB
from hershy.sandbox.domain.job import EVERYTHING
from hershy.sandbox.domain.result import Outcome

from . import output
from .running import Ran

REASONS_SHOWN = 20


def print_for_people(ran: Ran) -> None:
    """The code's own output to stdout and stderr, and then more to stderr."""
    run = ran.run
    output.raw(run.raw_stdout)
    output.raw(run.raw_stderr, to_stderr=True)
    if run.raw_stderr and not run.raw_stderr.endswith(b"\n"):
        output.note("")
    if run.outcome is Outcome.REFUSED and run.risk is not None and run.risk.reasons:
        # Its message tells the first few of them, on one line.
        output.note(f"hershy: refused: scored {run.risk.score}, of {run.risk.threshold} at which code is refused")
        for line in _reasons(run.risk):
            output.note(f"  {line}")
    else:
        output.note(f"hershy: {'; '.join([run.message, *_figures(run), *_place(ran)])}")
    if run.files_left_out:
        output.note(f"hershy: not brought back, for there is too much: {', '.join(run.files_left_out)}")


def print_document(ran: Ran) -> None:
    """As the Host's API shows a run; and where it was: ``at`` and ``config``."""
    run = ran.run
    document = {it.name: getattr(run, it.name) for it in fields(run) if not it.name.startswith("raw_")}
    document |= _as_text("stdout", run.raw_stdout) | _as_text("stderr", run.raw_stderr)
    document |= {
        "exception": None if run.exception is None else asdict(run.exception),
        "files": {path: _file(content) for path, content in run.files.items()},
        "risk": None if run.risk is None else asdict(run.risk),
        "at": ran.at,
        "config": ran.config,
    }
    output.document(document)


def unmatched(collect: Sequence[str], run: RunInfo) -> Iterator[str]:
    """A sentence for each name to bring back that nothing was found under, if the code has run."""
    if run.outcome in (Outcome.REFUSED, Outcome.SYNTAX_ERROR):
        return
    found = [*run.files, *run.files_left_out]
    for name in collect:
        if name == EVERYTHING and not found:
            yield "there was no file to bring back"
        elif name != EVERYTHING and not any(it == name or it.startswith(f"{name}/") for it in found):
            yield f"--collect {name}: no file was there by this name"


def _figures(run: RunInfo) -> Iterator[str]:
    if run.outcome is Outcome.REFUSED:
        return
    memory = "" if run.peak_memory_bytes is None else f", {run.peak_memory_bytes / MIB:.0f} MiB of memory"
    yield f"{run.duration_s:.2f} s{memory}"
    if run.risk is not None and run.risk.score:
        yield f"risk score {run.risk.score}"


def _place(ran: Ran) -> Iterator[str]:
    if ran.run.runtime:
        configured = f", configured by {ran.config}" if ran.config else ""
        yield f"held by {ran.run.runtime} {'at' if '://' in ran.at else 'in'} {ran.at}{configured}"


def _reasons(risk: RiskInfo) -> Iterator[str]:
    for it in risk.reasons[:REASONS_SHOWN]:
        yield f"{it.file}, line {it.line}: {it.message} ({it.rule}, {it.points} points)"
    if len(risk.reasons) > REASONS_SHOWN:
        yield f"and {len(risk.reasons) - REASONS_SHOWN} more"


def _as_text(name: str, raw: bytes) -> dict[str, Any]:
    try:
        return {name: raw.decode()}
    except UnicodeDecodeError:
        return {name: raw.decode("utf-8", "replace"), f"{name}_base64": base64.b64encode(raw).decode()}


def _file(raw: bytes) -> dict[str, Any]:
    try:
        return {"content": raw.decode(), "encoding": "utf-8", "size": len(raw)}
    except UnicodeDecodeError:
        return {"content": base64.b64encode(raw).decode(), "encoding": "base64", "size": len(raw)}
