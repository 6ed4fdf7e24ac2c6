"""What a user wants to write, as the README has it, on twins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import hershy
from hershy.testing.twins import Twins
from hershy_adapters.memory.program import answer_json

TALLY = Path(__file__).parents[2] / "examples" / "tally"
ON_TWINS = {"runtime": "memory", "clock": "memory"}


@pytest.fixture
async def host() -> AsyncIterator[hershy.Host]:
    async with hershy.open_host(**ON_TWINS) as host:
        yield host


async def test_a_program_for_as_long_as_it_is_needed(host: hershy.Host, capsys: pytest.CaptureFixture[str]) -> None:
    """Built from a directory, Ready inside, deleted afterwards."""
    async with host.running(hershy.BuildSpec.from_directory(TALLY), user="alice") as program:
        assert (await program.get()).state == "Ready"
        assert (program.state, program.url) == ("Ready", program.info.proxy_url)
        print(await program.message("add 5"))
        assert "message sent" in capsys.readouterr().out
        assert (await program.restart()).state == "Ready"
        assert isinstance(await program.logs(), str)
        assert (await program.stop()).state == program.state == "Stopped"
        await program.start()
        assert (await program.wait_for("Ready")).state == "Ready"
        assert repr(program) == f"<program {program.id}, Ready>"
    assert await host.list() == []


async def test_a_program_is_asked_as_a_client_asks_it(hershy_twins: Twins) -> None:
    """Any request, with parameters and a body, and its whole answer, whatever its status; its output, followed."""
    asked: list[hershy.ProxyRequest] = []

    async def answer(request: hershy.ProxyRequest) -> hershy.ProxyResponse:
        asked.append(request)
        return answer_json(201, {"total": 5})

    async with hershy_twins.host.running(hershy.BuildSpec("FROM scratch"), user="alice") as program:
        hershy_twins.runtime.program(program.id).respond("PUT", "/a%20b", answer)
        got = await program.request("PUT", "a b?x=1", params={"y": "é&"}, headers={"X-Y": "z"}, content=b"five")
        assert (got.status, got.json()) == (201, {"total": 5})
        assert ("content-type", "application/json") in got.headers
        assert [(it.method, it.target) for it in asked] == [("PUT", "/a%20b?x=1&y=%C3%A9%26")]
        assert {("X-Y", "z"), ("content-length", "4")} <= set(asked[0].headers)
        lines = program.follow_logs(tail=1)
        assert [await anext(lines)] == (await program.logs(tail=1)).splitlines()
        await lines.aclose()
        await program.delete()
    with pytest.raises(hershy.errors.ProgramNotFound):
        await program.get()


async def test_whatever_happens_nothing_of_it_is_left(host: hershy.Host) -> None:
    """An error inside, one on the way, a cancellation."""
    spec = hershy.BuildSpec("FROM scratch")
    with pytest.raises(ZeroDivisionError):
        async with host.running(spec, user="alice"):
            raise ZeroDivisionError
    with pytest.raises(hershy.errors.ProgramFailed) as caught:
        async with host.running(hershy.BuildSpec("FROM scratch\nRUN false"), user="alice"):
            pass
    assert (caught.value.state, str(caught.value.program_id)[:5]) == ("Error", "alice")
    assert await host.list() == []

    entered = asyncio.Event()

    async def until_cancelled() -> None:
        async with host.running(spec, user="alice"):
            entered.set()
            await asyncio.Event().wait()

    waiting = asyncio.create_task(until_cancelled())
    await entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await host.list() == []


async def test_texts_are_as_good_as_the_ids_they_make(hershy_twins: Twins) -> None:
    """And validated."""
    host = hershy_twins.host
    program = await host.create(hershy.ProgramRequest("alice", hershy.BuildSpec("FROM scratch")))
    assert (await host.get(str(program.id))).id == program.id
    assert await host.list(hershy.ProgramFilter(user_id="alice")) == [program]  # type: ignore[arg-type]
    await host.start(str(program.id))
    await host.wait_for(str(program.id), hershy.ProgramState.READY)
    await host.delete(str(program.id))
    with pytest.raises(hershy.errors.InvalidValue, match="UserID must be"):
        hershy.ProgramRequest("-", hershy.BuildSpec("FROM scratch"))
    with pytest.raises(hershy.errors.InvalidValue, match="ProgramID must be"):
        await host.get("nonsense")
    with pytest.raises(hershy.errors.ProgramNotFound):
        await host.get(str(program.id))


def test_a_piece_of_code_without_an_event_loop() -> None:
    """It blocks, and gives the library's result."""
    result = hershy.run_code("print(6 * 7)", **ON_TWINS)
    assert isinstance(result, hershy.SandboxResult)
    assert result.outcome is hershy.Outcome.FINISHED


async def test_a_piece_of_code_inside_of_one() -> None:
    """There too."""
    assert hershy.run_code("print(6 * 7)", **ON_TWINS).is_success


async def test_the_api_in_an_application_of_one_s_own(host: hershy.Host) -> None:
    """Below a prefix: calls, refusals, and the way to a program."""
    app = Starlette()
    app.mount("/hershy", hershy.asgi.app(host))
    async with (
        host.running(hershy.BuildSpec("FROM scratch"), user="alice") as program,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mine") as client,
    ):
        shown = await client.get(f"/hershy/programs/{program.id}")
        assert (shown.status_code, shown.json()["state"]) == (200, "Ready")
        proxied = await client.get(f"/hershy/programs/{program.id}/proxy/watcher/status")
        assert proxied.status_code == 200
        assert (await client.get("/hershy/nothing")).json()["code"] == 404
        assert (await client.get("/hershy/openapi.json")).status_code == 200
