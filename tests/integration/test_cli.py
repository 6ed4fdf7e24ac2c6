"""The command line and the Host as separate processes, as people use them."""

import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import ImageNotFound, NotFound

from .host_process import DEADLINE_S, HERSHY, HostProcess, environment, run, serving
from .programs import TALLY


@pytest.fixture(params=["runc", "runsc"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HostProcess]:
    with serving(request.param, tmp_path / "storage") as host:
        yield host


@pytest.fixture
def runc_host(tmp_path: Path) -> Iterator[HostProcess]:
    with serving("runc", tmp_path / "storage") as host:
        yield host


@pytest.fixture
def memory_host(tmp_path: Path) -> Iterator[HostProcess]:
    with serving("memory", tmp_path / "storage") as host:
        yield host


@pytest.fixture
def tally(tmp_path: Path) -> Path:
    """The example, its Dockerfile changed so that every test's build is another."""
    copy = tmp_path / "tally"
    shutil.copytree(TALLY, copy)
    dockerfile = (copy / "Dockerfile").read_text().splitlines()
    where = next(number for number, line in enumerate(dockerfile) if line.startswith("COPY"))
    dockerfile.insert(where, f"LABEL nonce={secrets.token_hex(8)}")
    (copy / "Dockerfile").write_text("\n".join([*dockerfile, ""]))
    return copy


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "program"
    made.mkdir()
    return made


def test_the_example_from_deployment_to_deletion(
    host: HostProcess, engine: docker.DockerClient, python_image: str, tally: Path
) -> None:
    """Built, Ready, messaged, restarted, stopped, started again with the old state, deleted without a trace."""
    deployed = host.run(
        "deploy", str(tally), "--user", "cli-test", "--build-arg", f"BASE={python_image}", "--label", "t=1", "--wait"
    )
    program_id, url = deployed.out.splitlines()
    assert program_id.startswith("cli-test-build-")
    assert url.startswith("http://localhost:")
    for state in ("Building", "Built", "Starting", "Running", "Ready"):
        assert f" {state}\n" in deployed.err
    assert "tally.py /app/tally.py" in deployed.err, "the build's output is shown while it runs"

    assert program_id in host.run("ls", "--state", "ready", "--label", "t=1").out
    assert "answer: total 5" in host.run("message", program_id, "add 5").out
    assert "message 'add 5': total 5" in host.run("logs", program_id, "--tail", "1").out
    assert "COPY tally.py" in host.run("logs", program_id, "--build").out
    assert host.run("source", program_id, "--json").document["files"]["tally.py"] == (tally / "tally.py").read_text()
    assert "is not possible" in host.run("start", program_id, expect=1).err

    first = host.wait_for(program_id, "Ready")
    host.run("restart", program_id)
    host.wait_for(program_id, "Ready")
    assert host.run("message", program_id, "show", "--json").document["answer"] == "total 5"

    host.run("stop", program_id)
    stopped = host.wait_for(program_id, "Stopped")
    assert "container_id" not in stopped
    assert "program not running" in host.run("restart", program_id, expect=1).err
    assert "tally ends with code 0" in host.run("logs", program_id).out, "logs outlive the container"
    host.run("start", program_id)
    again = host.wait_for(program_id, "Ready")
    assert again["container_id"] not in (None, first["container_id"])
    assert host.run("message", program_id, "add 2", "--json").document["answer"] == "total 7"

    host.run("rm", program_id)
    assert host.run("ls", "--json").document == {"programs": [], "count": 0}
    with pytest.raises(NotFound):
        engine.containers.get(f"hersh-program-{program_id}")
    with pytest.raises(ImageNotFound):
        engine.images.get(f"hersh-program-{first['build_id']}")
    assert not (host.storage / program_id).exists()
    assert host.end() == 0


def test_programs_go_on_without_their_host(
    runc_host: HostProcess, engine: docker.DockerClient, python_image: str, tally: Path
) -> None:
    """SIGTERM: exit 0, the container untouched; the next Host on this storage knows and removes it."""
    deployed = runc_host.run("deploy", str(tally), "--build-arg", f"BASE={python_image}", "--wait", "--json").document
    program_id = deployed["program_id"]
    assert runc_host.end() == 0
    container = engine.containers.get(f"hersh-program-{program_id}")
    assert (container.status, container.id) == ("running", deployed["container_id"])
    with serving("runc", runc_host.storage) as successor:
        assert successor.run("status", program_id, "--json").document["state"] == "Ready"
        assert successor.run("message", program_id, "add 2", "--json").document["answer"] == "total 2"
        successor.run("rm", program_id)
    with pytest.raises(NotFound):
        engine.containers.get(container.id)


def test_a_build_that_fails(runc_host: HostProcess, directory: Path, busybox_image: str) -> None:
    """Exit 1, with the failing step's output on stderr and in the document."""
    (directory / "Dockerfile").write_text(f"FROM {busybox_image}\nRUN echo about to fail && exit 7\n")
    done = runc_host.run("deploy", str(directory), "--wait", "--json", expect=1)
    assert done.document["state"] == "Error"
    assert "about to fail" in done.document["error_msg"]
    assert "is Error: " in done.err
    runc_host.run("rm", done.document["program_id"])


def test_a_program_that_exits(runc_host: HostProcess, directory: Path, busybox_image: str) -> None:
    """Exit 1 with the exit code and the last lines it wrote."""
    (directory / "Dockerfile").write_text(f'FROM {busybox_image}\nCMD ["sh", "-c", "echo bye; exit 3"]\n')
    done = runc_host.run("deploy", str(directory), "--wait", "--json", expect=1)
    assert done.document["exit_reason"] == {"kind": "code", "code": 3}
    assert "exited with code 3" in done.err
    runc_host.run("rm", done.document["program_id"])


def test_following_logs_ends_with_the_program(runc_host: HostProcess, python_image: str, tally: Path) -> None:
    """Each line as it is written, and an end when the program ends."""
    program = runc_host.run("deploy", str(tally), "--build-arg", f"BASE={python_image}", "--wait", "--json").document
    following = subprocess.Popen(
        [*HERSHY, "logs", program["program_id"], "--follow"],
        env=environment(runc_host.url),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "tally listens on 8080, total 0 after 0 messages\n"
    runc_host.run("message", program["program_id"], "add 1")
    assert following.stdout.readline() == "message 'add 1': total 1\n"
    runc_host.run("stop", program["program_id"])
    rest, _ = following.communicate(timeout=DEADLINE_S)
    assert "tally ends with code 0" in rest
    assert following.returncode == 0
    runc_host.run("rm", program["program_id"])


def test_ctrl_c_while_waiting_leaves_the_program_alone(
    runc_host: HostProcess, directory: Path, busybox_image: str
) -> None:
    """Exit 130, how to stop it, and a Host that carries on."""
    (directory / "Dockerfile").write_text(f'FROM {busybox_image}\nCMD ["sleep", "1000"]\n')
    waiting = subprocess.Popen(
        [*HERSHY, "deploy", str(directory), "--wait"], env=environment(runc_host.url), stderr=subprocess.PIPE, text=True
    )
    assert waiting.stderr is not None
    for line in waiting.stderr:
        if line.endswith(" Running\n"):
            break
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=DEADLINE_S)
    assert waiting.returncode == 130
    program_id = err.split()[-1]
    assert f"{program_id} goes on. To stop it: hershy stop {program_id}" in err
    assert runc_host.run("status", program_id, "--json").document["state"] == "Running"
    runc_host.run("rm", program_id)


def test_the_whole_command_line_on_twins(memory_host: HostProcess, tally: Path) -> None:
    """--runtime memory answers every command without any engine."""
    program_id = memory_host.run("deploy", str(tally), "--wait").out.splitlines()[0]
    assert memory_host.run("message", program_id, "hello").out.startswith("message sent")
    assert "hello" in memory_host.run("logs", program_id).out
    memory_host.run("stop", program_id)
    memory_host.wait_for(program_id, "Stopped")
    memory_host.run("rm", program_id)
    assert memory_host.end() == 0


def test_many_programs_on_twins(memory_host: HostProcess, tally: Path) -> None:
    """Started, watched, measured and removed by label, in one command each."""
    ids = [
        memory_host.run("deploy", str(tally), "--no-start", "--label", "team=a", "--user", user).out.splitlines()[0]
        for user in ("alice", "bob")
    ]
    assert memory_host.run("start", "--label", "team=a").out.count("program start initiated") == 2
    for it in ids:
        memory_host.wait_for(it, "Ready")
    refused = memory_host.run("start", "--label", "team=a", "--json", expect=1).document
    assert (refused["count"], refused["failed"]) == (2, 2)
    assert memory_host.run("stats", "--json").document["count"] == 2
    assert "readiness reached" in memory_host.run("journal", ids[0]).out
    watching = subprocess.Popen(
        [*HERSHY, "events", ids[0], "--after", "0"], env=environment(memory_host.url), stdout=subprocess.PIPE, text=True
    )
    assert memory_host.run("rm", "--label", "team=a").out.count("program deleted successfully") == 2
    told, _ = watching.communicate(timeout=DEADLINE_S)
    assert watching.returncode == 0
    assert "registered" in told.splitlines()[0]
    assert told.splitlines()[-1].endswith("deleted")


def test_two_hosts_do_not_share_a_storage(runc_host: HostProcess) -> None:
    """The second refuses to start, and says what is in the way."""
    storage = str(runc_host.storage)
    refused = run("serve", "--runtime", "runc", "--port", "0", "--storage", storage, expect=1)
    assert storage in refused.err
    assert "Traceback" not in refused.err


def test_a_port_that_is_taken_is_named(memory_host: HostProcess, tmp_path: Path) -> None:
    """No traceback: the address, and exit 1."""
    port = memory_host.url.rpartition(":")[2]
    refused = run("serve", "--runtime", "memory", "--port", port, "--storage", str(tmp_path / "other"), expect=1)
    assert port in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("runtime", ["runc", "runsc"])
def test_doctor_finds_this_machine_fit(runtime: str) -> None:
    """Everything that the integration tests need is there."""
    assert run("doctor", "--runtime", runtime, "--json").document["ok"] is True
