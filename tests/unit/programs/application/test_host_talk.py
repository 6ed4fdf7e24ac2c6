"""The Host on twins: messages, requests, waiting and logs."""

import asyncio
from datetime import timedelta

import pytest

from hershy.errors import (
    DeadlineExceeded,
    InvalidValue,
    ProgramFailed,
    ProgramNotFound,
    ProgramNotReady,
    ProgramUnreachable,
)
from hershy.programs.domain.state import ProgramState as S
from hershy.programs.ports.proxy import ProxyRequest, ProxyResponse
from hershy.programs.ports.runtime import LogQuery
from hershy.testing.twins import Twins
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.program import answer, answer_json


async def test_messages_reach_a_ready_program(hershy_twins: Twins) -> None:
    """The program gets the text; before Ready, and for an empty message, there is a clear refusal."""
    program = await hershy_twins.create()
    with pytest.raises(ProgramNotReady, match="start it, or wait"):
        await hershy_twins.host.message(program.id, "hello")
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, S.READY)
    assert (await hershy_twins.host.message(program.id, "hello")).status == "message sent"
    assert hershy_twins.runtime.program(program.id).messages == ["hello"]
    with pytest.raises(InvalidValue, match="message content cannot be empty"):
        await hershy_twins.host.message(program.id, "")


async def test_what_is_no_receipt_is_told(hershy_twins: Twins) -> None:
    """A program without a WatcherAPI that answers all the same: with its id, and what it says."""
    program = await hershy_twins.ready()
    answers = [
        answer(200, b"what?"),
        answer_json(200, ["message sent"]),
        answer_json(200, {}),
        answer(200, b"x" * 2**21),
    ]

    async def respond(request: ProxyRequest) -> ProxyResponse:
        return answers.pop(0)

    hershy_twins.runtime.program(program.id).respond("POST", "/watcher/message", respond)
    for told in ("what?", r"\[\"message sent\"\]", r"\{\}", "longer than 1048576 bytes"):
        with pytest.raises(ProgramUnreachable, match=f"{program.id}.*{told}"):
            await hershy_twins.host.message(program.id, "hello")


async def test_requests_pass_as_soon_as_ready_is_seen(hershy_twins: Twins) -> None:
    """Whoever sees Ready first may use the proxy at once."""
    program = await hershy_twins.create()
    async with hershy_twins.host.events(program.id) as published:
        await hershy_twins.host.start(program.id)
        while (await hershy_twins.host.get(program.id)).state is not S.READY:
            await anext(published)
    response = await hershy_twins.host.request(program.id, ProxyRequest("GET", "/watcher/status", ()))
    await response.body.aclose()
    assert response.status == 200
    assert await hershy_twins.host.route(program.id) is not None


async def test_the_proxy_is_closed_with_the_program(hershy_twins: Twins) -> None:
    """Stopped, there is no route and requests are refused."""
    program = await hershy_twins.ready()
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    assert await hershy_twins.host.route(program.id) is None
    with pytest.raises(ProgramNotReady):
        await hershy_twins.host.connect_websocket(program.id, "/", (), ())


async def test_waiting_for_ready_ends_when_the_program_fails(hershy_twins: Twins) -> None:
    """No one waits in vain: ProgramFailed carries the reason, a deadline its length, a deletion its id."""
    hershy_twins.runtime.behave(ProgramBehaviour(fails_to_start=True))
    program = await hershy_twins.create()
    with pytest.raises(DeadlineExceeded, match="to be Ready took longer than 5 s"):
        await hershy_twins.host.wait_for(program.id, S.READY, timeout=timedelta(seconds=5))
    await hershy_twins.host.start(program.id)
    with pytest.raises(ProgramFailed, match="fails_to_start"):
        await hershy_twins.host.wait_for(program.id, S.READY)
    waiting = asyncio.ensure_future(hershy_twins.host.wait_for(program.id, S.CREATED, S.ERROR))
    assert (await waiting).state is S.ERROR


async def test_waiting_for_a_deleted_program_ends(hershy_twins: Twins) -> None:
    """ProgramNotFound once it is gone."""
    program = await hershy_twins.create()
    waiting = asyncio.ensure_future(hershy_twins.host.wait_for(program.id, S.READY))
    await asyncio.sleep(0)
    await hershy_twins.host.delete(program.id)
    with pytest.raises(ProgramNotFound):
        await waiting


async def test_following_logs_ends_with_the_container(hershy_twins: Twins) -> None:
    """Lines come as they are written; afterwards the archive answers."""
    program = await hershy_twins.ready()
    following = hershy_twins.host.follow_logs(program.id, LogQuery())
    assert (await anext(following)).text == "program started"
    hershy_twins.runtime.program(program.id).log("more")
    assert (await anext(following)).text == "more"
    await hershy_twins.runtime.exit(program.id, 0)
    assert [line async for line in following] == []
    await hershy_twins.host.wait_for(program.id, S.STOPPED)
    archived = [line.text async for line in hershy_twins.host.follow_logs(program.id, LogQuery(tail=1))]
    assert archived == ["more"]
