"""Nothing that a caller sends is silently ignored: unknown fields, unknown parameters, bodies of calls without one."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hershy.errors import InvalidValue
from hershy.testing.twins import Twins
from hershy.wire import DESCRIBED, Body, read, schemas

from .test_refusals import NEW, UNKNOWN, require_refusal

PROGRAM = {
    **NEW,
    "src_files": {"a.py": ""},
    "build_args": {"A": "1"},
    "env": {"A": "1"},
    "labels": {"a": "1"},
    "resources": {"cpus": 1},
    "restart_policy": {"mode": "always"},
    "health_check": {"path": "/"},
}
SOURCES = {"code": "x = 1", "files": {"b.txt": {"content": "b"}}}
RUN = {**SOURCES, "stdin": {"content": ""}, "env": {"A": "1"}, "limits": {"timeout_s": 3}}
FULL = {
    "NewProgram": PROGRAM,
    "NewPrograms": {"programs": [PROGRAM]},
    "Criteria": {"user_id": "alice", "labels": {"a": "1"}},
    "NewRun": RUN,
    "NewScore": SOURCES,
}
"""A body of each kind, with every object that it may hold."""
FREE = {"src_files", "build_args", "env", "labels", "files"}
"""Objects whose keys are the caller's own."""


def with_one_more(body: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """The body with ``colour`` put into one of its objects, for each of them, and where."""
    if isinstance(body, list):
        for index, entry in enumerate(body):
            for where, changed in with_one_more(entry, f"{place}{index}."):
                yield where, [*body[:index], changed, *body[index + 1 :]]
    elif isinstance(body, dict):
        if place.rstrip(".").rpartition(".")[2] not in FREE:
            yield f"{place}colour", {**body, "colour": "blue"}
        for name, entry in body.items():
            for where, changed in with_one_more(entry, f"{place}{name}."):
                yield where, {**body, name: changed}


PATHS = {
    "/programs": "NewProgram",
    "/bulk/programs": "NewPrograms",
    **{f"/bulk/{what}": "Criteria" for what in ("start", "stop", "restart", "delete")},
    "/sandbox/runs": "NewRun",
    "/sandbox/scores": "NewScore",
}
"""Every call that takes a body."""


def bodies_of(model: type[Body]) -> Iterator[type[Body]]:
    for inner in model.__subclasses__():
        yield inner
        yield from bodies_of(inner)


def test_every_body_refuses_what_it_does_not_know() -> None:
    """A new one cannot forget it."""
    described = schemas(*DESCRIBED)
    for body in set(bodies_of(Body)):
        assert described[body.__name__]["additionalProperties"] is False
        with pytest.raises(InvalidValue, match="colour: unknown field"):
            read(body, {"colour": "blue"})


async def test_every_object_of_every_body_is_closed(client: httpx.AsyncClient) -> None:
    """In the OpenAPI document too, at every depth; and every kind of body is tried below."""
    document = (await client.get("/openapi.json")).json()
    schemas, described = document["components"]["schemas"], set()
    waiting = {it["requestBody"]["content"]["application/json"]["schema"]["$ref"] for it in _operations(document)}
    assert {it.rpartition("/")[2] for it in waiting} == set(FULL)
    with_body = {path for path, methods in document["paths"].items() for it in methods.values() if "requestBody" in it}
    assert with_body == set(PATHS)
    while waiting:
        name = waiting.pop().rpartition("/")[2]
        if name in described or schemas[name].get("type") != "object":
            continue
        described.add(name)
        assert schemas[name]["additionalProperties"] is False, name
        waiting |= _references(schemas[name])
    assert described >= {it.__name__ for it in bodies_of(Body) if not it.__name__.startswith("_")}


def _operations(document: Any) -> list[Any]:
    return [it for methods in document["paths"].values() for it in methods.values() if "requestBody" in it]


def _references(schema: Any) -> set[str]:
    text = json.dumps(schema)
    return {it.partition('"')[0] for it in text.split('"$ref": "')[1:]}


@pytest.mark.parametrize(
    ("path", "where", "body"),
    [(path, where, body) for path, name in PATHS.items() for where, body in with_one_more(FULL[name])],
)
async def test_an_unknown_field_is_refused_at_every_depth(
    client: httpx.AsyncClient, path: str, where: str, body: Any
) -> None:
    """400 naming it with its place; nothing is registered."""
    named = where.replace("programs.0.", "programs.0: ")
    require_refusal(await client.post(path, json=body), 400, f"{named}: unknown field")
    assert (await client.get("/programs")).json()["count"] == 0


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/programs", {**NEW, "egres": "none"}, "egres: unknown field; did you mean egress?"),
        ("/programs", {**NEW, "userId": "a"}, "userId: unknown field; did you mean user_id?"),
        (
            "/programs",
            {**NEW, "resources": {"memory": 1}},
            "resources.memory: unknown field; did you mean memory_bytes?",
        ),
        (
            "/bulk/programs",
            {"programs": [{**NEW, "restart_policy": {"mod": "no"}}]},
            "programs.0: restart_policy.mod: unknown field; did you mean mode?",
        ),
        ("/bulk/stop", {"user": "alice"}, "user: unknown field; did you mean user_id?"),
        (
            "/sandbox/runs",
            {"code": "", "limits": {"timeout": 3}},
            "limits.timeout: unknown field; did you mean timeout_s?",
        ),
        ("/sandbox/runs", {"code": "", "chek": False}, "chek: unknown field; did you mean check?"),
        (
            "/sandbox/runs",
            {"code": "", "files": {"a": {"contents": ""}}},
            "files.a.contents: unknown field; did you mean content?",
        ),
        ("/bulk/stop", {"\ud800": 1}, "?: unknown field; there are: labels, state, user_id"),
        ("/sandbox/scores", {"code": "", "x": 1}, "x: unknown field; there are: code, files"),
    ],
)
async def test_the_nearest_right_field_is_named(client: httpx.AsyncClient, path: str, body: Any, message: str) -> None:
    """Whoever misspells one learns its name."""
    response = await client.post(path, content=json.dumps(body))
    require_refusal(response, 400)
    assert response.json()["message"] == message


