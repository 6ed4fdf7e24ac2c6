"""How a run is shown: what the code printed as it is, and a line on how it ended; or one JSON document."""

from collections.abc import Iterator, Sequence

from hershy.core.resources import MIB
from hershy.sandbox.domain.job import EVERYTHING
from hershy.sandbox.domain.result import Outcome, SandboxResult
from hershy.sandbox.domain.risk import RiskReport
from hershy.wire import run_view, written

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
    config = {} if ran.config is None else {"config": ran.config}
    output.document({**written(run_view(ran.run)), "at": ran.at, **config})


def unmatched(collect: Sequence[str], run: SandboxResult) -> Iterator[str]:
    """A sentence for each name to bring back that nothing was found under, if the code has run."""
    if run.outcome in (Outcome.REFUSED, Outcome.SYNTAX_ERROR):
        return
    found = [*run.files, *run.files_left_out]
    for name in collect:
        if name == EVERYTHING and not found:
            yield "there was no file to bring back"
        elif name != EVERYTHING and not any(it == name or it.startswith(f"{name}/") for it in found):
            yield f"--collect {name}: no file was there by this name"


def _figures(run: SandboxResult) -> Iterator[str]:
    if run.outcome is Outcome.REFUSED:
        return
    memory = "" if run.peak_memory_bytes is None else f", {run.peak_memory_bytes / MIB:.0f} MiB of memory"
    yield f"{run.duration.total_seconds():.2f} s{memory}"
    if run.risk is not None and run.risk.score:
        yield f"risk score {run.risk.score}"


def _place(ran: Ran) -> Iterator[str]:
    if ran.run.runtime:
        configured = f", configured by {ran.config}" if ran.config else ""
        yield f"held by {ran.run.runtime} {'at' if '://' in ran.at else 'in'} {ran.at}{configured}"


def _reasons(risk: RiskReport) -> Iterator[str]:
    for it in risk.reasons[:REASONS_SHOWN]:
        yield f"{it.file}, line {it.line}: {it.message} ({it.rule}, {it.points} points)"
    if len(risk.reasons) > REASONS_SHOWN:
        yield f"and {len(risk.reasons) - REASONS_SHOWN} more"
