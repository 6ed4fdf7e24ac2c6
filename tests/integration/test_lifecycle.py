"""Strings in, a Ready program out, on the real engine: under runc and under gVisor."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from hershy import (
    BuildSpec,
    Host,
    Program,
    ProgramOptions,
    ProgramRequest,
    ProgramState,
    RestartPolicy,
    UserID,
    open_host,
)
from hershy.core.exits import ExitKind
from hershy.errors import IllegalTransition, ProgramFailed, ProgramNotFound, ProgramNotRunning
from hershy.programs.domain.restart import RestartMode
from hershy.programs.ports.event_bus import BuildLine, Happened
from hershy.programs.ports.proxy import ProxyRequest
from hershy.programs.ports.runtime import LogQuery

from .host_process import serving
from .programs import Witness, shell, tally, written

READY, STOPPED, ERROR = ProgramState.READY, ProgramState.STOPPED, ProgramState.ERROR
PATIENCE = timedelta(seconds=60)
SERVE = "mkdir -p /state/www; echo hello > /state/www/index.html; httpd -f -p 8080 -h /state/www & wait"


@pytest.fixture(params=["runc", "runsc"])
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def host(runtime: str, tmp_path: Path) -> AsyncIterator[Host]:
    async with open_host(
        runtime=runtime, storage_root=tmp_path / "root", readiness_timeout_s=30, stop_grace_s=5
    ) as opened:
        yield opened
        for program in await opened.list():
            await opened.delete(program.id)


@pytest.fixture
def witness() -> Iterator[Witness]:
    client = docker.from_env()
    yield Witness(client)
    client.close()


async def create(host: Host, build: BuildSpec, user: str = "alice", **options: object) -> Program:
    return await host.create(ProgramRequest(UserID(user), build, ProgramOptions(**options)))  # type: ignore[arg-type]


async def start(host: Host, program: Program) -> Program:
    await host.start(program.id)
    return await host.wait_for(program.id, READY, timeout=PATIENCE)


async def answer(host: Host, program: Program, target: str) -> str:
    response = await host.request(program.id, ProxyRequest("GET", target, ()))
    body = b"".join([chunk async for chunk in response.body])
    assert response.status == 200, body
    return body.decode()


async def test_the_whole_life_of_a_program(
    host: Host, runtime: str, python_image: str, witness: Witness, tmp_path: Path
) -> None:
    """Built, Ready, messaged, stopped, restart refused, started with its old state, deleted without a trace."""
    program = await create(host, tally(python_image))
    folder = tmp_path / "root" / str(program.id)
    seen: list[str] = []
    built: list[str] = []
    async with host.events(program.id) as published:
        assert (await host.start(program.id)).state is ProgramState.CREATED
        while "Ready" not in seen:
            notice = (await asyncio.wait_for(anext(published), 60)).notice
            assert not (isinstance(notice, Happened) and notice.program.state is ERROR), notice
            if isinstance(notice, Happened):
                seen.append(str(notice.program.state))
            elif isinstance(notice, BuildLine):
                built.append(notice.text)
    assert seen == ["Building", "Built", "Starting", "Running", "Ready"]
    assert any("COPY tally.py" in line for line in built)
    assert (folder / "logs" / "build.log").read_text().splitlines() == built

    ready = await host.get(program.id)
    assert witness.containers(ready) == [str(ready.container_id)]
    assert witness.runtime_of(ready) == runtime
    compose = (folder / "compose" / "compose.yaml").read_text()
    for part in (f"hersh-program-{ready.id}", f"hersh-program-{ready.build_id}", f"{ready.publish_port}", "8080"):
        assert part in compose
    assert str(folder / "state") in compose
    assert (await host.message(program.id, "add 5")).status == "message sent"
    assert json.loads(await answer(host, program, "/tally"))["total"] == 5
    assert "total 5" in (await host.logs(program.id)).text
    with pytest.raises(IllegalTransition):
        await host.start(program.id)

    await host.stop(program.id)
    stopped = await host.wait_for(program.id, STOPPED, timeout=PATIENCE)
    assert stopped.exit_reason is not None
    assert stopped.exit_reason.kind is ExitKind.REQUESTED
    assert witness.containers(ready) == []
    assert "total 5" in (await host.logs(program.id)).text
    with pytest.raises(ProgramNotRunning):
        await host.restart(program.id)

    again = await start(host, program)
    assert again.container_id != ready.container_id
    assert again.image_id == ready.image_id
    assert json.loads(await answer(host, program, "/tally"))["total"] == 5

    await host.restart(program.id)
    await host.wait_for(program.id, ProgramState.STARTING, timeout=PATIENCE)
    restarted = await host.wait_for(program.id, READY, timeout=PATIENCE)
    assert restarted.container_id != again.container_id

    await host.delete(program.id)
    assert witness.containers(ready) == []
    assert not witness.has_image(ready)
    assert not folder.exists()
    with socket.create_server(("127.0.0.1", int(ready.publish_port))):
        pass
    with pytest.raises(ProgramNotFound):
        await host.get(program.id)


async def test_a_failing_build_tells_the_failing_step(host: Host, busybox_image: str, witness: Witness) -> None:
    """Error, with the step's output in error_msg and the whole in build.log; no image is left."""
    build = BuildSpec(f"FROM {busybox_image}\nRUN echo about to fail && false\n")
    program = await create(host, build)
    await host.start(program.id)
    failed = await host.wait_for(program.id, ERROR, timeout=PATIENCE)
    first, *following = failed.error_msg.splitlines()
    assert first == "Build failed: RUN echo about to fail && false: ended with exit code 1"
    assert "about to fail" in "\n".join(following)
    assert any("about to fail" in line for line in await host.build_log(program.id))
    assert not witness.has_image(program)


