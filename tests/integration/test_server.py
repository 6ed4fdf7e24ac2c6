"""The HTTP server as a process of its own, spoken to as the wire contract says, by a client that knows only that."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import websockets

from .host_process import HostProcess, serving
from .programs import Witness, tally

START_DEADLINE_S = 30
PATIENCE_S = 60
ECHO = Path(__file__).with_name("echo_program.py")
RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass
class Server:
    """A Host process, and a client that knows only the wire contract."""

    host: HostProcess
    http: httpx.Client
    runtime: str

    @property
    def url(self) -> str:
        return self.host.url

    def call(self, method: str, path: str, status: int, **arguments: Any) -> dict[str, Any]:
        answer = self.http.request(method, path, **arguments)
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        if status >= 400:
            assert set(body) - {"detail", "remedy"} == {"error", "code", "message"}
            assert body["code"] == status
        return body

    def wait_for(self, program_id: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            program = self.call("GET", f"/programs/{program_id}", 200)
            if program["state"] == state:
                return program
            assert state == "Error" or program["state"] != "Error", program
            time.sleep(0.05)  # the contract's only way to learn of a state without streams is to ask again
        pytest.fail(f"not {state} within {PATIENCE_S} s: {program}")


@contextmanager
def served(runtime: str, storage: Path) -> Iterator[Server]:
    with serving(runtime, storage) as host, httpx.Client(base_url=host.url, timeout=START_DEADLINE_S) as http:
        yield Server(host, http, runtime)


@pytest.fixture(params=["memory", "runc", "runsc"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with served(str(request.param), tmp_path / "storage") as started:
        yield started


@pytest.fixture
def body(python_image: str) -> dict[str, Any]:
    spec = tally(python_image)
    return {
        "user_id": "alice",
        "dockerfile": spec.dockerfile,
        "src_files": dict(spec.src_files),
        "build_args": dict(spec.build_args),
    }


def test_every_call_of_the_contract(server: Server, body: dict[str, Any]) -> None:
    """Create, start, ask, talk, stop, restart, list, source, debug, delete: codes and shapes as written down."""
    created = server.call("POST", "/programs", 201, json=body)
    assert {"program_id", "build_id", "state", "proxy_url", "created_at"} <= set(created)
    program_id = str(created["program_id"])
    assert created["state"] == "Created"
    assert re.fullmatch(rf"alice-{created['build_id']}-[0-9a-f]{{8}}", program_id)
    assert RFC3339_UTC.fullmatch(str(created["created_at"]))
    path = f"/programs/{program_id}"

    for action in ("stop", "restart"):
        assert server.call("POST", f"{path}/{action}", 404)["message"] == "program not running"
    server.call("GET", f"{path}/proxy/tally", 503)
    started = server.call("POST", f"{path}/start", 200)
    assert started == {"program_id": program_id, "state": "Created", "message": "program start initiated"}
    server.call("POST", f"{path}/start", 409)
    ready = server.wait_for(program_id, "Ready")
    for field in ("build_id", "user_id", "image_id", "container_id", "proxy_url", "error_msg", "updated_at"):
        assert field in ready
    assert RFC3339_UTC.fullmatch(str(ready["updated_at"]))

    message = {"content": "add 5"}
    assert server.call("POST", f"{path}/proxy/watcher/message", 200, json=message)["status"] == "message sent"
    assert server.call("GET", f"{path}/proxy/watcher/status", 200)["isRunning"] is True
    server.call("GET", f"{path}/proxy/watcher/logs?type=all&limit=5", 200)
    if server.runtime != "memory":
        assert server.call("GET", f"{path}/proxy/tally", 200)["total"] == 5
        assert httpx.get(f"{ready['proxy_url']}/tally").json()["total"] == 5
    logs = server.call("GET", f"{path}/logs", 200)
    assert {"program_id", "container_id", "logs", "timestamp"} <= set(logs)
    assert "add 5" in str(logs["logs"])
    source = server.call("GET", f"{path}/source", 200)
    assert source["files"] == {"Dockerfile": body["dockerfile"], **body["src_files"]}
    assert RFC3339_UTC.fullmatch(str(source["retrieved_at"]))
    server.call("GET", f"/debug/proxy/{program_id}", 200)

    for query, count in (("", 1), ("?user_id=alice", 1), ("?user_id=bob", 0), ("?state=Ready", 1), ("?state=Error", 0)):
        listed = server.call("GET", f"/programs{query}", 200)
        assert listed["count"] == count
        assert len(listed["programs"]) == count

    assert server.call("POST", f"{path}/restart", 200)["message"] == "program restart initiated"
    server.wait_for(program_id, "Starting")
    server.wait_for(program_id, "Ready")
    stopped = server.call("POST", f"{path}/stop", 200)
    assert stopped == {"program_id": program_id, "state": "Stopping", "message": "program stop initiated"}
    server.wait_for(program_id, "Stopped")
    refused = server.call("POST", f"{path}/restart", 404)
    assert (refused["message"], refused["detail"]) == ("program not running", f"{program_id} is Stopped")
    assert "use /start" in str(refused["remedy"])
    assert server.call("POST", f"{path}/start", 200)["state"] == "Stopped"
    server.wait_for(program_id, "Ready")
    assert server.call("DELETE", path, 200) == {"message": "program deleted successfully"}
    assert program_id in str(server.call("GET", path, 404)["message"])
    server.call("DELETE", path, 404)


def test_watching_over_programs(server: Server, body: dict[str, Any]) -> None:
    """Several at once by label, each followed, measured and told of, and deleted together."""
    bodies = [{**body, "user_id": user, "labels": {"team": "w"}, "health_check": True} for user in ("alice", "bob")]
    created = server.call("POST", "/bulk/programs", 201, json={"programs": bodies})["programs"]
    first, second = (str(it["program_id"]) for it in created)
    results = server.call("POST", "/bulk/start", 200, json={"labels": {"team": "w"}})
    assert [it["message"] for it in results["results"]] == ["program start initiated"] * 2
    with server.http.stream("GET", f"/programs/{first}/logs?stream=build&follow=true", timeout=PATIENCE_S) as build:
        assert build.status_code == 200
        build.read()
    with server.http.stream("GET", f"/programs/{first}/logs?follow=true", timeout=PATIENCE_S) as output:
        lines = output.iter_lines()
        assert next(lines)
        for it in (first, second):
            assert server.wait_for(it, "Ready")["is_healthy"] is True
        stats = server.call("GET", f"/programs/{first}/stats", 200)
        assert stats["memory_bytes"] > 0
        assert stats["memory_limit_bytes"] == 256 * 1024 * 1024
        assert stats["pids"] >= 1
        server.call("POST", f"/programs/{first}/stop", 200)
        list(lines)  # the stream ends with the container
    server.wait_for(first, "Stopped")

    entries = server.call("GET", f"/programs/{first}/journal", 200)["entries"]
    # A port that a stranger holds is exchanged for the next, which is a step of its own.
    states = [it["state"] for it in entries if it["event"] != "publish port held"]
    assert states == ["Created", "Building", "Built", "Starting", "Running", "Ready", "Stopping", "Stopped"]
    seen = entries[3]["id"]
    told = []
    headers = {"Last-Event-ID": str(seen)}
    with server.http.stream("GET", f"/programs/{first}/events", headers=headers, timeout=PATIENCE_S) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: ")))
            if told and told[-1]["state"] == "Stopped":
                break
    assert told == entries[4:]

    assert server.call("GET", "/healthz", 200) == {"status": "ok"}
    assert server.call("GET", "/readyz", 200)["checks"] == {"engine": "ok", "repository": "ok"}
    metrics = server.http.get("/metrics").text
    assert 'hershy_transitions_total{state="Ready"} 2.0' in metrics
    assert 'hershy_programs{state="Ready"} 1.0' in metrics
    assert "hershy_engine_up 1.0" in metrics
    deleted = server.call("POST", "/bulk/delete", 200, json={"labels": {"team": "w"}})
    assert (deleted["count"], deleted["failed"]) == (2, 0)
    assert server.call("GET", "/programs", 200)["count"] == 0


def test_refusals(server: Server, body: dict[str, Any]) -> None:
    """Bad bodies, values, ids, methods and sizes get the contract's errors, and nothing is registered."""
    assert server.call("POST", "/programs", 400, json={"user_id": "a"})["message"] == "dockerfile is required"
    assert server.call("POST", "/programs", 400, json={"dockerfile": "FROM x"})["message"] == "user_id is required"
    server.call("POST", "/programs", 400, content=b"{not json")
    server.call("POST", "/programs", 400, json={**body, "user_id": "../x"})
    server.call("POST", "/programs", 400, json=[])
    for path in ("/etc/passwd", "../x", "a/../../x", "a\0b", "Dockerfile"):
        server.call("POST", "/programs", 400, json={**body, "src_files": {path: ""}})
    server.call("POST", "/programs", 413, json={**body, "src_files": {"big": "x" * 17_000_000}})
    server.call("GET", "/programs/nope", 404)
    server.call("GET", "/no/such/path", 404)
    server.call("PUT", "/programs", 405)
    assert server.call("GET", "/programs", 200) == {"programs": [], "count": 0}
    assert server.call("GET", "/openapi.json", 200)["openapi"]


