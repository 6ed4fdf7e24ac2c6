"""Everything that is refused has the one shape, a fitting status, and a sentence that helps."""

import json
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from hershy.errors import (
    AlreadyExists,
    BuildError,
    ConfigurationError,
    ContractViolation,
    DeadlineExceeded,
    EngineUnavailable,
    HershyError,
    IllegalTransition,
    ImageNotFound,
    PortHeld,
    ProgramNotReady,
    ProgramNotRunning,
    ProgramTimeout,
    ProgramUnreachable,
    QuotaExceeded,
)
from hershy.programs.ports.api_server import Message
from hershy.testing.twins import Twins
from hershy_adapters.http._errors import refusal_of
from hershy_adapters.http.app import create_app

from .conftest import MAX_BODY_BYTES

NEW: dict[str, Any] = {"user_id": "alice", "dockerfile": "FROM scratch"}
UNKNOWN = "alice-build-0123456789ab-00000000"


def require_refusal(response: httpx.Response, status: int, *parts: str, remedy: str = "") -> None:
    body = response.json()
    assert response.status_code == status, body
    assert set(body) - {"detail", "remedy"} == {"error", "code", "message"}
    assert all(isinstance(body[name], str) for name in {"detail", "remedy"} & set(body))
    assert (body["error"], body["code"]) == (HTTPStatus(status).phrase, status)
    for part in parts:
        assert part in body["message"]
    assert remedy in body.get("remedy", "")


@pytest.mark.parametrize("missing", ["user_id", "dockerfile"])
@pytest.mark.parametrize("value", [..., None, "", " \n"])
async def test_required(client: httpx.AsyncClient, missing: str, value: object) -> None:
    """Missing, null and blank are the same, in exactly these words."""
    body = {**NEW, missing: value}
    if value is ...:
        del body[missing]
    response = await client.post("/programs", json=body)
    require_refusal(response, 400)
    assert response.json()["message"] == f"{missing} is required"


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"user_id": 7}, ["user_id", "string"]),
        ({"user_id": "a b"}, ["UserID"]),
        ({"user_id": "-a"}, ["UserID"]),
        ({"dockerfile": ["FROM x"]}, ["dockerfile", "string"]),
        ({"src_files": []}, ["src_files"]),
        ({"src_files": {"a.py": 1}}, ["src_files.a.py", "string"]),
        ({"src_files": {"/etc/passwd": ""}}, ["/etc/passwd", "absolute"]),
        ({"src_files": {"../x": ""}}, ["../x"]),
        ({"src_files": {"a/../../x": ""}}, [".."]),
        ({"src_files": {"a\0b": ""}}, ["NUL"]),
        ({"src_files": {"Dockerfile": ""}}, ["Dockerfile"]),
        ({"src_files": {"a.py": "\ud800"}}, ["surrogate"]),
        ({"user_id": "\ud800"}, ["UserID"]),
        ({"env": {"A": 1}}, ["env.A"]),
        ({"env": {"A=B": "1"}}, ["A=B"]),
        ({"labels": "x"}, ["labels"]),
        ({"build_args": {"A": None}}, ["build_args.A"]),
        ({"resources": {"cpus": True}}, ["resources.cpus"]),
        ({"resources": {"pids": 1.5}}, ["resources.pids"]),
        ({"resources": {"pids": "many"}}, ["resources.pids"]),
        ({"resources": {"memory_bytes": 1}}, ["memory_bytes", "at least"]),
        ({"resources": {"memory_bytes": 10**30}}, ["memory_bytes", "at most"]),
        ({"resources": 1}, ["resources"]),
        ({"restart_policy": "sometimes"}, ["restart_policy.mode", "on-failure"]),
        ({"restart_policy": 1}, ["restart_policy"]),
        ({"restart_policy": {"max_restarts": 0, "mode": "always"}}, ["max_restarts"]),
        ({"restart_policy": {"base_delay_s": -1}}, ["base_delay_s"]),
        ({"restart_policy": {"window_s": 1e300}}, ["window_s"]),
        ({"health_check": "yes"}, ["health_check"]),
        ({"health_check": {"path": "status"}}, ["health_check: path"]),
        ({"health_check": {"interval_s": 0.1}}, ["health_check: interval"]),
        ({"health_check": {"timeout_s": "2"}}, ["health_check.timeout_s"]),
        ({"health_check": {"failures": 0}}, ["health_check: failures"]),
        ({"ttl_s": 0}, ["ttl", "at least 1 s"]),
        ({"ttl_s": "1h"}, ["ttl_s", "number"]),
        ({"ttl_s": 1e12}, ["ttl_s"]),
        ({"idle_timeout_s": -1}, ["idle_timeout_s"]),
        ({"egress": "some"}, ["egress", "open", "none"]),
        ({"egress": True}, ["egress"]),
        ({"description": 1}, ["description", "string"]),
        ({"description": "x" * 1001}, ["description", "at most 1000"]),
        ({"description": "a\0b"}, ["description", "NUL"]),
        ({"description": "\ud800"}, ["description", "surrogate"]),
    ],
)
async def test_wrong_value(client: httpx.AsyncClient, change: dict[str, Any], parts: list[str]) -> None:
    """A value of the wrong type or against a rule is a 400 that names it; nothing is registered."""
    require_refusal(await client.post("/programs", content=json.dumps({**NEW, **change})), 400, *parts)
    assert (await client.get("/programs")).json()["count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe\xfd",
        b'{"user_id": NaN}',
        b'{"resources": {"cpus": Infinity}}',
        b'{"user_id": "a", "dockerfile": "FROM x", "resources": {"cpus": 1e999}}',
        b"[" * 5000,
        b'{"a":' * 1500,
        b'{"resources": {"pids": ' + b"9" * 5000 + b"}}",
    ],
    ids=range(13),
)
async def test_bad_json(client: httpx.AsyncClient, body: bytes) -> None:
    """What is not a JSON object is a 400, however it is built."""
    require_refusal(await client.post("/programs", content=body), 400)


