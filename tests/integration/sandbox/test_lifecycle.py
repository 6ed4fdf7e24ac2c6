"""What becomes of sandboxes when somebody kills, cancels, closes or starts over."""

import asyncio
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import docker
import pytest

from hershy.errors import Unavailable
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE

from .sandboxes import DEADLINE_S, KINDS, left, opened, until

ENDLESS = SandboxJob("print('begun', flush=True)\nwhile True: pass", limits=SandboxLimits(timeout=timedelta(minutes=5)))
IN_ANOTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from hershy.sandbox.domain.job import SandboxJob
from tests.integration.sandbox.sandboxes import opened
from tests.integration.sandbox.test_lifecycle import ENDLESS
async def main(runtime, image, root):
    async with opened(runtime, image, Path(root), pool_size=2) as sandbox:
        await sandbox.warm()
        running = asyncio.create_task(sandbox.run(ENDLESS))
        await asyncio.sleep(0)
        await sandbox.warm()
        print("ready", flush=True)
        await running
asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture(scope="module", params=sorted(KINDS))
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def another_process(runtime: str, image: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """With two warm sandboxes, and one in which code runs for ever."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, runtime, image, str(root)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        process.stdout.close()


async def test_a_killed_process_leaves_nothing_running_and_nothing_unfound(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Its sandboxes end by themselves at once; the next one to open removes what is left of them."""
    with another_process(runtime, python_image, tmp_path) as process:
        await until(lambda: len(left(engine, tmp_path, running_only=True)) == 3, "one runs and two are warm")
        process.send_signal(signal.SIGKILL)
        process.wait(DEADLINE_S)
        await until(lambda: left(engine, tmp_path, running_only=True) == [], "all have ended", deadline_s=10)
    assert len(left(engine, tmp_path)) == 3
    async with opened(runtime, python_image, tmp_path) as sandbox:
        assert await sandbox.reap() == 3
        assert left(engine, tmp_path) == []
        assert await sandbox.reap() == 0
    assert list((tmp_path / "sandboxes").iterdir()) == []


async def test_nobody_reaps_what_belongs_to_a_process_that_lives(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Whatever it is doing."""
    with another_process(runtime, python_image, tmp_path):
        async with opened(runtime, python_image, tmp_path) as sandbox:
            assert await sandbox.reap() == 0
        assert len(left(engine, tmp_path, running_only=True)) == 3
    async with opened(runtime, python_image, tmp_path) as sandbox:
        await sandbox.reap()


async def test_cancelling_the_call_kills_the_code(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """The caller is told at once, and half a second later nothing runs."""
    async with opened(runtime, python_image, tmp_path) as sandbox:
        running = asyncio.create_task(sandbox.run(ENDLESS))
        await until(lambda: len(left(engine, tmp_path, running_only=True)) == 1, "it runs")
        await asyncio.sleep(0.2)  # so that some are cancelled while the container is made, and this while it runs
        began = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - began < 0.3
        await until(lambda: left(engine, tmp_path) == [], "it is gone", deadline_s=5)


@pytest.mark.parametrize("after_s", [0.1, 0.15, 0.3, 0.4])
async def test_a_call_cancelled_at_any_moment_leaves_nothing(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient, after_s: float
) -> None:
    """Also while the container is being made."""
    async with opened(runtime, python_image, tmp_path) as sandbox:
        running = asyncio.create_task(sandbox.run(ENDLESS))
        await asyncio.sleep(after_s)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert left(engine, tmp_path) == []
    assert list((tmp_path / "sandboxes").iterdir()) == []


async def test_exceeding_its_time_kills_code_within_half_a_second(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Counted from the limit to when the engine says that nothing runs."""
    job = SandboxJob(
        "import os, signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nfor _ in range(3): os.fork()\nwhile True: pass",
        limits=SandboxLimits(timeout=timedelta(seconds=1)),
    )
    async with opened(runtime, python_image, tmp_path, pool_size=1) as sandbox:
        await sandbox.warm()
        began = time.monotonic()
        result = await sandbox.run(job)
        elapsed_s = time.monotonic() - began
        # The engine's list lags somewhat behind what it has done.
        await until(lambda: len(left(engine, tmp_path, running_only=True)) <= 1, "only the next warm one", deadline_s=1)
    assert result.outcome is Outcome.TIMEOUT
    assert result.was_warm
    assert 1.0 <= elapsed_s < 1.5


async def test_closing_kills_runs_under_way_and_tells_their_callers(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """And takes the pool along."""
    async with opened(runtime, python_image, tmp_path, pool_size=1) as sandbox:
        await sandbox.warm()
        running = asyncio.create_task(sandbox.run(ENDLESS))
        await until(lambda: sandbox.idle == 0, "it has one")
        await sandbox.warm()
    assert (await running).outcome is Outcome.KILLED
    assert left(engine, tmp_path) == []
    with pytest.raises(Unavailable):
        await sandbox.run(SandboxJob("1"))


async def test_warm_sandboxes_are_used_once_and_made_anew(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """No two runs meet in one: each sees an empty folder, and a process table of its own."""
    code = (
        "import os\nprint(sorted(os.listdir('/work')), sorted(os.listdir('/tmp')))\n"
        "for place in ('/work', '/tmp'): open(place + '/mine', 'w').close()"
    )
    async with opened(runtime, python_image, tmp_path, pool_size=2) as sandbox:
        seen = set()
        for _ in range(4):
            await sandbox.warm()
            seen |= set(left(engine, tmp_path, running_only=True))
            result = await sandbox.run(SandboxJob(code))
            assert (result.was_warm, result.stdout) == (True, "['main.py'] []\n")
        assert len(seen) >= 4


async def test_a_warm_sandbox_that_somebody_has_killed_is_not_given_out(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """The run goes on in another."""
    async with opened(runtime, python_image, tmp_path, pool_size=1) as sandbox:
        await sandbox.warm()
        (name,) = left(engine, tmp_path)
        engine.containers.get(name).kill()
        await until(lambda: sandbox.idle == 0, "its end is noticed")
        result = await sandbox.run(SandboxJob("print('here')"))
        assert result.stdout == "here\n"


async def test_code_killed_by_somebody_at_the_engine_is_told_as_killed(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Not as an error of its own, nor of hershy's."""
    async with opened(runtime, python_image, tmp_path) as sandbox:
        running = asyncio.create_task(sandbox.run(ENDLESS))
        await until(lambda: len(left(engine, tmp_path, running_only=True)) == 1, "it runs")
        await asyncio.sleep(0.5)
        engine.containers.get(left(engine, tmp_path)[0]).kill()
        result = await running
    assert (result.outcome, result.stdout) == (Outcome.KILLED, "begun\n")


async def test_sandboxes_are_not_taken_for_programs(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """None of their labels is one by which a Host finds its programs' containers."""
    async with opened(runtime, python_image, tmp_path, pool_size=1) as sandbox:
        await sandbox.warm()
        (name,) = left(engine, tmp_path)
        labels = engine.containers.get(name).labels
    assert sorted(it for it in labels if it.startswith("hershy.")) == ["hershy.sandbox-owner", "hershy.sandbox-runtime"]


async def test_a_host_that_was_told_of_no_image_runs_code(
    runtime: str, python_image: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With no registry in reach the local base serves, warm ones too, and the diagnosis tells; one warning is all."""
    with caplog.at_level(logging.WARNING, "hershy.sandbox"):
        async with opened(runtime, DEFAULT_IMAGE, tmp_path, pool_size=1) as sandbox:
            await sandbox.warm()
            result = await sandbox.run(SandboxJob("print(6 * 7)"))
            finding = next(it for it in await sandbox.diagnose() if it.name == "sandbox image")
    assert (result.raw_stdout, result.was_warm) == (b"42\n", True)
    assert (finding.ok, python_image in finding.detail) == (True, True)
    assert len(caplog.records) == 1