async def test_a_build_without_a_file_says_so_in_the_words_of_its_author(host: Host, busybox_image: str) -> None:
    """Not in those of the engine's cache."""
    program = await create(host, BuildSpec(f"FROM {busybox_image}\nCOPY nothere.txt /x\n", {"here.txt": ""}))
    await host.start(program.id)
    failed = await host.wait_for(program.id, ERROR, timeout=PATIENCE)
    assert failed.error_msg.splitlines()[0] == (
        "Build failed: file not found in build context or excluded by .dockerignore: nothere.txt"
    )


async def test_a_program_that_never_answers_is_an_error(
    host: Host, busybox_image: str, witness: Witness, runtime: str, tmp_path: Path
) -> None:
    """The readiness deadline passes: stopped, removed, its last words in error_msg."""
    await host.aclose()
    async with open_host(runtime=runtime, storage_root=tmp_path / "other", readiness_timeout_s=3) as impatient:
        program = await create(impatient, shell(busybox_image, "echo thinking; sleep 1000"))
        await impatient.start(program.id)
        failed = await impatient.wait_for(program.id, ERROR, timeout=PATIENCE)
        assert "no HTTP answer on port 8080 within 3 s" in failed.error_msg
        assert "thinking" in failed.error_msg
        await impatient.delete(program.id)
        assert witness.containers(program) == []


@pytest.mark.parametrize(("code", "state"), [(0, STOPPED), (3, ERROR)])
async def test_a_program_that_ends_by_itself(
    host: Host, busybox_image: str, witness: Witness, tmp_path: Path, code: int, state: ProgramState
) -> None:
    """Exit 0 after Ready is Stopped, any other an Error with the code; the container is removed either way."""
    script = SERVE.replace("& wait", f"& while [ ! -e /state/www/go ]; do sleep 0.1; done; echo bye; exit {code}")
    program = await start(host, await create(host, shell(busybox_image, script)))
    (tmp_path / "root" / str(program.id) / "state" / "www" / "go").touch()
    ended = await host.wait_for(program.id, state, timeout=PATIENCE)
    assert ended.exit_reason is not None
    assert ended.exit_reason.code == code
    assert "bye" in (await host.logs(program.id)).text
    assert ("bye" in ended.error_msg) == (code != 0)
    assert witness.containers(program) == []


async def test_a_program_that_dies_is_brought_back_where_its_policy_says_so(host: Host, busybox_image: str) -> None:
    """on-failure: a new container after the delay, Ready again."""
    script = f"[ -e /state/once ] || {{ touch /state/once; echo first; exit 7; }}\n{SERVE}"
    policy = RestartPolicy(RestartMode.ON_FAILURE, timedelta(milliseconds=50))
    program = await start(host, await create(host, shell(busybox_image, script), restart_policy=policy))
    assert len(program.restarts.restarts) == 1
    assert await answer(host, program, "/") == "hello\n"


async def test_two_programs_at_once_do_not_disturb_each_other(host: Host, busybox_image: str) -> None:
    """Different ports, different answers; stopping one leaves the other Ready."""
    builds = [shell(busybox_image, SERVE.replace("hello", word)) for word in ("one", "two")]
    programs = [await create(host, build, user=f"user-{number}") for number, build in enumerate(builds)]
    first, second = await asyncio.gather(*(start(host, program) for program in programs))
    assert first.publish_port != second.publish_port
    assert [await answer(host, program, "/") for program in (first, second)] == ["one\n", "two\n"]
    await host.stop(first.id)
    await host.wait_for(first.id, STOPPED, timeout=PATIENCE)
    assert await answer(host, second, "/") == "two\n"