async def test_too_large(client: httpx.AsyncClient) -> None:
    """A body beyond the limit is a 413, announced or streamed; one within it is read."""

    async def streamed() -> Any:
        for _ in range(20):
            yield b" " * 1000

    large = b" " * (MAX_BODY_BYTES + 1)
    require_refusal(await client.post("/programs", content=large), 413, "max_body_bytes")
    require_refusal(await client.post("/programs", content=streamed()), 413, "max_body_bytes")
    body = json.dumps(NEW).encode()
    padded = body + b" " * (MAX_BODY_BYTES - len(body))
    assert (await client.post("/programs", content=padded)).status_code == 201


@pytest.mark.parametrize("program_id", [UNKNOWN, "nonsense", "a%20b", "%00", "%F0%9F", "..", "x" * 3000])
async def test_unknown_program(client: httpx.AsyncClient, program_id: str) -> None:
    """An id nobody has is a 404, well-formed or not, on every call."""
    for method, path in (
        ("GET", "/programs/{}"),
        ("DELETE", "/programs/{}"),
        ("POST", "/programs/{}/start"),
        ("POST", "/programs/{}/stop"),
        ("POST", "/programs/{}/restart"),
        ("GET", "/programs/{}/logs"),
        ("GET", "/programs/{}/logs?follow=true"),
        ("GET", "/programs/{}/logs?stream=build"),
        ("GET", "/programs/{}/source"),
        ("GET", "/programs/{}/events"),
        ("GET", "/debug/proxy/{}"),
        ("GET", "/programs/{}/proxy/x"),
    ):
        if program_id == "..":
            continue
        require_refusal(await client.request(method, path.format(program_id)), 404, "program not found: ")


async def test_slash_in_id(client: httpx.AsyncClient) -> None:
    """An encoded slash is an unknown program or call, never a failure."""
    for path in ("/programs/a%2Fb", "/programs/a%2Fb/start", "/programs/a%2Fb/proxy/x", "/programs/%2F"):
        require_refusal(await client.get(path), 404)


async def test_unknown_call(client: httpx.AsyncClient) -> None:
    """A path nobody serves is a 404 that says so."""
    for path in ("/", "/nothing", "/programs/", f"/programs/{UNKNOWN}/nothing", "/programs//start"):
        require_refusal(await client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/programs", "GET, HEAD, POST"),
        ("PATCH", f"/programs/{UNKNOWN}", "DELETE, GET, HEAD"),
        ("GET", f"/programs/{UNKNOWN}/start", "POST"),
        ("HEAD", f"/programs/{UNKNOWN}/start", "POST"),
        ("BREW", "/programs", "GET, HEAD, POST"),
    ],
)
async def test_wrong_method(client: httpx.AsyncClient, method: str, path: str, allowed: str) -> None:
    """A method that a path does not have is a 405 that lists all it has."""
    response = await client.request(method, path)
    assert response.headers["allow"] == allowed
    if method != "HEAD":
        require_refusal(response, 405, allowed)


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("tail=-1", "tail"),
        ("tail=x", "tail"),
        ("tail=9999999", "tail"),
        ("follow=perhaps", "follow"),
        ("stream=both", "stream"),
        ("since=yesterday", "since"),
        ("since=2026-13-01T00:00:00Z", "since"),
        ("since=-5m", "since"),
        ("since=5", "since"),
        ("since=999999999999d", "since"),
        ("since=", "since"),
        ("stream=build&since=5m", "since"),
    ],
)
async def test_wrong_query(client: httpx.AsyncClient, hershy_twins: Twins, query: str, part: str) -> None:
    """A query value that does not fit is a 400 that names it."""
    program = await hershy_twins.create()
    require_refusal(await client.get(f"/programs/{program.id}/logs?{query}"), 400, part)


