"""Starts a program and shows its build and its states, on stderr, until it is Ready."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from datetime import timedelta

import typer

from hershy.client import (
    AsyncClient,
    BuildLineEvent,
    LostEvent,
    ProgramEvent,
    ServerUnreachable,
    StateEvent,
    Wait,
    WaitStep,
    WaitTimeout,
)
from hershy.programs.domain.state import ProgramState

from . import output
from .session import Session


async def start_and_wait(session: Session, program_id: str, timeout: timedelta) -> None:
    """Return once the program is Ready.

    Raises ProgramEnded when it comes to rest instead, WaitTimeout after ``timeout``. Either way, and when
    cancelled, the program is left as it is.
    """
    wait = Wait.make(program_id, ProgramState.READY)
    try:
        async with asyncio.timeout(timeout.total_seconds()), session.async_client() as client:
            if await _start_and_listen(client, wait) is WaitStep.ASK_AGAIN:
                await client.wait_for(program_id, wait.states, timeout)
    except TimeoutError as error:
        raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds()) from error


async def _start_and_listen(client: AsyncClient, wait: Wait) -> WaitStep:
    began = time.monotonic()
    async with aclosing(client.events(wait.program_id)) as events:
        await anext(events)  # the present state: from here on no event is missed, so start only now
        await client.start(wait.program_id)
        async for event in events:
            _show(event, time.monotonic() - began)
            if (verdict := wait.judge(event)) is not WaitStep.GO_ON:
                return verdict
    raise ServerUnreachable(client.url, "the event stream ended")


def _show(event: ProgramEvent, elapsed_s: float) -> None:
    match event:
        case StateEvent(state=state, previous=previous, event=happened, detail=detail) if state is previous:
            output.note(f"          | {happened}: {detail}" if detail else f"          | {happened}")
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
