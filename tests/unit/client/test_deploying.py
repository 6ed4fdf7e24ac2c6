"""A directory deployed by either client, and the handle of what came of it."""

import json
from pathlib import Path

import httpx
import pytest

import hershy
from hershy.client import AsyncClient, Client, StateEvent
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport

TALLY = str(Path(__file__).parents[3] / "examples/tally")
ID = "alice-build-0123456789ab-89abcdef"


async def test_deploying_a_directory(hershy_twins: Twins) -> None:
    """The asyncio client returns a Ready program's handle, having told what happened meanwhile."""
    told: list[object] = []
    transport = AsgiTransport(hershy.asgi.app(hershy_twins.host))
    async with AsyncClient("http://host", transport=transport) as client:
        program = await client.deploy(TALLY, user="alice", progress=told.append, labels={"a": "b"})
        assert (program.state, program.info.labels) == ("Ready", {"a": "b"})
        assert str(await program.message("add 5"))
        assert [it.state for it in told if isinstance(it, StateEvent)][-1] == "Ready"
        with pytest.raises(hershy.errors.IllegalTransition) as caught:
            await program.start()
        assert (caught.value.status, caught.value.program_id, caught.value.state) == (409, program.id, "Ready")
        await program.delete()
        with pytest.raises(hershy.errors.ProgramNotFound) as gone:
            await program.get()
        assert gone.value.program_id == program.id


def test_deploying_a_directory_and_blocking() -> None:
    """The blocking client starts once it listens, and reports what follows until Ready."""
    program = {
        "program_id": ID,
        "build_id": "build-0123456789ab",
        "user_id": "alice",
        "state": "Ready",
        "proxy_url": "http://localhost:19001",
        "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:00:00Z",
    }
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        if request.url.path.endswith("/events"):
            states = ("Created", "Building", "Ready")
            entry = {"id": 7, "program_id": ID, "at": "2026-11-20T10:00:00Z", "event": "x"}
            told = "".join(f"event: state\ndata: {json.dumps(entry | {'state': it})}\n\n" for it in states)
            return httpx.Response(200, text=told)
        if request.url.path.endswith("/start"):
            return httpx.Response(200, json={"program_id": ID, "state": "Created", "message": "started"})
        return httpx.Response(200, json=program)

    told: list[StateEvent] = []
    with Client("http://host", transport=httpx.MockTransport(answer)) as client:
        deployed = client.deploy(TALLY, user="alice", progress=told.append)  # type: ignore[arg-type]
    assert (deployed.id, deployed.state, deployed.url) == (ID, "Ready", "http://localhost:19001")
    assert [it.state for it in told] == ["Building", "Ready"]
    assert [it.rpartition("/")[2] for it in asked] == ["programs", "events", "start", ID]


def test_connecting_sends_nothing() -> None:
    """``connect`` gives a client of the URL."""
    with hershy.connect("http://nowhere.test") as client:
        assert client.url == "http://nowhere.test"
