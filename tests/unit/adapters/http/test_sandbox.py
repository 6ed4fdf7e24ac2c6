"""Code run, and looked at, over HTTP."""

import asyncio
import base64
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.access.authentication import Authenticator, issue
from hershy.access.tokens import TokenID
from hershy.core.ids import UserID
from hershy.sandbox.application.service import SandboxService
from hershy.sandbox.domain.job import SandboxLimits
from hershy.testing.twins import Twins
from hershy.wiring import open_server
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._calls import sandbox as _sandbox
from hershy_adapters.http.app import create_app
from hershy_adapters.http.in_process import InMemoryApiServer
from hershy_adapters.memory.sandbox_script import Exit, Print, Raise, Wait, Write
from hershy_adapters.memory.tokens import InMemoryTokens

from .sandboxes import HeldSandbox
from .test_operation import scraped
from .test_refusals import require_refusal

RUNS, SCORES = "/sandbox/runs", "/sandbox/scores"
PATIENCE_S = 10
RISK = {"score": 0, "threshold": 30, "verdict": "accepted", "unreadable": "", "reasons": [], "lint": []}


async def ran(client: httpx.AsyncClient, code: str = "x", **fields: Any) -> Any:
    response = await client.post(RUNS, json={"code": code, **fields})
    assert response.status_code == 200, response.text
    return response.json()