async def test_keys_of_the_callers_own_are_free(client: httpx.AsyncClient) -> None:
    """Variables, labels, arguments and files are called as the caller likes."""
    own = {"egres": "1"}
    body = {**NEW, "src_files": own, "build_args": own, "env": own, "labels": own}
    assert (await client.post("/programs", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "twice"),
    [
        ("/programs", '{"user_id": "a", "dockerfile": "FROM x", "egress": "none", "egress": "open"}', "egress"),
        ("/programs", '{"user_id": "a", "dockerfile": "FROM x", "env": {"A": "1", "B": "", "A": "2"}}', "A"),
        ("/bulk/programs", '{"programs": [{"user_id": "a", "user_id": "b", "dockerfile": "FROM x"}]}', "user_id"),
        ("/bulk/delete", '{"user_id": "a", "user_id": "b"}', "user_id"),
        ("/sandbox/runs", '{"code": "", "limits": {"pids": 1, "pids": 9}}', "pids"),
        (f"/programs/{UNKNOWN}/start", '{"a": 1, "a": 1}', "a"),
    ],
)
async def test_a_name_given_twice_is_refused(client: httpx.AsyncClient, path: str, body: str, twice: str) -> None:
    """Which of the two was meant nobody can know."""
    require_refusal(await client.post(path, content=body), 400, f"{twice}: given twice in one object")


