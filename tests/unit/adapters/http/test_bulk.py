"""Requests for many programs: each has its result, and what is created is created together or not at all."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.programs.domain.state import ProgramState
from hershy.testing.twins import Twins

from .test_refusals import UNKNOWN, require_refusal

MOMENT = timedelta(milliseconds=10)
NEW = {"user_id": "alice", "dockerfile": "FROM scratch"}
INITIATED = {"ok": True, "code": 200}


async def bulk(client: httpx.AsyncClient, what: str, **criteria: Any) -> dict[str, Any]:
    response = await client.post(f"/bulk/{what}", json=criteria)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    assert set(body) == {"results", "count", "failed"}
    assert body["count"] == len(body["results"])
    return body


async def test_start_stop_restart_delete(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Every matching program, in order of registration, with what the single call would have answered."""
    mine = [await hershy_twins.create(labels={"team": "a", "n": str(n)}) for n in range(3)]
    other = await hershy_twins.create(user="bob", labels={"team": "b"})
    ids = [str(it.id) for it in mine]

    async def all_are(state: ProgramState) -> None:
        for it in mine:
            await hershy_twins.host.wait_for(it.id, state)

    for what, state in (
        ("start", ProgramState.READY),
        ("restart", ProgramState.READY),
        ("stop", ProgramState.STOPPED),
    ):
        body = await bulk(client, what, labels={"team": "a"})
        message = f"program {what} initiated"
        assert body["results"] == [{"program_id": it, **INITIATED, "message": message} for it in ids]
        assert body["failed"] == 0
        await all_are(state)
    assert (await hershy_twins.host.get(other.id)).state is ProgramState.CREATED
    body = await bulk(client, "delete", user_id="alice", state="Stopped")
    assert [it["message"] for it in body["results"]] == ["program deleted successfully"] * 3
    assert [it.id for it in await hershy_twins.host.list()] == [other.id]


async def test_one_failure_stops_no_other(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A refused program is told all that its own call is told; the rest goes on."""
    first, running, last = await hershy_twins.create(), await hershy_twins.ready(), await hershy_twins.create()
    body = await bulk(client, "start", user_id="alice")
    assert (body["count"], body["failed"]) == (3, 1)
    refused = (await client.post(f"/programs/{running.id}/start")).json()
    assert body["results"][1] == {"program_id": str(running.id), "ok": False, **refused}
    assert (refused["code"], refused["remedy"]) == (409, "stop it first, or wait until it has stopped")
    for it in (first, last):
        await hershy_twins.host.wait_for(it.id, ProgramState.READY)


async def test_nothing_matches(client: httpx.AsyncClient) -> None:
    """An empty result, and no error."""
    assert await bulk(client, "stop", user_id="nobody") == {"results": [], "count": 0, "failed": 0}


@pytest.mark.parametrize("what", ["start", "stop", "restart", "delete"])
@pytest.mark.parametrize(
    ("criteria", "parts"),
    [
        ({}, ["user_id, labels or state is required"]),
        ({"labels": {}}, ["required"]),
        ({"user_id": None}, ["required"]),
        ({"user": "alice", "state": "Ready"}, ["user"]),
        ({"state": "Levitating"}, ["state", "Ready"]),
        ({"user_id": "a b"}, ["UserID"]),
        ({"labels": {"a": 1}}, ["labels.a"]),
        ({"labels": "a=b"}, ["labels"]),
        ([], ["object"]),
    ],
)
async def test_criteria(
    client: httpx.AsyncClient, hershy_twins: Twins, what: str, criteria: Any, parts: list[str]
) -> None:
    """No criterion, a misspelt one or a wrong value must never mean everything."""
    program = await hershy_twins.create()
    require_refusal(await client.post(f"/bulk/{what}", json=criteria), 400, *parts)
    assert (await hershy_twins.host.get(program.id)).state is ProgramState.CREATED


async def test_create(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Several programs in one request, each as its own call would have answered, in the given order."""
    response = await client.post("/bulk/programs", json={"programs": [NEW, {**NEW, "user_id": "bob"}]})
    body = response.json()
    assert (response.status_code, body["count"]) == (201, 2)
    assert [set(it) for it in body["programs"]] == [{"program_id", "build_id", "state", "proxy_url", "created_at"}] * 2
    registered = await hershy_twins.host.list()
    assert [it["program_id"] for it in body["programs"]] == [str(it.id) for it in registered]
    assert [str(it.user_id) for it in registered] == ["alice", "bob"]


@pytest.mark.parametrize(
    ("programs", "parts"),
    [
        (None, ["programs is required"]),
        ([], ["programs is required"]),
        ({}, ["programs is required"]),
        ([NEW, 7], ["programs.1: must be a JSON object"]),
        ([NEW, {"user_id": "alice"}], ["programs.1: dockerfile is required"]),
        ([NEW, NEW, {**NEW, "resources": {"pids": "x"}}], ["programs.2: resources.pids"]),
        ([{**NEW, "src_files": {"../x": ""}}], ["programs.0: ", "../x"]),
        ([NEW, {**NEW, "resources": {"pids": 10**9}}], ["programs.1: resources: pids", "at most"]),
        ([NEW] * 101, ["programs", "100"]),
    ],
)
async def test_create_none(client: httpx.AsyncClient, hershy_twins: Twins, programs: Any, parts: list[str]) -> None:
    """One that is wrong, named by its index, and none is registered."""
    require_refusal(await client.post("/bulk/programs", json={"programs": programs}), 400, *parts)
    assert await hershy_twins.host.list() == []


async def test_while_the_engine_is_away(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Reads are answered; every change is refused with 503 and a reason, and works once the engine is back."""
    ready, resting = await hershy_twins.ready(), await hershy_twins.create()
    hershy_twins.runtime.machine.is_down = True
    await hershy_twins.clock.sleep(MOMENT)
    assert not hershy_twins.host.engine_is_up
    for path in ("", f"/{ready.id}", f"/{ready.id}/source", f"/{ready.id}/journal", f"/{resting.id}/logs"):
        assert (await client.get(f"/programs{path}")).status_code == 200, path
    changes: list[tuple[str, str, Any]] = [
        ("POST", "/programs", NEW),
        ("POST", "/bulk/programs", {"programs": [NEW]}),
        ("DELETE", f"/programs/{resting.id}", None),
        *(("POST", f"/programs/{it.id}/{what}", None) for it, what in ((resting, "start"), (ready, "stop"))),
        ("POST", f"/programs/{ready.id}/restart", None),
        *(("POST", f"/bulk/{what}", {"user_id": "alice"}) for what in ("start", "stop", "restart", "delete")),
    ]
    for method, path, body in changes:
        response = await client.request(method, path, json=body)
        require_refusal(response, 503, "the container engine does not answer")
    require_refusal(await client.post(f"/programs/{UNKNOWN}/start"), 404)
    hershy_twins.runtime.machine.is_down = False
    await hershy_twins.clock.sleep(timedelta(minutes=1))
    assert (await client.post(f"/programs/{ready.id}/stop")).status_code == 200
    await hershy_twins.host.wait_for(ready.id, ProgramState.STOPPED)
