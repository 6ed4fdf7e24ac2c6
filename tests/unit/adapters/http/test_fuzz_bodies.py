"""Bodies nobody should send: refused as the contract says, or a program registered that lies in its folder alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hershy.core.resources import ResourceLimits
from hershy.sandbox.application.service import SandboxService
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http.app import create_app

from .sandboxes import HeldSandbox
from .test_refusals import require_refusal

FUZZ = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])

SEGMENTS = [
    "..",
    ".",
    "",
    "~",
    "a",
    "a.",
    "a ",
    "\0",
    "\\",
    "%2e%2e",
    "\uff0e\uff0e",
    "\u2025",
    "\u202e",
    "\ud800",
    "é",
]
texts = (
    st.text(max_size=12)
    | st.sampled_from(["", " ", "\0", "\ud800", "\ud800\udc00", "A=B", "\r\nX: y", "..", "/", "x" * 2_000, "é" * 300])
    | st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", fullmatch=True)
)
numbers = (
    st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([0, -0.0, 1e308, 1e-308, 10**30, 2**63, 10**400, -(10**400)])
)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda it: st.lists(it, max_size=3) | st.dictionaries(texts, it, max_size=3), max_leaves=8
)
paths = st.builds("/".join, st.lists(st.sampled_from(SEGMENTS) | texts, min_size=1, max_size=5)) | texts
mappings = st.dictionaries(texts, texts, max_size=3) | values
docker_lines = st.sampled_from(
    [
        "FROM scratch",
        "from x AS y",
        "COPY --from=y a b",
        "ADD http://h/ .",
        "# syntax=x",
        "# escape=`",
        "RUN \\",
        "ONBUILD",
    ]
)
dockerfiles = st.lists(docker_lines | texts, min_size=1, max_size=5).map("\n".join)
bodies = st.fixed_dictionaries(
    {"user_id": st.just("alice") | values, "dockerfile": dockerfiles | values},
    optional={
        "src_files": st.dictionaries(paths, texts, max_size=4) | values,
        "build_args": mappings,
        "env": mappings,
        "labels": mappings,
        "resources": values
        | st.dictionaries(
            st.sampled_from([field.name for field in fields(ResourceLimits)]),
            scalars,
        ),
        "restart_policy": values
        | st.dictionaries(
            st.sampled_from(["mode", "base_delay_s", "max_delay_s", "max_restarts", "window_s", "stable_after_s"]),
            scalars,
        ),
        "health_check": values
        | st.dictionaries(st.sampled_from(["path", "interval_s", "timeout_s", "failures"]), scalars, max_size=4),
        "ttl_s": values,
        "idle_timeout_s": values,
        "egress": values,
        "": values,
    },
)

odd_segments = st.sampled_from(
    ["a", "A", "a ", "a.", "b.py", "é", "e\u0301", "...", "~", "%2e%2e", "\uff0e\uff0e", "\u202e"]
)
odd_paths = st.lists(odd_segments, min_size=1, max_size=3).map("/".join)
nearly_right = st.fixed_dictionaries(
    {"user_id": st.just("alice"), "dockerfile": st.sampled_from(["FROM scratch", "FROM x AS y\nCOPY --from=y a b"])},
    optional={"src_files": st.dictionaries(odd_paths, texts, max_size=3), "env": st.dictionaries(odd_paths, texts)},
)

contents = (
    texts
    | values
    | st.fixed_dictionaries(
        {
            "content": texts | st.sampled_from(["aGk=", "aGk", "===="]),
            "encoding": st.sampled_from(["utf-8", "base64", "x"]),
        }
    )
)
runs = st.fixed_dictionaries(
    {"code": st.sampled_from(["x", "x = (", "eval", "unreadable"]) | values},
    optional={
        "command": values | st.lists(texts, max_size=3),
        "image": values | texts,
        "args": values | st.lists(texts, max_size=3),
        "files": st.dictionaries(paths, contents, max_size=3) | values,
        "stdin": contents,
        "env": mappings,
        "collect": values | st.lists(paths, max_size=3),
        "limits": values
        | st.dictionaries(
            st.sampled_from(
                ["timeout_s", "cpus", "memory_bytes", "pids", "open_files", "output_bytes", "work_bytes", "files_bytes"]
            ),
            scalars,
        ),
        "check": values,
        "threshold": values,
        "": values,
    },
)


@pytest.fixture
async def on_disk(tmp_path: Path) -> AsyncIterator[Twins]:
    """Twins whose sources are on a real file system, beside which something lies that must stay as it is."""
    (tmp_path / "outside").write_text("as it was")
    container = twin_container(storage="filesystem", storage_root=tmp_path / "root")
    async with open_twins(container) as twins:
        yield twins


@pytest.fixture
async def sandbox(on_disk: Twins) -> AsyncIterator[HeldSandbox]:
    sandbox = HeldSandbox(on_disk.clock)
    yield sandbox
    await sandbox.aclose()


@pytest.fixture
async def client(on_disk: Twins, sandbox_service: SandboxService) -> AsyncIterator[httpx.AsyncClient]:
    transport = AsgiTransport(create_app(on_disk.host, sandbox=sandbox_service))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:9000") as client:
        yield client


@given(body=bodies | nearly_right)
@example(body={"user_id": "alice", "dockerfile": "FROM scratch", "src_files": {"a/b": "", "a/b/c": ""}})
@example(
    body={"user_id": "a" * 63, "dockerfile": "FROM scratch", "src_files": {"é": "1", "e\u0301": "2", "A": "", "a": ""}}
)
@FUZZ
async def test_registration(client: httpx.AsyncClient, tmp_path: Path, body: dict[str, Any]) -> None:
    """Registered exactly as given, below its own folder's ``src``; or refused, with nothing written."""
    before = _tree(tmp_path)
    response = await client.post("/programs", content=json.dumps(body))
    body = json.loads(json.dumps(body))  # where two escaped halves of a character become one
    if response.status_code != 201:
        require_refusal(response, 400)
        assert _tree(tmp_path) == before
        return
    program_id = response.json()["program_id"]
    src = Path("root") / program_id / "src"
    written = {it for it in _tree(tmp_path).keys() - before.keys() if (tmp_path / it).is_file()}
    given_files = {str(src / it) for it in body.get("src_files") or {}}
    meta = str(Path("root") / program_id / "meta" / "build_args.json")
    assert written == {str(src / "Dockerfile"), meta} | given_files
    shown = (await client.get(f"/programs/{program_id}/source")).json()["files"]
    assert shown == {"Dockerfile": body["dockerfile"], **(body.get("src_files") or {})}
    assert (await client.get(f"/programs/{program_id}")).status_code == 200
    assert (await client.delete(f"/programs/{program_id}")).status_code == 200
    assert _tree(tmp_path) == before