@pytest.mark.parametrize("query", ["state=Sleeping", "user_id=a%20b", "label=x", "label==1"])
async def test_wrong_filter(client: httpx.AsyncClient, query: str) -> None:
    """A filter that cannot match anything is a mistake."""
    require_refusal(await client.get(f"/programs?{query}"), 400)


async def test_not_running(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Stop and restart of what does not run are 404 in the contract's words, which clients compare with."""
    program = await hershy_twins.create()
    for call in ("stop", "restart"):
        answer = await client.post(f"/programs/{program.id}/{call}")
        require_refusal(answer, 404)
        assert answer.json() == {
            "error": "Not Found",
            "code": 404,
            "message": "program not running",
            "detail": f"{program.id} is Created",
            "remedy": "use /start ('hershy start') to run it",
        }


async def test_which_one_and_what_to_do_are_fields_of_their_own(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """No message says again what ``remedy`` says; which program, and its state, is ``detail``."""
    created, ready = await hershy_twins.create(), await hershy_twins.ready()
    for call, detail, remedy in (
        (f"/programs/{ready.id}/start", f"{ready.id} is Ready", "stop it first, or wait until it has stopped"),
        (f"/programs/{created.id}/proxy/x", f"{created.id} is Created", "start it, or wait until it is Ready"),
        (f"/programs/{UNKNOWN}/start", None, "'hershy ls' and GET /programs list those there are"),
    ):
        body = (await client.post(call)).json()
        assert (body.get("detail"), body["remedy"]) == (detail, remedy), body
        assert remedy not in body["message"]


async def test_start_while_active(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A second start is a 409."""
    program = await hershy_twins.ready()
    require_refusal(await client.post(f"/programs/{program.id}/start"), 409)


async def test_engine_down(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Without an engine the API says so and stays up."""
    program = await hershy_twins.ready()
    hershy_twins.runtime.machine.is_down = True
    require_refusal(await client.get(f"/programs/{program.id}/logs"), 503, "down")
    assert (await client.get("/programs")).status_code == 200
    hershy_twins.runtime.machine.is_down = False


async def test_broken_off(hershy_twins: Twins, caplog: pytest.LogCaptureFixture) -> None:
    """A caller who goes away within the body registers nothing, and is no error of the Host's."""
    scope = {"type": "http", "method": "POST", "path": "/programs", "query_string": b"", "headers": []}
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message)

    await create_app(hershy_twins.host)(scope, receive, send)
    assert sent[0]["status"] == 400
    assert not caplog.records
    assert list(await hershy_twins.host.list()) == []


async def test_bug(
    client: httpx.AsyncClient,
    hershy_twins: Twins,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What nobody expected is a 500 in the same shape that tells nothing of the inside; the log does, once."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(hershy_twins.host, "get", broken)
    response = await client.get(f"/programs/{UNKNOWN}")
    require_refusal(response, 500)
    assert "secret" not in response.text
    assert [record.name for record in caplog.records if "secret" in record.getMessage()] == ["hershy.http"]
    monkeypatch.setattr(hershy_twins.host, "request", broken)
    require_refusal(await client.get(f"/programs/{UNKNOWN}/proxy/"), 500)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigurationError("x"), 400),
        (ImageNotFound("x"), 404),
        (ProgramNotRunning("p", "Stopped", "stop"), 404),
        (IllegalTransition("p", "Ready", "start"), 409),
        (AlreadyExists("x"), 409),
        (PortHeld(19001), 409),
        (QuotaExceeded("x"), 429),
        (ProgramNotReady("p", "Running", "x"), 503),
        (ProgramUnreachable("x"), 502),
        (ProgramTimeout("x"), 504),
        (EngineUnavailable("x"), 503),
        (DeadlineExceeded("x"), 503),
        (ContractViolation("x"), 503),
        (BuildError("x", ["line"]), 503),
        (HershyError("x"), 500),
        (OSError(28, "No space left on device"), 503),
        (KeyError("x"), 500),
    ],
)
def test_statuses(error: Exception, status: int) -> None:
    """Every error has the status of the wire contract."""
    assert refusal_of(error).status_code == status
