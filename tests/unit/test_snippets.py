"""What a user wants to write, as the README has it, on in-memory twins."""

import asyncio
import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import hershy
import hershy.asgi
from hershy.client import AsyncClient, Client, StateEvent
from hershy.testing.twins import Twins
from hershy_adapters._asgi import AsgiTransport

ROOT = Path(__file__).parents[2]
TALLY = str(ROOT / "examples/tally")
ID = "alice-build-0123456789ab-89abcdef"


def snippet(begin: str) -> str:
    """The README's example that holds this line, without its fence."""
    for block in (ROOT / "README.md").read_text().split("```python\n")[1:]:
        code = block.partition("```")[0]
        if begin in code:
            return code
    raise AssertionError(f"the README has no example with {begin!r}")


def run_async(code: str, **names: object) -> None:
    namespace: dict[str, object] = {"hershy": hershy, **names}
    exec(f"async def main():\n{textwrap.indent(code, '    ')}", namespace)
    asyncio.run(namespace["main"]())  # type: ignore[operator]


@pytest.fixture(autouse=True)
def on_twins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HERSHY_SANDBOX", "memory")
    monkeypatch.setenv("HERSHY_CODE_ANALYZER", "memory")


def test_running_a_program_of_a_directory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The first snippet prints what the program answers, and leaves no program behind."""
    code = snippet("host.running(").replace('runtime="runc"', 'runtime="memory", clock="memory"')
    kept: list[object] = []
    code = code.replace("program.message", "kept.append((host, program)) or program.message")
    code += "\n    left.extend(await host.list())" if code.startswith("async with") else ""
    left: list[object] = ["not asked"]
    left.clear()
    run_async(code.replace("import hershy\n", ""), kept=kept, left=left)
    assert capsys.readouterr().out.strip()
    assert kept
    assert left == []


async def test_a_running_program_s_handle(hershy_twins: Twins) -> None:
    """It is Ready, answers, is waited for by names of states, and is gone afterwards."""
    async with hershy_twins.host.running(hershy.BuildSpec("FROM scratch"), user="alice") as program:
        assert (program.state, str(program.id.user_id)) == (hershy.ProgramState.READY, "alice")
        assert program.url.startswith("http://localhost:")
        assert str(await program.message("hello"))
        assert (await program.request("GET", "watcher/status")).status == 200
        assert isinstance(await program.logs(), str)
        await program.stop()
        assert (await program.wait_for("Stopped")).state == "Stopped"
    assert await hershy_twins.host.list() == []


async def test_a_program_that_fails_is_no_more(hershy_twins: Twins) -> None:
    """ProgramFailed tells the state and the program, and what had been registered is deleted."""
    hershy_twins.builder.fail_next(hershy.errors.BuildError("no"))
    with pytest.raises(hershy.errors.ProgramFailed) as caught:
        async with hershy_twins.host.running(hershy.BuildSpec("FROM scratch"), user="alice"):
            raise AssertionError("it is not Ready")
    assert caught.value.state == "Error"
    assert caught.value.program_id.startswith("alice-build-")
    assert await hershy_twins.host.list() == []


@pytest.mark.parametrize("given", ["a b", "", "é"])
async def test_a_text_for_an_id_is_validated(hershy_twins: Twins, given: str) -> None:
    """InvalidValue names the type; nothing is registered."""
    with pytest.raises(hershy.errors.InvalidValue, match="ProgramID must be"):
        await hershy_twins.host.start(given)
    with pytest.raises(hershy.errors.InvalidValue, match="UserID must be"):
        async with hershy_twins.host.running(hershy.BuildSpec("FROM scratch"), user=given):
            pass
    with pytest.raises(hershy.errors.InvalidValue, match="there are Created"):
        hershy.ProgramFilter(state=given)
    assert await hershy_twins.host.list() == []


async def test_texts_name_programs(hershy_twins: Twins) -> None:
    """Wherever a ProgramID or a UserID is taken."""
    program = await hershy_twins.create()
    await hershy_twins.host.start(str(program.id))
    assert (await hershy_twins.host.wait_for(str(program.id), "Ready")).id == program.id
    assert [it.id for it in await hershy_twins.host.list(hershy.ProgramFilter(user_id="alice"))] == [program.id]
    await hershy_twins.host.delete(str(program.id))


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
            await program.refresh()
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
            return httpx.Response(
                200, text="".join(f'event: state\ndata: {{"program_id": "{ID}", "state": "{it}"}}\n\n' for it in states)
            )
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
    """``connect`` gives a client of the URL; the README's snippet is two lines on it."""
    with hershy.connect("http://nowhere.test") as client:
        assert client.url == "http://nowhere.test"
    assert 'client.deploy("examples/tally", user="alice")' in snippet("hershy.connect()")


def test_running_code_blocks() -> None:
    """The README's third snippet gives a result of the library's type."""
    namespace: dict[str, object] = {"hershy": hershy}
    exec(snippet("hershy.run_code("), namespace)
    assert isinstance(namespace["result"], hershy.SandboxResult)


async def test_running_code_inside_an_event_loop() -> None:
    """It works there too."""
    assert isinstance(hershy.run_code("print(6 * 7)"), hershy.SandboxResult)


@pytest.fixture
def mounted(hershy_twins: Twins) -> Iterator[FastAPI]:
    app, host = FastAPI(), hershy_twins.host
    exec('app.mount("/hershy", hershy.asgi.app(host))', {"app": app, "hershy": hershy, "host": host})
    return app  # type: ignore[return-value]


@pytest.mark.parametrize(
    "path", ["/healthz", "/programs", "/docs", "/openapi.json", "/metrics", "/programs/{id}", "/programs/{id}/logs"]
)
async def test_mounted_below_a_prefix(mounted: FastAPI, hershy_twins: Twins, path: str) -> None:
    """Each of the Host's calls is found below the prefix, and not beside it."""
    program = await hershy_twins.ready()
    path = path.format(id=program.id)
    async with httpx.AsyncClient(transport=AsgiTransport(mounted), base_url="http://host") as client:
        assert (await client.get("/hershy" + path)).status_code == 200
        if path.startswith("/programs"):
            assert (await client.get(path)).status_code == 404


async def test_mounted_proxy(mounted: FastAPI, hershy_twins: Twins) -> None:
    """A program is reached below the prefix; its page's own paths do not gain one."""
    program = await hershy_twins.ready()
    async with httpx.AsyncClient(transport=AsgiTransport(mounted), base_url="http://host") as client:
        assert (await client.get(f"/hershy/programs/{program.id}/proxy/watcher/status")).status_code == 200


async def test_mounted_with_tokens(hershy_twins: Twins) -> None:
    """With a token store callers must show a token, but for the probes of life."""
    from hershy_adapters.memory.tokens import InMemoryTokenStore

    app = FastAPI()
    app.mount("/hershy", hershy.asgi.app(hershy_twins.host, tokens=InMemoryTokenStore()))
    async with httpx.AsyncClient(transport=AsgiTransport(app), base_url="http://host") as client:
        assert (await client.get("/hershy/programs")).status_code == 401
        assert (await client.get("/hershy/healthz")).status_code == 200


def test_what_went_wrong() -> None:
    """The README's last snippet has the attributes that the error has."""
    assert "error.state, error.program_id" in snippet("hershy.errors.ProgramFailed")
