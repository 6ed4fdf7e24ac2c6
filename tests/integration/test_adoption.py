"""A Host that finds what the one before it has left: running programs go on, whatever else has happened is told."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from hershy import (
    Host,
    Program,
    ProgramID,
    ProgramOptions,
    ProgramRequest,
    ProgramState,
    RestartPolicy,
    UserID,
    open_host,
)
from hershy.core.exits import ExitKind
from hershy.core.ids import OwnerID
from hershy.errors import StorageInUse
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.restart import RestartMode
from hershy.programs.ports.proxy import ProxyRequest

from .host_process import run, serving
from .programs import Witness, serving_shell, shell, written

READY, STOPPED, ERROR = ProgramState.READY, ProgramState.STOPPED, ProgramState.ERROR
PATIENCE = timedelta(seconds=60)
PROMPTLY_S = 1.0
ALWAYS = RestartPolicy(RestartMode.ALWAYS, timedelta(milliseconds=50))
ENDING = serving_shell(then="while [ ! -e /state/end ]; do sleep 0.1; done; echo goodbye; exit $(cat /state/end)")


@pytest.fixture
def witness(engine: docker.DockerClient) -> Witness:
    return Witness(engine)


@pytest.fixture
async def root(tmp_path: Path) -> AsyncIterator[Path]:
    """A storage root; its programs are deleted in the end."""
    yield tmp_path / "root"
    async with opened(tmp_path / "root") as host:
        for program in await host.list():
            await host.delete(program.id)


@asynccontextmanager
async def opened(root: Path, runtime: str = "runc") -> AsyncIterator[Host]:
    async with open_host(runtime=runtime, storage_root=root, stop_grace_s=2, readiness_timeout_s=30) as host:
        yield host


async def ready(host: Host, busybox: str, script: str = ENDING, **options: Any) -> Program:
    request = ProgramRequest(UserID("alice"), shell(busybox, script), ProgramOptions(**options))
    program = await host.create(request)
    await host.start(program.id)
    return await host.wait_for(program.id, READY, timeout=PATIENCE)


async def settled(host: Host, program: Program, state: ProgramState) -> Program:
    return await host.wait_for(program.id, state, timeout=PATIENCE)


async def answer(host: Host, program_id: ProgramID) -> bytes:
    response = await host.request(program_id, ProxyRequest("GET", "/", ()))
    return b"".join([chunk async for chunk in response.body])


def end_with(root: Path, program: Program, code: int) -> None:
    (root / str(program.id) / "state" / "end").write_text(str(code))


def account(witness: Witness, container_id: object) -> dict[str, Any]:
    found: dict[str, Any] = witness.client.api.inspect_container(str(container_id))
    return found


def wait_for_end(witness: Witness, program: Program) -> None:
    witness.client.api.wait(str(program.container_id), timeout=PATIENCE.total_seconds())


@pytest.mark.parametrize(
    ("runtime", "end"), [("runc", signal.SIGTERM), ("runc", signal.SIGKILL), ("runsc", signal.SIGKILL)]
)
async def test_running_programs_are_adopted_as_they_are(
    root: Path, busybox_image: str, witness: Witness, tmp_path: Path, runtime: str, end: signal.Signals
) -> None:
    """The Host ends, gracefully or killed; under the next one: the same containers, Ready, reached, watched."""
    with serving(runtime, root) as first:
        deployed = [
            first.run("deploy", str(written(shell(busybox_image, ENDING), tmp_path / f"{number}")), "--wait", "--json")
            for number in range(3)
        ]
        programs = [it.document for it in deployed]
        first.process.send_signal(end)
        first.process.wait(PATIENCE.total_seconds())
    before = [account(witness, it["container_id"]) for it in programs]
    async with opened(root, runtime) as host:
        adopted = await host.list()
        assert [it.state for it in adopted] == [READY] * 3
        assert [str(it.container_id) for it in adopted] == [it["container_id"] for it in programs]
        for old, program in zip(before, adopted, strict=True):
            state = account(witness, program.container_id)["State"]
            assert (state["StartedAt"], state["Pid"]) == (old["State"]["StartedAt"], old["State"]["Pid"])
            assert await answer(host, program.id) == b"hello\n"
            assert program.restarts.count == 0
        began = time.monotonic()
        witness.client.containers.get(str(adopted[0].container_id)).kill()
        killed = await settled(host, adopted[0], ERROR)
        assert time.monotonic() - began < PROMPTLY_S
        assert str(killed.exit_reason) == "killed by SIGKILL"


async def test_exits_that_nobody_saw_are_told_with_reason_and_last_words(
    root: Path, busybox_image: str, witness: Witness
) -> None:
    """Ended while no Host was there: as the policy says, and as if it had been seen."""
    async with opened(root) as host:
        failed = await ready(host, busybox_image)
        finished = await ready(host, busybox_image)
        revived = await ready(host, busybox_image, restart_policy=ALWAYS)
        removed = await ready(host, busybox_image)
    for program, code in ((failed, 3), (finished, 0), (revived, 4)):
        end_with(root, program, code)
        await asyncio.to_thread(wait_for_end, witness, program)
    (root / str(revived.id) / "state" / "end").unlink()
    witness.client.containers.get(str(removed.container_id)).remove(force=True)
    async with opened(root) as host:
        told = await settled(host, failed, ERROR)
        assert told.exit_reason is not None
        assert (told.exit_reason.kind, told.exit_reason.code) == (ExitKind.CODE, 3)
        assert "exited with code 3" in told.error_msg
        assert "goodbye" in told.error_msg
        last = (await host.journal(failed.id))[-1]
        assert "goodbye" in last.detail
        assert last.exit_reason == told.exit_reason
        assert (await settled(host, finished, STOPPED)).error_msg == ""
        again = await settled(host, revived, READY)
        assert again.restarts.count == 1
        assert again.container_id != revived.container_id
        assert again.publish_port == revived.publish_port
        anew = await settled(host, removed, READY)
        assert anew.container_id != removed.container_id
        assert await answer(host, removed.id) == b"hello\n"
        for program in (failed, finished):
            assert "goodbye" in (await host.logs(program.id)).text
            assert witness.containers(program) == []


@pytest.fixture
def foreign(engine: docker.DockerClient, busybox_image: str) -> Iterator[Callable[..., str]]:
    """Makes containers labelled with an owner, by hand; with the name that hershy gives, or one of the engine's."""
    made = []

    def make(owner: str, *, named: bool = True) -> str:
        program_id = f"alice-build-0123456789ab-{len(made):08x}"
        labels = {"hershy.owner": owner, "hershy.program-id": program_id}
        name = f"hersh-program-{program_id}" if named else None
        container = engine.containers.create(busybox_image, "sleep 1000", labels=labels, network_mode="none", name=name)
        made.append(container)
        container.start()
        return str(container.id)

    yield make
    for container in made:
        with suppress(docker.errors.NotFound):
            container.remove(force=True)


