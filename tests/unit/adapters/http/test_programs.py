"""The JSON calls: codes and shapes of the wire contract."""

import json
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from hershy.builds.spec import BuildSpec
from hershy.core.resources import ResourceLimits
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.testing.twins import Twins
from hershy.wire import NewProgram, written
from hershy.wire.plan import plan
from hershy_adapters.http._shapes.program_view import RenderedPrograms, program_info

NEW = {"user_id": "alice", "dockerfile": "FROM scratch", "src_files": {"pkg/main.py": "print(1)"}}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


async def created(client: httpx.AsyncClient, **fields: Any) -> str:
    response = await client.post("/programs", json={**NEW, **fields})
    assert response.status_code == 201, response.text
    program_id: str = response.json()["program_id"]
    return program_id


async def test_create(client: httpx.AsyncClient) -> None:
    """A program is registered, not built, and its port is known at once."""
    response = await client.post("/programs", json=NEW)
    body = response.json()
    assert response.status_code == 201
    assert set(body) == {"program_id", "build_id", "state", "proxy_url", "created_at"}
    assert re.fullmatch(r"alice-build-[0-9a-f]{12}-[0-9a-f]{8}", body["program_id"])
    assert (body["state"], body["proxy_url"]) == ("Created", "http://localhost:19001")
    assert RFC3339.fullmatch(body["created_at"])


SECOND = timedelta(seconds=1)
OPTIONAL: dict[str, tuple[Any, Any]] = {
    "src_files": ({"a.py": "x"}, {"a.py": "x"}),
    "build_args": ({"BASE": "x"}, {"BASE": "x"}),
    "env": ({"A": "1"}, {"A": "1"}),
    "labels": ({"team": "blue"}, {"team": "blue"}),
    "resources": ({"cpus": 2, "pids": None}, ResourceLimits(cpus=2)),
    "restart_policy": (
        {"mode": "always", "window_s": 9},
        RestartPolicy(RestartMode.ALWAYS, window=timedelta(seconds=9)),
    ),
    "health_check": ({"path": "/up"}, HealthCheck("/up")),
    "ttl_s": (90, timedelta(seconds=90)),
    "idle_timeout_s": (30.5, timedelta(seconds=30.5)),
    "egress": ("none", Egress.NONE),
    "description": ("counts\nsheep", "counts\nsheep"),
}
"""What is sent of each optional field, and what the program has then."""