@given(items=st.lists(bodies | nearly_right | values, max_size=3), extra=values)
@FUZZ
async def test_several(client: httpx.AsyncClient, tmp_path: Path, items: list[Any], extra: Any) -> None:
    """Several are registered all or none."""
    before = _tree(tmp_path)
    response = await client.post("/bulk/programs", content=json.dumps({"programs": items, "x": extra}))
    if response.status_code == 201:
        assert response.json()["count"] == len(items)
        for program in response.json()["programs"]:
            assert (await client.delete(f"/programs/{program['program_id']}")).status_code == 200
    else:
        require_refusal(response, 400)
    assert _tree(tmp_path) == before


@given(what=st.sampled_from(["start", "stop", "restart", "delete"]), body=values | bodies | mappings)
@FUZZ
async def test_criteria(client: httpx.AsyncClient, what: str, body: Any) -> None:
    """Criteria are understood or refused."""
    response = await client.post(f"/bulk/{what}", content=json.dumps(body))
    if response.status_code != 200:
        require_refusal(response, 400)


@given(call=st.sampled_from(["/sandbox/runs", "/sandbox/scores"]), body=runs | values)
@example(call="/sandbox/runs", body={"code": "x", "files": {"a": {"content": "\ud800", "encoding": "base64"}}})
@FUZZ
async def test_sandbox(client: httpx.AsyncClient, call: str, body: Any) -> None:
    """Code is run or looked at, or the body is refused."""
    response = await client.post(call, content=json.dumps(body))
    if response.status_code != 200:
        require_refusal(response, 400)


@given(body=st.binary(max_size=200) | values.map(lambda it: json.dumps(it).encode()[:-1]))
@example(body=b'{"user_id": "alice", "user_id": "../..", "dockerfile": "FROM scratch"}')
@example(body=b'{"user_id": "alice", "dockerfile": "FROM scratch", "src_files": {"a": "1", "../a": "2"}}')
@example(body=b"\xef\xbb\xbf{}")
@example(body="{}".encode("utf-16"))
@example(body=b'{"user_id": "alice", "dockerfile": ' + b'{"a":' * 1_900 + b"1" + b"}" * 1_900 + b"}")
@example(body=b'{"user_id": "alice", "dockerfile": "x", "resources": {"pids": ' + b"9" * 4_300 + b"}}")
@example(body=b'{"user_id": "alice", "dockerfile": "x", "resources": {"cpus": 1e400}}')
@FUZZ
async def test_raw_bodies(client: httpx.AsyncClient, body: bytes) -> None:
    """Bytes that are no JSON object of the right shape are refused, duplicated keys and any depth included."""
    for call in ("/programs", "/bulk/programs", "/bulk/stop", "/sandbox/runs", "/sandbox/scores"):
        require_refusal(await client.post(call, content=body), 400)


async def test_too_many_at_once(client: httpx.AsyncClient) -> None:
    """A list longer than may be registered at once is refused for its length, before what is in it."""
    response = await client.post("/bulk/programs", json={"programs": [{}] * 101})
    require_refusal(response, 400, "1 to 100")


def _tree(root: Path) -> dict[str, bytes | None]:
    return {str(it.relative_to(root)): it.read_bytes() if it.is_file() else None for it in root.rglob("*")}