async def test_only_its_own_containers_are_a_hosts_business(
    root: Path, busybox_image: str, witness: Witness, foreign: Callable[..., str], tmp_path: Path
) -> None:
    """A stray container of its own goes; one that is labelled so and has not the name that hershy gives, a stranger's,
    and those of a Host beside it, stay as they are."""
    async with opened(tmp_path / "beside") as beside:
        neighbour = await ready(beside, busybox_image)
        async with opened(root) as host:
            program = await ready(host, busybox_image)
        owner = OwnerID((root / ".owner").read_text().strip())
        stray, forged, strangers = foreign(str(owner)), foreign(str(owner), named=False), foreign("f" * 16)
        async with opened(root) as host:
            ids = {it.id for it in witness.client.containers.list(all=True)}
            assert stray not in ids
            assert {forged, strangers, str(program.container_id), str(neighbour.container_id)} <= ids
            assert (await host.get(program.id)).state is READY
            await host.delete(program.id)
        assert (await beside.get(neighbour.id)) == neighbour
        assert await answer(beside, neighbour.id) == b"hello\n"
        await beside.delete(neighbour.id)
        assert strangers in {it.id for it in witness.client.containers.list()}


async def test_a_second_host_on_one_root_is_refused(root: Path) -> None:
    """The error names the process that holds it, and the first Host is none the worse."""
    with serving("runc", root) as first:
        with pytest.raises(StorageInUse, match=rf"in use by process {first.process.pid} since"):
            async with opened(root):
                pass
        serve = ("serve", "--runtime", "runc", "--port", "0", "--storage", str(root))
        assert f"process {first.process.pid}" in run(*serve, expect=1).err
        assert first.run("ls", "--json").document is not None


async def test_a_backoff_goes_on_over_a_restart_of_the_host(root: Path, busybox_image: str) -> None:
    """The next Host starts the program at the moment that was set, not before, and not anew from its own start."""
    async with opened(root) as host:
        delay = timedelta(seconds=5)
        policy = RestartPolicy(RestartMode.ON_FAILURE, delay, max_delay=delay)
        program = await ready(host, busybox_image, restart_policy=policy)
        end_with(root, program, 1)
        waiting = await settled(host, program, ProgramState.STARTING)
        (root / str(program.id) / "state" / "end").unlink()
    async with opened(root) as host:
        now = await host.get(program.id)
        assert (now.state, now.next_restart_at) == (ProgramState.STARTING, waiting.next_restart_at)
        again = await settled(host, program, READY)
        assert waiting.next_restart_at is not None
        assert again.container_started_at is not None
        late = again.container_started_at - waiting.next_restart_at
        assert timedelta() <= late < timedelta(seconds=2)
        assert again.restarts.count == 1


async def test_a_time_to_live_that_passes_while_no_host_is_there(
    root: Path, busybox_image: str, witness: Witness
) -> None:
    """The next Host deletes the program at once, with all that it had."""
    async with opened(root) as host:
        program = await ready(host, busybox_image, ttl=timedelta(seconds=3))
    due = program.created_at + timedelta(seconds=3)
    await asyncio.sleep(max(0.0, due.timestamp() - time.time()))
    async with opened(root) as host:
        async with asyncio.timeout(5):
            entries = [it async for it in host.feed(program.id, after=0) if isinstance(it, JournalEntry)]
        assert entries[-1].state is None
        assert any("time to live" in entry.detail for entry in entries)
        assert await host.list() == []
    assert witness.containers(program) == []
    assert not witness.has_image(program)
    assert not (root / str(program.id)).exists()