@pytest.mark.parametrize("server", ["runsc"], indirect=True)
async def test_a_websocket_through_the_host(server: Server, python_image: str) -> None:
    """Frames pass both ways between a client of the Host and a program under gVisor."""
    dockerfile = f'FROM {python_image}\nCOPY echo.py /echo.py\nCMD ["python3", "/echo.py"]\n'
    body = {"user_id": "bob", "dockerfile": dockerfile, "src_files": {"echo.py": ECHO.read_text()}}
    program_id = str(server.call("POST", "/programs", 201, json=body)["program_id"])
    server.call("POST", f"/programs/{program_id}/start", 200)
    await asyncio.to_thread(server.wait_for, program_id, "Ready")
    url = f"{server.url.replace('http', 'ws', 1)}/programs/{program_id}/proxy/any/path?x=1"
    async with websockets.connect(url) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
        await socket.send(b"\x00\x01")
        assert await socket.recv() == b"\x00\x01"
    server.call("DELETE", f"/programs/{program_id}", 200)


def test_witness_sees_the_deployed_container_hardened(body: dict[str, Any], tmp_path: Path) -> None:
    """An independent look at the engine: loopback only, read-only root, no capabilities, not root."""
    with served("runsc", tmp_path / "storage") as server:
        program_id = str(server.call("POST", "/programs", 201, json=body)["program_id"])
        server.call("POST", f"/programs/{program_id}/start", 200)
        program = server.wait_for(program_id, "Ready")
        client = docker.from_env()
        account = Witness(client).client.api.inspect_container(str(program["container_id"]))
        client.close()
        host_config = account["HostConfig"]
        assert account["Name"] == f"/hersh-program-{program_id}"
        assert host_config["Runtime"] == "runsc"
        assert host_config["ReadonlyRootfs"] is True
        assert host_config["CapDrop"] == ["ALL"]
        assert "no-new-privileges:true" in host_config["SecurityOpt"]
        assert not host_config["Privileged"]
        assert account["Config"]["User"].split(":")[0] not in ("", "0", "root")
        assert [binding["HostIp"] for binding in host_config["PortBindings"]["8080/tcp"]] == ["127.0.0.1"]
        assert list(host_config["PortBindings"]) == ["8080/tcp"]
        assert [mount["Destination"] for mount in account["Mounts"] if mount["RW"]] == ["/state"]
        server.call("DELETE", f"/programs/{program_id}", 200)
