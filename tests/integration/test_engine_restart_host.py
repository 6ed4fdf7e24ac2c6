"""An engine that is stopped, killed and started again under a Host and its running programs."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from hershy import Host, Program, ProgramOptions, ProgramRequest, ProgramState, RestartPolicy, UserID, open_host
from hershy.core.exits import ExitKind
from hershy.errors import EngineUnavailable
from hershy.programs.domain.restart import RestartMode
from hershy_adapters.http.app import create_app

from .own_engine import DEADLINE_S, ReachableEngine
from .programs import serving_shell, shell

READY, STOPPED, ERROR = ProgramState.READY, ProgramState.STOPPED, ProgramState.ERROR
PATIENCE = timedelta(seconds=60)
PROMPTLY_S = 1.0
ALWAYS = RestartPolicy(RestartMode.ALWAYS, timedelta(milliseconds=100))

StartEngine = Callable[..., ReachableEngine]


@pytest.fixture
def start_engine(engine: docker.DockerClient, busybox_image: str, tmp_path: Path) -> Iterator[StartEngine]:
    started: list[ReachableEngine] = []

    def start(*, live_restore: bool) -> ReachableEngine:
        own = ReachableEngine(tmp_path, live_restore=live_restore)
        started.append(own)
        own.start()
        client = docker.DockerClient(base_url=own.host, version="1.45", timeout=30)
        client.images.load(b"".join(engine.images.get(busybox_image).save(named=True)))
        client.close()
        return own

    yield start
    for own in started:
        own.aclose()


class Outage:
    """A Host on an engine of its own, with a program of each policy Ready."""

    def __init__(self, host: Host, own: ReachableEngine, programs: Sequence[Program]) -> None:
        self.host = host
        self.own = own
        self.always, self.never = programs

    async def begin(self, by: signal.Signals) -> None:
        await asyncio.to_thread(self.own.end, by)
        await until(lambda: not self.host.engine_is_up)

    async def end(self) -> None:
        await asyncio.to_thread(self.own.start)
        await until(lambda: self.host.engine_is_up)

    async def containers(self) -> dict[str, dict[str, Any]]:
        """By id, as the engine inspects them."""
        return await asyncio.to_thread(self._containers)

    def _containers(self) -> dict[str, dict[str, Any]]:
        client = docker.DockerClient(base_url=self.own.host, version="1.45", timeout=30)
        try:
            return {it.id: it.attrs for it in client.containers.list(all=True)}
        finally:
            client.close()


@pytest.fixture
async def outage(
    request: pytest.FixtureRequest, start_engine: StartEngine, busybox_image: str, tmp_path: Path
) -> AsyncIterator[Outage]:
    own = await asyncio.to_thread(start_engine, live_restore=request.param)
    settings: dict[str, Any] = {
        "runtime": "runc",
        "storage_root": tmp_path / "root",
        "stop_grace_s": 2,
        "adapter_options": {"docker_host": own.host},
    }
    with own.inside():
        async with open_host(**settings) as host:
            programs = []
            for policy in (ALWAYS, RestartPolicy()):
                build = shell(busybox_image, serving_shell())
                options = ProgramOptions(restart_policy=policy)
                program = await host.create(ProgramRequest(UserID("alice"), build, options))
                await host.start(program.id)
                programs.append(await host.wait_for(program.id, READY, timeout=PATIENCE))
            opened = Outage(host, own, programs)
            yield opened
            for program in programs:
                await host.delete(program.id)
            assert await opened.containers() == {}


async def until(is_so: Callable[[], bool]) -> None:
    """Polled: neither the engine's state nor a program's is told to whoever asks about several at once."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


with_live_restore = pytest.mark.parametrize("outage", [True], indirect=True)
without_live_restore = pytest.mark.parametrize("outage", [False], indirect=True)


@without_live_restore
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
async def test_programs_that_end_with_their_engine(outage: Outage, by: signal.Signals) -> None:
    """Reads are answered meanwhile; back again, ``always`` runs anew and the other tells why it has ended."""
    host, always, never = outage.host, outage.always, outage.never
    await outage.begin(by)
    assert {it.id for it in await host.list()} == {always.id, never.id}
    await outage.end()
    await until(lambda: host._registry.get(always.id).program.restarts.count == 1)
    again = await wait_for(host, always, READY)
    ended = await wait_for(host, never, ERROR)
    assert again.container_id != always.container_id
    assert ended.exit_reason is not None
    assert ended.exit_reason.kind is ExitKind.SIGNAL
    assert set(await outage.containers()) == {str(again.container_id)}
    assert again.publish_port == always.publish_port


@without_live_restore
async def test_what_is_answered_while_the_engine_is_away(outage: Outage) -> None:
    """Reads as ever; whatever changes something is refused, over HTTP with 503, and has changed nothing."""
    host, program = outage.host, outage.always
    await outage.begin(signal.SIGTERM)
    before = {it.id: it.state for it in await host.list()}
    for change in (host.start, host.stop, host.restart, host.delete):
        with pytest.raises(EngineUnavailable):
            await change(program.id)
    transport = httpx.ASGITransport(create_app(host))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.get("/programs")).status_code == 200
        assert (await client.get(f"/programs/{program.id}")).status_code == 200
        for action in ("start", "stop", "restart"):
            assert (await client.post(f"/programs/{program.id}/{action}")).status_code == 503
        assert (await client.delete(f"/programs/{program.id}")).status_code == 503
        create = {"user_id": "alice", "dockerfile": "FROM scratch", "src_files": {}}
        assert (await client.post("/programs", json=create)).status_code == 503
    assert {it.id: it.state for it in await host.list()} == before
    await outage.end()
    await wait_for(host, program, READY)


@with_live_restore
async def test_programs_that_outlive_their_engine(outage: Outage) -> None:
    """The engine is killed; containers go on and are taken up again as they are, and their exits are noticed."""
    host, never = outage.host, outage.never
    before = await outage.containers()
    journal = [entry.id for entry in await host.journal(limit=1000)]
    await outage.begin(signal.SIGKILL)
    await outage.end()
    after = await outage.containers()
    assert {it: account["State"]["StartedAt"] for it, account in after.items()} == {
        it: account["State"]["StartedAt"] for it, account in before.items()
    }
    assert [(await host.get(it.id)).state for it in (outage.always, never)] == [READY, READY]
    assert [entry.id for entry in await host.journal(limit=1000)] == journal
    began = time.monotonic()
    await asyncio.to_thread(kill, outage, never)
    ended = await wait_for(host, never, ERROR)
    assert time.monotonic() - began < PROMPTLY_S
    assert ended.exit_reason is not None
    assert str(ended.exit_reason) == "killed by SIGKILL"


async def wait_for(host: Host, program: Program, state: ProgramState) -> Program:
    """Also out of a state in which others would rest."""
    await until(lambda: host._registry.get(program.id).program.state is state)
    return await host.get(program.id)


def kill(outage: Outage, program: Program) -> None:
    client = docker.DockerClient(base_url=outage.own.host, version="1.45", timeout=30)
    try:
        client.containers.get(str(program.container_id)).kill()
    finally:
        client.close()