@pytest.mark.parametrize("body", ["", " \n", "{}", " {} "])
async def test_calls_without_a_body_take_nothing_said_as_nothing(
    client: httpx.AsyncClient, hershy_twins: Twins, body: str
) -> None:
    """Some clients send an empty object with every POST."""
    program = await hershy_twins.create()
    assert (await client.post(f"/programs/{program.id}/start", content=body)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", f"/programs/{{}}/{call}") for call in ("start", "stop", "restart")),
        ("DELETE", "/programs/{}"),
        ("GET", "/programs"),
        ("GET", "/programs/{}"),
        ("GET", "/programs/{}/logs"),
        ("GET", "/events"),
    ],
)
async def test_calls_without_a_body_refuse_one(
    client: httpx.AsyncClient, hershy_twins: Twins, method: str, path: str
) -> None:
    """A field that would be passed over is named; nothing happens."""
    program = await hershy_twins.create()
    url, call = path.format(program.id), f"{method} {path.format('{program_id}')}"
    message = f"wait: unknown field; {call} takes no body"
    require_refusal(await client.request(method, url, json={"wait": True}), 400, message)
    require_refusal(await client.request(method, url, content=b"[1]"), 400)
    require_refusal(await client.request(method, url, content=b"wait"), 400)
    assert (await client.get(f"/programs/{program.id}")).json()["state"] == "Created"


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/programs/{}/logs?folow=true", "folow: unknown parameter; did you mean follow?"),
        ("GET", "/programs/{}/logs?follow_on=true", "follow_on: unknown parameter; did you mean follow?"),
        ("HEAD", "/programs/{}/logs?folow=true", ""),
        ("GET", "/programs?user=alice", "user: unknown parameter; did you mean user_id?"),
        ("GET", "/programs?labels=a%3D1", "labels: unknown parameter; did you mean label?"),
        ("GET", "/programs/{}/journal?x", "x: unknown parameter; there are: after, limit"),
        ("GET", "/events?after=1", "after: unknown parameter; there are: last_event_id"),
        (
            "POST",
            "/programs/{}/start?wait=true",
            "wait: unknown parameter; POST /programs/{program_id}/start takes none",
        ),
        ("DELETE", "/programs/{}?force=1", "force: unknown parameter; DELETE /programs/{program_id} takes none"),
        ("POST", "/bulk/stop?user_id=alice", "user_id: unknown parameter; POST /bulk/stop takes none"),
        ("GET", "/healthz?x=1", "x: unknown parameter; GET /healthz takes none"),
        ("GET", "/programs/{}/logs?tail=1&tail=2", "tail: given 2 times; one is meant"),
        ("GET", "/programs?label=a%3D1&label=a%3D2", "label: 'a' is given twice"),
        ("GET", "/programs?user_id=a&user_id=b&user_id=c", "user_id: given 3 times; one is meant"),
    ],
)
async def test_a_parameter_that_would_be_ignored_is_refused(
    client: httpx.AsyncClient, hershy_twins: Twins, method: str, path: str, message: str
) -> None:
    """400 naming it, and the nearest there is; nothing happens."""
    program = await hershy_twins.create()
    response = await client.request(method, path.replace("{}", str(program.id)))
    assert response.status_code == 400
    if method != "HEAD":
        require_refusal(response, 400, message)
    assert (await client.get(f"/programs/{program.id}")).json()["state"] == "Created"


async def test_a_parameter_that_is_meant_for_many_may_be_repeated(client: httpx.AsyncClient) -> None:
    """Every label given must match."""
    assert (await client.get("/programs?label=a%3D1&label=b%3D2")).status_code == 200


async def test_every_parameter_that_is_described_is_known(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What the OpenAPI document says of a call is what it takes."""
    program = await hershy_twins.create()
    document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                url = f"{path.replace('{program_id}', str(program.id))}?{parameter['name']}=%00"
                assert "unknown parameter" not in (await client.get(url)).text


async def test_what_goes_to_a_program_is_the_programs(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Its own parameters and bodies reach it, whatever they are called."""
    program = await hershy_twins.ready()
    url = f"/programs/{program.id}/proxy/watcher/status?folow=1&folow=2"
    assert (await client.request("GET", url, json={"wait": True})).status_code == 200
