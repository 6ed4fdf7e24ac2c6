"""What code in a sandbox can do to get out: the tries of ``hershy verify``, made from inside, under both runtimes."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import docker
import pytest
import pytest_asyncio

from hershy.errors import ContractViolation
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy_adapters.docker._sandbox import making
from hershy_adapters.docker.sandbox import DockerSandbox

from .sandboxes import KINDS, left, opened

LIMITS = SandboxLimits(timeout=timedelta(seconds=60), open_files=200)
WRITABLE = ("/work", "/tmp")
LEFT_OUT = {
    "memory",
    "processes",
    "fill-state",
    "many-entries",
    "fill-log",
    "processor",
    "large-file",
    "setuid-program",
}
"""Tries whose verdict is seen from outside, of bounds tested on their own, and that need an image of theirs."""
DRIVER = """
import json, sys
from probe import files, kernel, limits, network, privileges
from probe.child import result_of
from probe.outcome import TRIES
given = json.load(sys.stdin)
print(json.dumps([result_of(TRIES[it], given.get(it, {})) for it in TRIES if it not in given["left out"]]))
"""


@pytest.fixture(scope="module", params=sorted(KINDS))
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def sandbox(runtime: str, python_image: str, tmp_path: Path) -> AsyncIterator[DockerSandbox]:
    async with opened(runtime, python_image, tmp_path) as it:
        yield it


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A service of this machine that listens on all of its addresses."""
    with socket.create_server(("0.0.0.0", 0)) as it:
        it.setblocking(False)
        yield it


def probe() -> dict[str, str]:
    folder = files("hershy.verification") / "probe"
    texts = {it.name: it.read_text("utf-8") for it in folder.iterdir() if it.name.endswith(".py")}
    return {f"probe/{name}": text.replace("/state", "/work") for name, text in texts.items()}


async def test_no_try_to_get_out_succeeds(
    sandbox: DockerSandbox, listener: socket.socket, engine: docker.DockerClient
) -> None:
    """Each is contained; what can be written to is the two places that are there for it."""
    gateway = engine.networks.get("bridge").attrs["IPAM"]["Config"][0].get("Gateway", "172.17.0.1")
    given = {
        "left out": sorted(LEFT_OUT),
        "open-files": {"limit": LIMITS.open_files},
        "connect": {"host": gateway, "port": listener.getsockname()[1]},
        "name-of-address": {"address": gateway},
    }
    job = SandboxJob(DRIVER, files=probe(), stdin=json.dumps(given), limits=LIMITS)
    result = await sandbox.run(job)
    assert result.outcome is Outcome.FINISHED, (result.message, result.stderr)
    rows: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])
    assert len(rows) > 60
    for row in rows:
        if row["name"] in ("write-elsewhere", "overwrite"):
            _, _, places = row["happened"].partition(" ")
            places = places.removeprefix("to ").rpartition(" and ")[0]
            assert all(it.startswith(WRITABLE) for it in places.split(", ")), row
            assert len(places.split(", ")) <= 5
        else:
            assert row["verdict"] == "contained", row
    with pytest.raises(BlockingIOError):
        listener.accept()


INSIDE = """
import json, os, socket
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
def attempt(what):
    try:
        return what() or "done"
    except OSError as error:
        return error.strerror
def connect(address):
    socket.create_connection(address, 2).close()
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "capabilities": status["CapEff"].strip(),
    "cwd": os.getcwd(), "env": dict(os.environ),
    "processes": [it for it in os.listdir("/proc") if it.isdigit()],
    "resolve": attempt(lambda: socket.getaddrinfo("example.org", 80)),
    "metadata": attempt(lambda: connect(("169.254.169.254", 80))),
    "loopback of the machine": attempt(lambda: connect(("127.0.0.1", 22))),
    "root": attempt(lambda: os.setuid(0)),
    "routed devices": [line.split()[0] for line in open("/proc/net/route").read().splitlines()[1:] if line.strip()]
    + ([line.split()[-1] for line in open("/proc/net/ipv6_route")] if os.path.exists("/proc/net/ipv6_route") else []),
}))
"""


