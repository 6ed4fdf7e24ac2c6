"""Opens the next Host on what a killed one has left, and says whether it makes it good."""

import asyncio
import socket
import urllib.request
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import docker

from hershy import Host, Program, ProgramState
from hershy.core.ids import BuildID
from hershy.programs.domain.journal import DELETED, REGISTERED, JournalEntry
from hershy.wiring import open_host

from .life import PORTS_EACH, READY, Job
from .story import Story

CONVERGENCE_S = 30.0
_RESTING = (ProgramState.CREATED, ProgramState.STOPPED, ProgramState.ERROR)


async def judge(job: Job) -> None:
    """Raises AssertionError for whatever is lost, doubled, left behind, or not what was asked for."""
    story = Story.read(job.told)
    container = job.container()
    async with open_host(container=container) as host:
        owner = str(container.owner())
        programs = await _settled(host)
        assert {program.state for program in programs} or None in story.allowed, f"{story}: the program is lost"
        assert len(programs) <= 1, programs
        for program in programs:
            await _judge_program(host, program, story)
        running = {str(it.container_id) for it in programs if it.state is READY}
        assert await asyncio.to_thread(_containers, owner) == running
        for program in programs:
            await host.delete(program.id)
        assert len(container.services().port_leases) == 0
        entries = await host.journal(limit=1000)
    _judge_journal(entries)
    if story.acknowledged != "nothing":
        assert story.created is None or story.created in {str(entry.program_id) for entry in entries}
    await asyncio.to_thread(_judge_remains, job, owner)


def clean_up(job: Job) -> None:
    """Remove what a life that has been judged bad may have left, so that it spoils no other."""
    owner = (job.root / ".owner").read_text().strip() if (job.root / ".owner").exists() else "nobody"

    def remove(client: docker.DockerClient) -> None:
        for container in client.containers.list(all=True, filters=_label("owner", owner)):
            container.remove(force=True)
        for image in client.images.list(filters=_label("build-id", str(job.build.build_id))):
            client.images.remove(image.id, force=True)

    _ask(remove)


async def _judge_program(host: Host, program: Program, story: Story) -> None:
    assert story.created in (None, str(program.id)), f"{story}: another program is there: {program.id}"
    assert program.state in story.allowed, f"{story}: it is {program.state}: {program.error_msg}"
    if story.port is not None:
        assert int(program.publish_port) == story.port, f"{story}: moved to port {program.publish_port}"
    if program.state is READY:
        assert await host.route(program.id) is not None
        body = await asyncio.to_thread(_get, int(program.publish_port))
        assert body == b"hello\n"
    last = (await host.journal(program.id, limit=1))[-1]
    assert last.state is program.state


async def _settled(host: Host) -> Sequence[Program]:
    """The programs once none is on its way. Polled, since a deletion's end and a state's are told differently."""
    async with asyncio.timeout(CONVERGENCE_S):
        while True:
            programs = await host.list()
            at_ease = [it.state is READY or (it.state in _RESTING and not it.is_being_deleted) for it in programs]
            routed = [it.state is not READY or await host.route(it.id) is not None for it in programs]
            if all(at_ease) and all(routed):
                return programs
            await asyncio.sleep(0.02)


def _judge_journal(entries: Sequence[JournalEntry]) -> None:
    """In order, and each entry goes on from the state that the one before it has led to."""
    assert [entry.id for entry in entries] == sorted({entry.id for entry in entries})
    by_program: dict[str, list[JournalEntry]] = {}
    for entry in entries:
        by_program.setdefault(str(entry.program_id), []).append(entry)
    for told in by_program.values():
        assert told[0].event == REGISTERED
        assert told[-1].event == DELETED
        for earlier, later in pairwise(told):
            assert later.previous is earlier.state, f"{earlier} is followed by {later}"


def _judge_remains(job: Job, owner: str) -> None:
    assert _containers(owner) == set()
    assert _images(job.build.build_id) == []
    assert [path.name for path in _programs(job.root)] == []
    for port in range(job.first_port, job.first_port + PORTS_EACH):
        with socket.create_server(("127.0.0.1", port)):
            pass


def _programs(root: Path) -> Sequence[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def _containers(owner: str) -> set[str]:
    return {it.id for it in _ask(lambda client: client.containers.list(all=True, filters=_label("owner", owner)))}


def _images(build_id: BuildID) -> Sequence[str]:
    found = _ask(lambda client: client.images.list(all=True, filters=_label("build-id", str(build_id))))
    return [image.id for image in found]


def _label(name: str, value: str) -> dict[str, str]:
    return {"label": f"hershy.{name}={value}"}


def _ask(question: Any) -> Any:
    client = docker.from_env()
    try:
        return question(client)
    finally:
        client.close()


def _get(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return bytes(answer.read())
