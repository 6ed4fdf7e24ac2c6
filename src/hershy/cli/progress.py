"""Starts a program and shows its build and its states, on stderr, until it is Ready."""

import time
from collections.abc import Mapping
from datetime import timedelta

import typer

from hershy.client import BuildLineEvent, LostEvent, ProgramEvent, StateEvent
from hershy.client._async_handle import start_and_wait
from hershy.programs.domain.state import ProgramState

from . import output
from .session import Session


async def show_start(session: Session, program_id: str, timeout: timedelta) -> None:
    """Return once the program is Ready; raises as ``start_and_wait``."""
    began = time.monotonic()
    async with session.async_client() as client:
        await start_and_wait(client, program_id, timeout, lambda event: _show(event, time.monotonic() - began))


def _show(event: ProgramEvent, elapsed_s: float) -> None:
    match event:
        case StateEvent(state=state, previous=previous, event=happened, detail=detail) if state is previous:
            words = f"{happened}: {detail}" if detail else happened
            for line in words.split("\n"):
                output.note(f"          | {line}")
        case StateEvent(state=state):
            output.note(f"{elapsed_s:6.1f} s  {state}", colour=_COLOURS.get(state, typer.colors.CYAN))
        case BuildLineEvent(line=line):
            output.note(f"          | {line}")
        case LostEvent(count=count):
            output.note(f"          | ({count} lines were dropped)")


_COLOURS: Mapping[str, str] = {
    ProgramState.READY: typer.colors.GREEN,
    ProgramState.STOPPED: typer.colors.YELLOW,
    ProgramState.ERROR: typer.colors.RED,
}
