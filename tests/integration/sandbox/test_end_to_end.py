"""The sandbox as its users meet it: over HTTP, on the command line, in what the documentation says."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.integration.host_process import HERSHY, HostProcess, environment, run, serving

from .sandboxes import left, until

ROOT = Path(__file__).parents[3]
DEADLINE_S = 120


@pytest.fixture(scope="module")
def host(python_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    folder = tmp_path_factory.mktemp("host")
    with serving("runsc", folder / "storage", sandbox_image=python_image, sandbox_pool_size="1") as it:
        yield it


def posted(host: HostProcess, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(f"{host.url}/sandbox/runs", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


OUTCOMES = {
    "finished": "print('done')",
    "error": "def f():\n    return 1 / 0\nf()",
    "refused": "import os\nos.system('id')",
    "syntax_error": "def f(:\n    pass",
    "timeout": "import time\nprint('begun')\ntime.sleep(60)",
    "out_of_memory": "held = []\nfor _ in range(10**6):\n    held.append(bytearray(10**7))",
    "output_limit": "for _ in range(1100):\n    print('x' * 102400)",
}


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_way_to_end_has_its_outcome(host: HostProcess, outcome: str) -> None:
    """200 and a result, whatever the code does; never a hang, never an error of the Host's."""
    began = time.monotonic()
    result = posted(host, {"code": OUTCOMES[outcome], "limits": {"timeout_s": 2}})
    assert (result["outcome"], result["runtime"]) == (outcome, "runsc")
    assert result["message"]
    assert time.monotonic() - began < 30
    if outcome == "error":
        assert result["exception"]["type"] == "ZeroDivisionError"
        assert (result["exception"]["file"], result["exception"]["line"]) == ("main.py", 2)
    if outcome == "refused":
        assert result["risk"]["score"] >= 30
        assert {"process"} <= {it["rule"] for it in result["risk"]["reasons"]}
        assert any(it["tool"] == "bandit" for it in result["risk"]["lint"])
    if outcome == "output_limit":
        assert result["output_is_cut"]
        assert len(result["stdout"]) == 2**20
    if outcome == "timeout":
        assert result["stdout"] == "begun\n"


def test_files_go_in_and_come_back(host: HostProcess) -> None:
    """With input, arguments and a variable; binary content too."""
    code = (
        "import sys, os\nopen('out', 'wb').write(open('d/in', 'rb').read() + sys.stdin.buffer.read())\n"
        "print(sys.argv[1:], os.environ['A'])"
    )
    result = posted(
        host,
        {
            "code": code,
            "files": {"d/in": {"content": "/w==", "encoding": "base64"}},
            "stdin": "input",
            "args": ["x y"],
            "env": {"A": "1"},
            "collect": ["out"],
        },
    )
    assert result["stdout"] == "['x y'] 1\n", result
    assert result["files"] == {"out": {"content": "/2lucHV0", "encoding": "base64", "size": 6}}


def test_a_caller_that_goes_away_kills_its_run(host: HostProcess, engine: docker.DockerClient) -> None:
    """curl gives up after a second; nothing runs soon after."""
    body = json.dumps({"code": "import time\ntime.sleep(100)", "limits": {"timeout_s": 120}})
    done = subprocess.run(
        ["curl", "-s", "--max-time", "2", f"{host.url}/sandbox/runs", "-d", body], timeout=DEADLINE_S, check=False
    )
    assert done.returncode == 28, "curl's code for having waited long enough"
    end = time.monotonic() + 10
    while len(left(engine, host.storage, running_only=True)) > 1:  # the warm one stays
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_metrics_count_runs(host: HostProcess) -> None:
    """By outcome, warm and cold."""
    posted(host, {"code": "print(1)"})
    with urllib.request.urlopen(f"{host.url}/metrics", timeout=DEADLINE_S) as answer:
        said = answer.read().decode()
    assert re.search(r'^hershy_sandbox_runs_total\{outcome="finished"\} [1-9]', said, re.MULTILINE)
    assert "hershy_sandbox_idle" in said


def test_the_command_runs_code_at_the_host(host: HostProcess, tmp_path: Path) -> None:
    """What it prints is printed, and its end decides the exit code."""
    script = tmp_path / "it.py"
    script.write_text("import sys\nprint('out', sys.argv[1])\nprint('err', file=sys.stderr)\nsys.exit(3)\n")
    done = host.run("run", str(script), "word", expect=1)
    assert done.out == "out word\n"
    assert done.err.startswith("err\nhershy: exited with code 3")
    script.write_text("print('ok')\n")
    assert host.run("run", str(script), "--json").document["outcome"] == "finished"


@pytest.mark.parametrize("runtime", ["runc", "runsc"])
def test_the_command_runs_code_without_a_host(
    runtime: str, python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """In its own process, and leaves nothing."""
    script = tmp_path / "it.py"
    script.write_text("open('r.txt', 'w').write('kept')\nprint('here')\n")
    settings = {"sandbox_image": python_image, "storage_root": str(tmp_path / "root")}
    done = run("run", str(script), "--runtime", runtime, "--collect", "r.txt", "--out", str(tmp_path / "o"), **settings)
    assert done.out == "here\n"
    assert (tmp_path / "o" / "r.txt").read_text() == "kept"
    assert left(engine, tmp_path / "root") == []
    assert list((tmp_path / "root" / "sandboxes").iterdir()) == []


async def test_ctrl_c_kills_the_run(python_image: str, tmp_path: Path, engine: docker.DockerClient) -> None:
    """Exit 130, and nothing is left."""
    script, root = tmp_path / "it.py", tmp_path / "root"
    script.write_text("import time\ntime.sleep(100)\n")
    process = subprocess.Popen(
        [*HERSHY, "run", str(script), "--timeout", "2m", "--runtime", "runc"],
        env=environment(sandbox_image=python_image, storage_root=str(root)),
        stderr=subprocess.DEVNULL,
    )
    try:
        await until(lambda: len(left(engine, root, running_only=True)) == 1, "it runs")
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 130
    finally:
        process.kill()
        process.wait(DEADLINE_S)
    assert left(engine, root) == []


async def test_a_killed_host_leaves_nothing_that_the_next_one_does_not_find(
    python_image: str, tmp_path: Path, engine: docker.DockerClient
) -> None:
    """Runs end with it; what is left of them, and of the pool, is gone once the next one serves."""
    settings = {"sandbox_image": python_image, "sandbox_pool_size": "1"}
    body = json.dumps({"code": "import time\ntime.sleep(100)", "limits": {"timeout_s": 120}})
    with serving("runc", tmp_path / "storage", **settings) as host:
        caller = subprocess.Popen(["curl", "-s", f"{host.url}/sandbox/runs", "-d", body])
        await until(lambda: len(left(engine, host.storage, running_only=True)) == 2, "one runs, one is warm")
        host.process.kill()
        host.process.wait(DEADLINE_S)
        caller.wait(DEADLINE_S)
        await until(lambda: left(engine, host.storage, running_only=True) == [], "both have ended", deadline_s=10)
        assert len(left(engine, host.storage)) == 2
    with serving("runc", tmp_path / "storage", **settings) as host:
        assert left(engine, host.storage) == []


def test_what_the_documentation_shows(python_image: str, tmp_path: Path) -> None:
    """Its first block runs as it stands, on an image that is there."""
    text = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    (code,) = [it for it in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "asyncio.run" in it]
    done = subprocess.run(
        [sys.executable, "-c", code.replace("python:3.12-slim", python_image)],
        env=environment(storage_root=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "finished 42" in done.stdout
    assert "b'done'" in done.stdout