async def test_code_is_nobody_nowhere(sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """No root, no capability, no network, no process but its own, nothing of the Host's environment."""
    monkeypatch.setenv("HERSHY_SECRET_OF_THE_HOST", "seen")
    result = await sandbox.run(SandboxJob(INSIDE))
    assert result.outcome is Outcome.FINISHED, (result.message, result.stderr)
    seen = json.loads(result.stdout)
    assert seen["uid"] == seen["gid"] == 65532
    assert 0 not in seen["groups"]
    assert int(seen["capabilities"], 16) == 0
    assert seen["cwd"] == "/work"
    assert "HERSHY_SECRET_OF_THE_HOST" not in seen["env"]
    assert len(seen["processes"]) == 2, "the bootstrap, and the code"
    assert set(seen["routed devices"]) <= {"lo"}, "a kernel may show others, but nothing leads to them"
    for what in ("resolve", "metadata", "loopback of the machine", "root"):
        assert seen[what] != "done", what


@pytest.mark.parametrize("place", WRITABLE)
async def test_the_writable_places_are_bounded(sandbox: DockerSandbox, place: str) -> None:
    """Full is full, and the engine's disk is not what fills."""
    code = (
        f"try:\n    with open('{place}/big', 'wb') as f:\n        while True: f.write(b'x' * 65536)\n"
        "except OSError as error: print(error.strerror, f.tell() if not f.closed else '')"
    )
    result = await sandbox.run(SandboxJob(code, limits=SandboxLimits(work_bytes=2**20, memory_bytes=2**27)))
    assert result.outcome is Outcome.FINISHED, (result.message, result.stderr)
    assert result.stdout.startswith("No space left")


@pytest.mark.parametrize("one_more", ["threading.Thread(target=stay.wait, daemon=True).start()", "child()"])
async def test_one_process_or_thread_too_many_is_refused(sandbox: DockerSandbox, one_more: str) -> None:
    """The refusal is an error that the code can catch; all else goes on, and there is room again afterwards."""
    code = f"""
import os, signal, threading
stay = threading.Event()
children = []
def child():
    if (pid := os.fork()) == 0: signal.pause()
    children.append(pid)
count = 1
try:
    while count < 1000: {one_more}; count += 1
except (OSError, RuntimeError): pass
print(count)
stay.set()
for pid in children: os.kill(pid, signal.SIGKILL)
for pid in children: os.waitpid(pid, 0)
for it in threading.enumerate()[1:]: it.join()
child()
print("again")
os.kill(children[-1], signal.SIGKILL)
"""
    limits = SandboxLimits(timeout=timedelta(seconds=20), memory_bytes=2**30, pids=40)
    result = await sandbox.run(SandboxJob(code, limits=limits))
    assert result.outcome is Outcome.FINISHED, (result.message, result.stderr)
    count, again = result.stdout.split()
    assert (int(count) <= 40, int(count) >= 36, again) == (True, True, "again")


async def test_a_fork_bomb_is_held(sandbox: DockerSandbox) -> None:
    """It gets no more processes than its limit, and its time ends it; gVisor's kernel may end with it before."""
    code = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    limits = SandboxLimits(timeout=timedelta(seconds=1), pids=20)
    result = await sandbox.run(SandboxJob(code, limits=limits))
    assert result.outcome in (Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY, Outcome.KILLED)
    assert result.duration < timedelta(seconds=1.5)


async def test_a_sandbox_that_breaks_its_contract_runs_nothing(
    sandbox: DockerSandbox, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient, tmp_path: Path
) -> None:
    """The engine's own account is what counts, and the container is gone."""
    made = making.create_config

    def loosened(*args: Any) -> dict[str, Any]:
        config = made(*args)
        config["HostConfig"]["ReadonlyRootfs"] = False
        return config

    monkeypatch.setattr(making, "create_config", loosened)
    with pytest.raises(ContractViolation, match="ReadonlyRootfs"):
        await sandbox.run(SandboxJob("print('ran')"))
    assert left(engine, tmp_path) == []
