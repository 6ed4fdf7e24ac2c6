"""Whatever a Host does, SQLite keeps its locks on the database, and nothing but SQLite opens it.

A process that closes any descriptor of a file loses all its POSIX locks on it. SQLite never learns; the next process
that opens and closes the database takes itself for the last one, and deletes the log under the running Host.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from hershy.access.authentication import issue
from hershy.cli.main import main
from hershy.wiring import open_server, open_tokens

from .sqlite_witness import ALL, SUFFIXES, beside, lasting_locks, opened_beside_sqlite

SQL = {"repository": "sql", "token_store": "sql", "storage": "filesystem"}
WIRING: dict[str, Any] = SQL | {"runtime": "memory", "api_server": "memory", "auth": "tokens"}
PROGRAM = {"user_id": "bob", "dockerfile": "FROM x"}
BODIES: dict[str, Any] = {
    "/programs": PROGRAM,
    "/bulk/programs": {"programs": [PROGRAM]},
    "/sandbox/runs": {"code": "print(1)"},
    "/sandbox/scores": {"code": "print(1)"},
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "common" / "hershy.db"


@pytest.fixture
def wiring(tmp_path: Path, path: Path) -> dict[str, Any]:
    """Of a Host whose database lies outside its storage root, where other Hosts find it too."""
    return WIRING | {"storage_root": tmp_path / "root", "database_url": f"sqlite:///{path}"}


@pytest.fixture(autouse=True)
def _only_sqlite_opens_it(path: Path) -> Iterator[None]:
    """In all of these tests."""
    with opened_beside_sqlite(path) as seen:
        yield
    assert seen == []


@asynccontextmanager
async def serving(wiring: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A Host under ``auth=tokens``, called by an admin."""
    async with open_tokens(**wiring) as (tokens, clock):
        _, token = await issue(tokens, clock.now(), None)
    async with open_server(**wiring) as server:
        transport = server.transport()  # type: ignore[attr-defined]
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url=server.url, headers=headers) as client:
            yield client


async def every_kind_of_request(client: httpx.AsyncClient, program_id: str) -> AsyncIterator[str]:
    """What was asked, after each; deletions come last."""
    document = (await client.get("/openapi.json")).json()
    asked = [(method, url) for url, operations in document["paths"].items() for method in operations]
    assert len(asked) > 25
    for method, url in sorted(asked, key=lambda it: (it[1] == "/bulk/delete", it[0] == "delete")):
        place = url.replace("{program_id}", program_id).replace("{path}", "x")
        body = {"json": BODIES.get(url, {"user_id": "bob"})} if method == "post" else {}
        async with client.stream(method, place, **body) as response:  # its headers are enough: some never end
            assert response.status_code != 401
            assert response.status_code < 500 or "proxy" in url, (method, url, await response.aread())
        yield f"{method} {url}"


async def registered(client: httpx.AsyncClient) -> str:
    return str((await client.post("/programs", json=PROGRAM)).json()["program_id"])


async def ready(client: httpx.AsyncClient) -> str:
    program_id = await registered(client)
    assert (await client.post(f"/programs/{program_id}/start")).status_code == 200
    async with client.stream("GET", f"/programs/{program_id}/events") as events:
        async for line in events.aiter_lines():
            if '"Ready"' in line:
                return program_id
    raise AssertionError("the events ended before it was ready")


async def command(*arguments: str) -> None:
    """``hershy …`` in a thread, and an event loop, of its own."""

    def run() -> object:
        with pytest.raises(SystemExit) as exited:
            main(arguments)
        return exited.value.code

    assert await asyncio.to_thread(run) in (0, None), arguments


async def test_no_request_loses_a_lock(wiring: dict[str, Any], path: Path) -> None:
    """From the start-up of a Host with tokens on, after each call there is, until its end."""
    async with serving(wiring) as client:
        assert lasting_locks(path) == ALL
        async for asked in every_kind_of_request(client, await ready(client)):
            assert lasting_locks(path) == ALL, asked
    assert lasting_locks(path) == set()


async def test_no_second_host_loses_a_lock(wiring: dict[str, Any], path: Path, tmp_path: Path) -> None:
    """Of one process and on one database, by whatever name: its start-up, every call of both, its end."""
    (tmp_path / "link.db").symlink_to(path)
    second = wiring | {"storage_root": tmp_path / "second", "database_url": f"sqlite:///{tmp_path}/link.db"}
    async with serving(wiring) as client:
        async with serving(second) as other:
            assert lasting_locks(path) == ALL
            for each in (client, other):
                async for asked in every_kind_of_request(each, await registered(each)):
                    assert lasting_locks(path) == ALL, asked
        assert lasting_locks(path) == ALL
        await registered(client)
        assert lasting_locks(path) == ALL


async def test_no_command_loses_a_lock(
    wiring: dict[str, Any], path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that work on a Host's database, in its own process, while it is open."""
    for name, value in (SQL | {"runtime": "memory", "storage_root": wiring["storage_root"]}).items():
        monkeypatch.setenv(f"HERSHY_{name.upper()}", str(value))
    monkeypatch.setenv("HERSHY_DATABASE_URL", wiring["database_url"])
    async with serving(wiring) as client:
        await command("token", "create", "--user", "alice")
        assert lasting_locks(path) == ALL
        token_id = capsys.readouterr().out.split("_")[1]
        for arguments in (("token", "ls"), ("token", "revoke", token_id), ("doctor",)):
            await command(*arguments)
            assert lasting_locks(path) == ALL, arguments
        assert (await client.get("/programs")).status_code == 200
        assert lasting_locks(path) == ALL


async def test_two_event_loops_lose_no_lock(wiring: dict[str, Any], path: Path, tmp_path: Path) -> None:
    """A Host in another thread begins and ends beside this one, on the same database."""

    async def another() -> None:
        async with serving(wiring | {"storage_root": tmp_path / "second"}) as client:
            await registered(client)

    async with serving(wiring) as client:
        await asyncio.to_thread(asyncio.run, another())
        assert lasting_locks(path) == ALL
        await registered(client)
        assert lasting_locks(path) == ALL


def test_the_witnesses_see(tmp_path: Path) -> None:
    """Another file than that of the other tests: who opens it is told, by any of its names, whatever the way."""
    path = tmp_path / "other.db"
    for suffix in SUFFIXES:
        beside(path, suffix).write_text("")
    (tmp_path / "link").symlink_to(path)
    with opened_beside_sqlite(path) as seen:
        for suffix in SUFFIXES:
            beside(path, suffix).read_text()
        os.close(os.open(tmp_path / "link", os.O_RDONLY))
        (tmp_path / "stranger").write_text("")
    assert len(seen) == len(SUFFIXES) + 1
