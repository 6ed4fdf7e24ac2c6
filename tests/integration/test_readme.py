"""The README's blocks do what the README says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .host_process import serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEADLINE_S = 120


def block(language: str, containing: str) -> str:
    """The one code block in this language that holds the text."""
    (found,) = [it for it in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in it]
    return str(found)


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.usefixtures("python_image")
def test_the_library_block(tmp_path: Path) -> None:
    """It deploys the example under gVisor, sends a message and shows the answer in the log."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    printed = run([sys.executable, "-c", block("python", "asyncio.run")], tmp_path)
    assert "http://localhost:19" in printed
    assert "total 5" in printed


def test_the_unit_test_block(tmp_path: Path) -> None:
    """It passes as a user's test would run it, with the plugin that comes with the package."""
    (tmp_path / "test_mine.py").write_text(block("python", "hershy_twins"))
    assert "1 passed" in run([sys.executable, "-m", "pytest", "-q", "."], tmp_path)


@pytest.mark.usefixtures("python_image")
def test_the_curl_block(tmp_path: Path) -> None:
    """Registered, started, followed, asked and deleted, by curl alone."""
    with serving("runsc", tmp_path / "storage") as host:
        script = block("sh", "request.json").replace("http://127.0.0.1:9000", host.url)
        printed = run(["bash", "-c", script], tmp_path)
    for expected in ("program start initiated", "event: build", '"state":"Ready"', "hello from inside"):
        assert expected in printed
    assert printed.endswith('{"message":"program deleted successfully"}')