async def test_a_stop_ends_a_build_at_once(host: Host, busybox_image: str, witness: Witness) -> None:
    """A build of a minute stops within seconds, and leaves no image and no container."""
    program = await create(host, BuildSpec(f"FROM {busybox_image}\nRUN echo begun; sleep 60\n"))
    async with host.events(program.id) as published:
        await host.start(program.id)
        while not (isinstance(notice := (await anext(published)).notice, BuildLine) and "begun" in notice.text):
            pass
    began = asyncio.get_running_loop().time()
    await host.stop(program.id)
    await host.wait_for(program.id, STOPPED, timeout=PATIENCE)
    assert asyncio.get_running_loop().time() - began < 15
    assert not witness.has_image(program)
    assert witness.containers(program) == []


async def test_a_held_port_moves_the_program_to_the_next(host: Host, busybox_image: str) -> None:
    """A stranger listens on the leased port: the program runs on another and is reached there."""
    program = await create(host, shell(busybox_image, SERVE))
    with socket.create_server(("127.0.0.1", int(program.publish_port))):
        ready = await start(host, program)
        assert ready.publish_port != program.publish_port
        assert await answer(host, ready, "/") == "hello\n"


async def test_a_deletion_during_the_build_or_the_start_leaves_nothing(
    host: Host, busybox_image: str, witness: Witness
) -> None:
    """Deleted at several moments after start; whatever was under way, all of it is gone."""
    for delay_s in (0, 0.05, 0.2, 0.4, 0.8):
        program = await create(host, shell(busybox_image, f"{SERVE} # {delay_s}"))
        await host.start(program.id)
        await asyncio.sleep(delay_s)
        await host.delete(program.id)
        assert witness.containers(program) == []
        assert not witness.has_image(program)


async def test_the_next_host_takes_up_what_a_killed_one_left(
    runtime: str, busybox_image: str, witness: Witness, tmp_path: Path
) -> None:
    """The program goes on in its container, answers as before, and can be deleted without a trace."""
    root = tmp_path / "root"
    directory = written(shell(busybox_image, SERVE), tmp_path / "program")
    with serving(runtime, root) as killed:
        deployed = killed.run("deploy", str(directory), "--wait", "--json").document
        killed.process.kill()
        killed.process.wait(PATIENCE.total_seconds())
    assert witness.containers_of(deployed["program_id"]) == [deployed["container_id"]]
    async with open_host(runtime=runtime, storage_root=root) as host:
        (program,) = await host.list()
        assert (program.state, str(program.container_id)) == (READY, deployed["container_id"])
        assert await answer(host, program, "/") == "hello\n"
        await host.delete(program.id)
        assert witness.containers_of(deployed["program_id"]) == []
        assert not witness.has_image(program)


async def test_following_logs_ends_with_the_container(host: Host, busybox_image: str) -> None:
    """Lines come while the program runs; the stream ends when it is stopped."""
    program = await start(
        host, await create(host, shell(busybox_image, f"(while true; do echo tick; sleep 0.2; done) & {SERVE}"))
    )
    lines = []
    async for line in host.follow_logs(program.id, LogQuery(tail=0)):
        lines.append(line.text)
        if len(lines) == 3:
            await host.stop(program.id)
    assert set(lines) == {"tick"}
    await host.wait_for(program.id, STOPPED, timeout=PATIENCE)


async def test_waiting_for_a_program_that_fails_to_start_says_why(host: Host, busybox_image: str) -> None:
    """A command that does not exist is a start failure with the engine's words."""
    program = await create(host, BuildSpec(f'FROM {busybox_image}\nCMD ["/no/such/command"]\n'))
    await host.start(program.id)
    with pytest.raises(ProgramFailed, match=r"/no/such/command|exited with code 127"):
        await host.wait_for(program.id, READY, timeout=PATIENCE)


async def test_two_programs_of_one_build_deleted_at_once_leave_no_image(
    host: Host, busybox_image: str, witness: Witness
) -> None:
    """They share one image, and the later of the two takes it along."""
    build = shell(busybox_image, SERVE)
    programs = [await create(host, build, user=f"user-{number}") for number in range(2)]
    started = await asyncio.gather(*(start(host, program) for program in programs))
    assert started[0].image_id == started[1].image_id
    await asyncio.gather(*(host.delete(program.id) for program in programs))
    assert not witness.has_image(programs[0])
    assert [witness.containers(program) for program in programs] == [[], []]