async def test_finished(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """All that came of a run, in exactly these fields."""
    sandbox.script("x", [Print("out\n"), Wait(timedelta(seconds=2)), Print("err", to_stderr=True), Write("a/b", "é")])
    body = await ran(client, collect=["a"])
    assert body.pop("cpu_time_s") is not None
    assert body.pop("peak_memory_bytes") is not None
    assert body == {
        "outcome": "finished",
        "message": "finished",
        "exit_code": 0,
        "stdout": "out\n",
        "stderr": "err",
        "output_is_cut": False,
        "duration_s": 2.0,
        "files": {"a/b": {"content": "é", "encoding": "utf-8", "size": 2}},
        "files_left_out": [],
        "was_warm": False,
        "runtime": "memory",
        "risk": RISK,
    }


async def test_other_ends_are_results_too(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """Whatever code does is answered with 200 and its outcome."""
    sandbox.script("fails", [Raise("ValueError", "no", line=3)])
    sandbox.script("exits", [Exit(3)])
    sandbox.script("hangs", [Wait()])
    failed = await ran(client, "fails")
    assert (failed["outcome"], failed["message"]) == ("error", "main.py, line 3: ValueError: no")
    assert failed["exception"] == {"type": "ValueError", "message": "no", "file": "main.py", "line": 3}
    assert (await ran(client, "exits"))["exit_code"] == 3
    assert (await ran(client, "hangs"))["outcome"] == "timeout"
    assert (await ran(client, "x = ("))["outcome"] == "syntax_error"


async def test_bytes(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """What is not UTF-8 comes in base64 as well, files only so; it is handed in likewise."""
    raw = b"\xff\x00"
    encoded = {"content": base64.b64encode(raw).decode(), "encoding": "base64"}
    sandbox.script("x", [Print(lambda job: job.input), Write("out", lambda job: job.contents["in/a"])])
    body = await ran(client, files={"in/a": encoded, "b": "text"}, stdin=encoded, collect=["."])
    assert body["stdout"] == "\ufffd\0"
    assert base64.b64decode(body["stdout_base64"]) == raw
    assert "stderr_base64" not in body
    assert body["files"]["out"] == {**encoded, "size": 2}
    assert body["files"]["b"] == {"content": "text", "encoding": "utf-8", "size": 4}


async def test_large_ones_hold_up_nobody(
    client: httpx.AsyncClient, sandbox: HeldSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies and answers are read and written in threads, with the same result; refusals come through."""
    threads: set[str] = set()

    def spy(work: Any) -> Any:
        def spied(*args: Any) -> Any:
            threads.add(f"{work.__name__} {threading.current_thread() is threading.main_thread()}")
            return work(*args)

        return spied

    for name in ("read_run", "run_view", "read_score"):
        monkeypatch.setattr(_sandbox, name, spy(getattr(_sandbox, name)))
    sandbox.script("x", [Print("out")])
    assert (await ran(client))["stdout"] == "out"
    await client.post(SCORES, json={"code": "x"})
    assert threads == {"read_run True", "run_view True", "read_score True"}
    threads.clear()
    monkeypatch.setattr(_sandbox, "NOTICEABLE_BYTES", 1)
    assert (await ran(client))["stdout"] == "out"
    await client.post(SCORES, json={"code": "x"})
    require_refusal(await client.post(RUNS, json={"code": 1}), 400, "code")
    assert threads == {"read_run False", "run_view False", "read_score False"}


async def test_everything_that_is_asked_for_arrives(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """Each field of the body is the job's field of that name."""
    limits = {
        "timeout_s": 2.5,
        "cpus": 0.5,
        "memory_bytes": 2**25,
        "pids": 5,
        "open_files": 20,
        "output_bytes": 7,
        "work_bytes": 2**20,
        "files_bytes": 9,
    }
    await ran(client, "print(1)", args=["a"], stdin="in", env={"A": "b"}, limits=limits, image="python:3.13")
    job = sandbox.ran[-1]
    assert (job.code, job.args, job.input, dict(job.env), job.image) == (
        "print(1)",
        ("a",),
        b"in",
        {"A": "b"},
        "python:3.13",
    )
    assert job.limits == SandboxLimits(timedelta(seconds=2.5), 0.5, 2**25, 5, 20, 7, 2**20, 9)
    response = await client.post(RUNS, json={"command": ["sh", "-c", "true"]})
    assert response.json()["outcome"] == "finished"
    assert sandbox.ran[-1].command == ("sh", "-c", "true")


async def test_refused_by_score(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """A result, with the reasons; a caller's own threshold counts, and so does doing without."""
    body = await ran(client, "eval\neval")
    assert (body["outcome"], "exit_code" in body, body["risk"]["score"]) == ("refused", False, 40)
    assert (body["risk"]["verdict"], body["risk"]["threshold"]) == ("refused", 30)
    assert body["risk"]["reasons"][1] == {
        "rule": "eval",
        "points": 20,
        "message": "calls eval",
        "file": "main.py",
        "line": 2,
    }
    assert body["risk"]["lint"][0] == {
        "tool": "bandit",
        "rule": "B307",
        "severity": "medium",
        "confidence": "high",
        "message": "eval",
        "file": "main.py",
        "line": 1,
    }
    assert not sandbox.ran
    accepted = await ran(client, "eval\neval", threshold=41)
    assert (accepted["outcome"], accepted["risk"]["threshold"]) == ("finished", 41)
    unchecked = await ran(client, "eval\neval", check=False)
    assert (unchecked["outcome"], "threshold" in unchecked["risk"]) == ("finished", False)
    assert unchecked["risk"]["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ({}, ["code or command"]),
        ({"code": "x", "command": ["y"]}, ["code or command"]),
        ({"code": 1}, ["code", "string"]),
        ({"code": "x", "files": {"../a": ""}}, ["files", "'..'"]),
        ({"code": "x", "files": {"a": 1}}, ["files.a"]),
        ({"code": "x", "files": {"a": {"content": "?", "encoding": "base64"}}}, ["files['a']", "base64"]),
        ({"code": "x", "files": {"a": {"content": "é", "encoding": "base64"}}}, ["files['a']", "base64"]),
        ({"code": "x", "files": {"a": {"content": "", "encoding": "latin-1"}}}, ["files.a.encoding"]),
        ({"code": "x", "files": ["a"]}, ["files"]),
        ({"code": "x", "stdin": 1}, ["stdin"]),
        ({"code": "x", "stdin": {}}, ["stdin.content"]),
        ({"code": "x", "env": {"A=": "b"}}, ["env"]),
        ({"code": "x", "collect": ["/etc"]}, ["collect"]),
        ({"code": "x", "args": "a"}, ["args"]),
        ({"code": "x", "limits": {"timeout_s": 301}}, ["timeout", "at most"]),
        ({"code": "x", "limits": {"timeout_s": 0}}, ["timeout", "at least"]),
        ({"code": "x", "limits": {"timeout_s": 1e300}}, ["limits.timeout_s"]),
        ({"code": "x", "limits": {"pids": 1.5}}, ["limits.pids"]),
        ({"code": "x", "limits": {"memory_bytes": 10**400}}, ["memory_bytes"]),
        ({"code": "x", "check": 0}, ["check"]),
        ({"code": "x", "threshold": 0}, ["threshold"]),
        ({"code": "x", "threshold": True}, ["threshold"]),
        ({"command": ["x"], "image": "busybox"}, ["image", "busybox"]),
        ({"command": ["x"], "image": "A B"}, ["A B"]),
    ],
)
async def test_invalid(client: httpx.AsyncClient, sandbox: HeldSandbox, body: Any, parts: list[str]) -> None:
    """400, one sentence that names the field, and nothing is run."""
    require_refusal(await client.post(RUNS, json=body), 400, *parts)
    assert not sandbox.ran


async def test_what_keeps_code_from_running(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """404 for an image that is not there, 503 while the engine is away, 413 for too large a body."""
    sandbox.forget_image("python:3.13")
    require_refusal(await client.post(RUNS, json={"code": "x", "image": "python:3.13"}), 404, "python:3.13")
    require_refusal(await client.post(RUNS, json={"code": "x" * 10_000}), 413)
    sandbox.is_down = True
    require_refusal(await client.post(RUNS, json={"code": "x"}), 503)
    sandbox.is_down = False


async def test_scores(client: httpx.AsyncClient, sandbox: HeldSandbox) -> None:
    """The risk of code or of files, without running anything; what cannot be read would be refused."""
    assert (await client.post(SCORES, json={"code": "x"})).json() == RISK
    body = (await client.post(SCORES, json={"files": {"a.py": "eval\neval", "b.txt": "eval"}})).json()
    assert (body["score"], body["verdict"], body["reasons"][0]["file"]) == (40, "refused", "a.py")
    unreadable = (await client.post(SCORES, json={"code": "unreadable"})).json()
    assert (unreadable["score"], unreadable["verdict"]) == (0, "refused")
    for nothing in ({}, {"files": {"a.txt": ""}}, {"files": {}}):
        require_refusal(await client.post(SCORES, json=nothing), 400, "code is required")
    assert not sandbox.ran


async def test_a_caller_that_goes_away_kills_the_run(transport: AsgiTransport, sandbox: HeldSandbox) -> None:
    """Nothing is answered, and its slot is free again."""
    sandbox.is_holding = True
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        asking = asyncio.ensure_future(client.post(RUNS, json={"code": "x"}))
        async with asyncio.timeout(PATIENCE_S):
            await sandbox.begun.acquire()
            asking.cancel()
            await sandbox.killed.acquire()
            await asyncio.wait(set(transport.exchanges))
        sandbox.is_holding = False
        assert (await ran(client))["outcome"] == "finished"
        requests = {labels: value for labels, value in (await scraped(client)).items() if RUNS in labels}
        assert requests["hershy_http_requests_total", "POST", RUNS, "499"] == 1


async def test_metrics(client: httpx.AsyncClient) -> None:
    """Runs are counted beside everything else."""
    await ran(client)
    samples = await scraped(client)
    assert samples["hershy_sandbox_runs_total", "finished"] == 1
    assert ("hershy_sandbox_idle",) in samples


async def test_without_a_sandbox(hershy_twins: Twins) -> None:
    """There is no such call, and the documents tell of none."""
    async with httpx.AsyncClient(transport=AsgiTransport(create_app(hershy_twins.host)), base_url="http://h") as client:
        require_refusal(await client.post(RUNS, json={"code": "x"}), 404, "no such call")
        assert "sandbox" not in (await client.get("/openapi.json")).text


async def test_as_settings_have_it() -> None:
    """A Host that is opened by its settings runs code, within the limits that these name."""
    settings = {"runtime": "memory", "clock": "memory", "api_server": "memory", "sandbox_threshold": 17}
    async with open_server(**settings) as server:
        assert isinstance(server, InMemoryApiServer)
        async with server.client() as client:
            body = await ran(client)
    assert (body["runtime"], body["risk"]["threshold"]) == ("memory", 17)


async def test_documents(client: httpx.AsyncClient) -> None:
    """Answers have the described fields, at every depth, and bodies are described as they are read."""
    document = (await client.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    body = await ran(client, "eval", files={"a": "b"}, collect=["a"])
    here = {"exit_code", "cpu_time_s", "peak_memory_bytes", "risk"}
    optional = {"stdout_base64", "stderr_base64", "exception"}
    assert set(body) | optional == set(schemas["RunView"]["properties"])
    assert set(body) - here == set(schemas["RunView"]["required"])
    for shown, name in (
        (body["risk"], "RiskView"),
        (body["risk"]["reasons"][0], "Reason"),
        (body["risk"]["lint"][0], "LintFinding"),
        (body["files"]["a"], "FileView"),
    ):
        assert set(shown) == set(schemas[name]["properties"])
    responses = document["paths"][RUNS]["post"]["responses"]
    assert set(responses) == {"200", "400", "401", "403", "404", "413", "421", "429", "503"}
    assert {"check", "stdin", "limits"} < set(schemas["NewRun"]["properties"])
    assert {"type": "string"} in schemas["NewScore"]["properties"]["files"]["anyOf"][0]["additionalProperties"]["anyOf"]


class TestTokens:
    """A Host that asks for tokens."""

    @pytest.fixture
    def tokens(self) -> InMemoryTokens:
        return InMemoryTokens()

    @pytest.fixture
    def transport(self, hershy_twins: Twins, sandbox_service: SandboxService, tokens: InMemoryTokens) -> AsgiTransport:
        authenticator = Authenticator(tokens, hershy_twins.clock)
        return AsgiTransport(create_app(hershy_twins.host, authenticator=authenticator, sandbox=sandbox_service))

    async def test_slots_are_each_users_own(
        self, client: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens, sandbox: HeldSandbox
    ) -> None:
        """429 for one more than a user may have at a time; another user has as many."""
        alice, bob = [await self._headers(hershy_twins, tokens, user) for user in ("alice", "bob")]
        require_refusal(await client.post(RUNS, json={"code": "x"}), 401)
        sandbox.is_holding = True
        body = {"code": "x"}
        running = [asyncio.ensure_future(client.post(RUNS, json=body, headers=alice)) for _ in range(2)]
        async with asyncio.timeout(PATIENCE_S):
            for _ in running:
                await sandbox.begun.acquire()
            require_refusal(await client.post(RUNS, json=body, headers=alice), 429, "user alice")
            sandbox.is_holding = False
            assert (await client.post(RUNS, json=body, headers=bob)).status_code == 200
            for it in running:
                it.cancel()
                await sandbox.killed.acquire()
        scored = await client.post(SCORES, json=body, headers=bob)
        assert scored.status_code == 200

    async def test_a_run_ends_with_its_token(
        self, client: httpx.AsyncClient, hershy_twins: Twins, tokens: InMemoryTokens, sandbox: HeldSandbox
    ) -> None:
        """Within seconds of being revoked, and the caller hears why."""
        headers = await self._headers(hershy_twins, tokens, "alice")
        sandbox.is_holding = True
        asking = asyncio.ensure_future(client.post(RUNS, json={"code": "x"}, headers=headers))
        async with asyncio.timeout(PATIENCE_S):
            await sandbox.begun.acquire()
            await tokens.revoke(TokenID(headers["Authorization"].split("_")[1]), hershy_twins.clock.now())
            await hershy_twins.clock.sleep(timedelta(seconds=2))
            require_refusal(await asking, 401, "token has ended")
            await sandbox.killed.acquire()

    async def _headers(self, twins: Twins, tokens: InMemoryTokens, user: str) -> dict[str, str]:
        _, text = await issue(tokens, twins.clock.now(), UserID(user))
        await twins.clock.sleep(timedelta(seconds=2))
        return {"Authorization": f"Bearer {text}"}