async def test_every_optional_field_reaches_the_program(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """All that the wire knows are tried, with a value that is no default; and null is no value."""
    optional = {it.key: it.name for it in plan(NewProgram).values() if not it.is_required}
    assert set(OPTIONAL) == set(optional)
    await created(client, **dict.fromkeys(optional))
    program_id = await created(client, **{key: sent for key, (sent, _) in OPTIONAL.items()})
    assert (await client.get(f"/programs/{program_id}")).json()["description"] == "counts\nsheep"
    plain, program = await hershy_twins.host.list()
    assert plain.options == ProgramOptions()
    build = await hershy_twins.host.source(program.id)
    for key, (_, expected) in OPTIONAL.items():
        name = optional[key]
        assert getattr(build if hasattr(build, name) else program.options, name) == expected, key
        assert getattr(BuildSpec(NEW["dockerfile"]) if hasattr(build, name) else plain.options, name) != expected, key


async def test_create_with_options(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What is sent of some optional fields reaches the program; nulls are left aside."""
    program_id = await created(
        client,
        build_args={"BASE": "x"},
        env={"A": "1"},
        labels={"team": "blue"},
        resources={"cpus": 1, "memory_bytes": 64 * 1024 * 1024, "pids": None},
        restart_policy={"mode": "on-failure", "base_delay_s": 0.5, "max_restarts": 3},
    )
    program = (await hershy_twins.host.list())[0]
    assert str(program.id) == program_id
    assert dict(program.build_args) == {"BASE": "x"}
    assert dict(program.options.env) == {"A": "1"}
    assert program.options.resources.memory_bytes == 64 * 1024 * 1024
    policy = program.options.restart_policy
    assert (policy.mode, policy.base_delay.total_seconds(), policy.max_restarts) == ("on-failure", 0.5, 3)
    assert (await client.get(f"/programs/{program_id}")).json()["labels"] == {"team": "blue"}


async def test_restart_policy_by_its_mode(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """The policy may be its mode alone."""
    await created(client, restart_policy="always")
    assert (await hershy_twins.host.list())[0].options.restart_policy.mode == "always"


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_content_type(client: httpx.AsyncClient, content_type: str | None) -> None:
    """What counts is that the body is JSON, not what it is called."""
    headers = {"Content-Type": content_type} if content_type else {}
    body = b'{"user_id": "a", "dockerfile": "FROM scratch"}'
    assert (await client.post("/programs", content=body, headers=headers)).status_code == 201


async def test_life(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Start, restart, stop, start again, delete: each answers with its state and message."""
    program_id = await created(client)
    program = (await hershy_twins.host.list())[0]
    url = f"/programs/{program_id}"

    async def initiated(what: str) -> tuple[int, str]:
        response = await client.post(f"{url}/{what}")
        body = response.json()
        assert (body["program_id"], body["message"]) == (program_id, f"program {what} initiated")
        return response.status_code, body["state"]

    assert await initiated("start") == (200, "Created")
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    assert await initiated("restart") == (200, "Stopping")
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    assert await initiated("stop") == (200, "Stopping")
    await hershy_twins.host.wait_for(program.id, ProgramState.STOPPED)
    assert await initiated("start") == (200, "Stopped")
    response = await client.delete(url)
    assert (response.status_code, response.json()) == (200, {"message": "program deleted successfully"})
    assert (await client.get(url)).status_code == 404


async def test_get(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A program shows ids as they become known, and why it ended."""
    program_id = await created(client)
    url = f"/programs/{program_id}"
    fresh = (await client.get(url)).json()
    assert set(fresh) == {
        *("program_id", "build_id", "user_id", "state", "proxy_url", "error_msg", "created_at", "updated_at"),
        *("labels", "desired_state", "restart_count", "restart_policy", "resources", "egress", "description"),
    }
    assert fresh["error_msg"] == ""
    program = (await hershy_twins.host.list())[0]
    await client.post(f"{url}/start")
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    ready = (await client.get(url)).json()
    assert ready["image_id"]
    assert ready["container_id"]
    await hershy_twins.runtime.exit(program.id, 3)
    async with hershy_twins.host.events(program.id) as published:
        while (await hershy_twins.host.get(program.id)).state is not ProgramState.ERROR:
            await anext(published)
    failed = (await client.get(url)).json()
    assert failed["exit_reason"] == {"kind": "code", "code": 3}
    assert "exited with code 3" in failed["error_msg"]


async def test_what_is_not_known_has_no_key(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Clients ask with a default of their own, which a null would get past; from registration to deletion."""
    program = await hershy_twins.create()
    url = f"/programs/{program.id}"
    answers = ("/programs", url, *(f"{url}/{it}" for it in ("logs", "journal", "stats")), f"/debug/proxy/{program.id}")

    async def require_no_null() -> None:
        for answer in answers:
            assert "null" not in (await client.get(answer)).text, answer

    async def short_container_id() -> str:
        found: str = (await client.get(url)).json().get("container_id", "N/A")[:12]
        return found

    await require_no_null()
    assert await short_container_id() == "N/A"
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    await require_no_null()
    assert (await short_container_id()).startswith("memory-")
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, ProgramState.STOPPED)
    await require_no_null()
    await client.delete(url)
    assert "null" not in (await client.get(f"{url}/journal")).text


async def test_options_are_shown(client: httpx.AsyncClient) -> None:
    """What was asked for, defaults filled in, and when it will be gone; but no environment: secrets travel there."""
    program_id = await created(
        client,
        env={"KEY": "secret"},
        restart_policy="always",
        health_check=True,
        ttl_s=90,
        idle_timeout_s=30.5,
        egress="none",
    )
    response = await client.get(f"/programs/{program_id}")
    body = response.json()
    assert body["restart_policy"] == {
        "mode": "always",
        "base_delay_s": 1,
        "max_delay_s": 60,
        "max_restarts": 5,
        "window_s": 600,
        "stable_after_s": 30,
    }
    assert body["resources"] == asdict(ResourceLimits())
    assert body["health_check"] == {"path": "/watcher/status", "interval_s": 10, "timeout_s": 2, "failures": 3}
    assert (body["ttl_s"], body["idle_timeout_s"], body["egress"]) == (90, 30.5, "none")
    lifetime = datetime.fromisoformat(body["expires_at"]) - datetime.fromisoformat(body["created_at"])
    assert lifetime == timedelta(seconds=90)
    assert "secret" not in response.text


async def test_health_check(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """An object sets what it names; false is none."""
    await created(client, health_check={"path": "/ping", "interval_s": 5, "timeout_s": 1, "failures": 1})
    await created(client, health_check=False)
    first, second = await hershy_twins.host.list()
    assert first.options.health_check == HealthCheck("/ping", timedelta(seconds=5), timedelta(seconds=1), 1)
    assert second.options.health_check is None


async def test_next_restart(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """While a restart waits, its moment is shown, and how many there have been."""
    program = await hershy_twins.ready(restart_policy=RestartPolicy(RestartMode.ALWAYS))
    await hershy_twins.runtime.exit(program.id, 3)
    async with hershy_twins.host.events(program.id) as published:
        while (await hershy_twins.host.get(program.id)).state is not ProgramState.STARTING:
            await anext(published)
    body = (await client.get(f"/programs/{program.id}")).json()
    assert body["restart_count"] == 1
    assert RFC3339.fullmatch(body["next_restart_at"])
    assert body["exit_reason"]["code"] == 3
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    assert "next_restart_at" not in (await client.get(f"/programs/{program.id}")).json()


async def test_pages(client: httpx.AsyncClient) -> None:
    """``limit`` and ``offset`` cut a page out of what matches."""
    ids = [await created(client) for _ in range(5)]

    async def page(query: str) -> list[str]:
        body = (await client.get(f"/programs?{query}")).json()
        assert body["count"] == len(body["programs"])
        return [it["program_id"] for it in body["programs"]]

    assert await page("limit=2") == ids[:2]
    assert await page("limit=2&offset=3") == ids[3:]
    assert await page("offset=4") == ids[4:]
    assert await page("offset=9") == []
    assert (await client.get("/programs?limit=0")).status_code == 400
    assert (await client.get("/programs?offset=-1")).status_code == 400


async def test_rendering_is_never_stale(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What is kept of an earlier answer is not shown once the program has changed; nor is more kept than allowed."""
    program = await hershy_twins.create()
    assert (await client.get("/programs")).json()["programs"][0]["state"] == "Created"
    await hershy_twins.host.start(program.id)
    ready = await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    assert (await client.get("/programs")).json()["programs"][0]["state"] == "Ready"
    rendered = RenderedPrograms(most_kept=1)
    for it in (program, ready, await hershy_twins.create(), ready):
        assert json.loads(rendered.one(it)) == written(program_info(it))
        assert len(rendered._fragments) == 1


async def test_list(client: httpx.AsyncClient) -> None:
    """Filters by user, state and labels, all of which must match."""
    first = await created(client, labels={"team": "blue", "tier": "1"})
    second = await created(client, user_id="bob", labels={"team": "blue"})

    async def ids(query: str) -> list[str]:
        body = (await client.get(f"/programs{query}")).json()
        assert body["count"] == len(body["programs"])
        return [it["program_id"] for it in body["programs"]]

    assert await ids("") == [first, second]
    assert await ids("?user_id=bob") == [second]
    assert await ids("?state=Created") == [first, second]
    assert await ids("?state=Ready") == []
    assert await ids("?label=team=blue&label=tier=1") == [first]
    assert await ids("?label=team=red") == []


async def test_search(client: httpx.AsyncClient) -> None:
    """``q`` is looked for in description, id, user and labels, whatever the case, beside the other criteria."""
    first = await created(client, description="Counts sheep", labels={"team": "blue"})
    second = await created(client, user_id="bob", description="counts money")

    async def found(**query: str) -> list[str]:
        return [it["program_id"] for it in (await client.get("/programs", params=query)).json()["programs"]]

    assert await found(q="COUNTS") == await found(q="") == [first, second]
    assert await found(q="sheep") == await found(q="team=B") == await found(q="ALICE") == [first]
    assert await found(q=second) == await found(q="counts", user_id="bob") == [second]
    assert await found(q="environment") == []
    assert (await client.get("/programs", params={"q": "x" * 1001})).status_code == 400
    assert (await client.get("/programs?q=a&q=b")).status_code == 400


async def test_source(client: httpx.AsyncClient) -> None:
    """The source view holds what was registered, the Dockerfile among it."""
    program_id = await created(client)
    body = (await client.get(f"/programs/{program_id}/source")).json()
    assert set(body) == {"program_id", "files", "retrieved_at"}
    assert body["files"] == {"Dockerfile": "FROM scratch", "pkg/main.py": "print(1)"}


async def test_debug_proxy(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Shows the open route; without one, that there is none."""
    idle = await hershy_twins.create()
    body = (await client.get(f"/debug/proxy/{idle.id}")).json()
    assert body == {"program_id": str(idle.id), "open": False}
    ready = await hershy_twins.ready()
    await client.get(f"/programs/{ready.id}/proxy/watcher/status")
    body = (await client.get(f"/debug/proxy/{ready.id}")).json()
    assert RFC3339.fullmatch(body.pop("opened_at"))
    assert body == {
        "program_id": str(ready.id),
        "open": True,
        "publish_port": ready.publish_port.value,
        "target_url": ready.proxy_url,
        "requests": 1,
        "active": 0,
    }


async def test_head(client: httpx.AsyncClient) -> None:
    """HEAD answers as GET does, without a body; also where GET would go on for ever."""
    program_id = await created(client)
    for path in ("/programs", f"/programs/{program_id}", f"/programs/{program_id}/events", "/events"):
        response = await client.head(path)
        assert (response.status_code, response.content) == (200, b"")
    assert (await client.head("/programs/nobody")).status_code == 404
