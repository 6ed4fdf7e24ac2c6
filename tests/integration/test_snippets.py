"""What a user wants to write, to the letter, on the real engine: a Host, a client, code that runs once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound

from .host_process import environment, serving

ROOT = Path(__file__).parents[2]
PUBLIC_IMAGE = "python:3.12-slim"
DEADLINE_S = 240

IN_THIS_PROCESS = """
import asyncio
import hershy

async def main():
    async with hershy.open_host(runtime="runc") as host:
        async with host.running(hershy.BuildSpec.from_directory("examples/tally"), user="alice") as program:
            print(await program.message("add 5"))
        assert await host.list() == []

asyncio.run(main())
"""

AT_A_HOST = """
import hershy

with hershy.connect() as client:
    program = client.deploy("examples/tally", user="alice")
    print(program.state, program.message("add 5"))
    program.delete()
    try:
        client.deploy("broken", user="alice")
    except hershy.errors.ProgramFailed as error:
        print(error.state, error.program_id)
        client.delete(error.program_id)
"""

ONCE = """
import hershy

result = hershy.run_code("print(6 * 7)")
print(result.outcome, result.stdout, result.runtime)
"""


@pytest.fixture(scope="module", autouse=True)
def _public_image(engine: docker.DockerClient, python_image: str) -> Iterator[None]:
    """The local base under the public name that the example builds on, where the engine lacks that."""
    try:
        engine.images.get(PUBLIC_IMAGE)
        yield
    except ImageNotFound:
        repository, _, tag = PUBLIC_IMAGE.partition(":")
        engine.images.get(python_image).tag(repository, tag)
        yield
        engine.images.remove(PUBLIC_IMAGE)


def printed(code: str, url: str = "", cwd: Path = ROOT, **settings: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env=environment(url, **settings),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_program_in_this_process(tmp_path: Path) -> None:
    """Built from a directory, Ready, messaged, and gone."""
    assert "message sent" in printed(IN_THIS_PROCESS, storage_root=str(tmp_path / "root"))


def test_a_program_at_a_host(tmp_path: Path) -> None:
    """The client waits until it is Ready, and says what has failed by the library's own error."""
    examples = tmp_path / "examples"
    examples.symlink_to(ROOT / "examples")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Dockerfile").write_text(f"FROM {PUBLIC_IMAGE}\nRUN false\n")
    with serving("runc", tmp_path / "storage") as host:
        lines = printed(AT_A_HOST, host.url, tmp_path).splitlines()
    assert lines[:2] == ["Ready message sent", "answer: total 5"]
    assert lines[2].startswith("Error alice-build-")


def test_a_piece_of_code(tmp_path: Path) -> None:
    """In gVisor, without anything being said of how."""
    assert printed(ONCE, storage_root=str(tmp_path / "root")).split() == ["finished", "42", "runsc"]
