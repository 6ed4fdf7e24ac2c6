"""``hershy verify``: every contract proven from inside, under both runtimes, by a probe that sees a difference."""

import json
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
from docker.models.containers import Container

from hershy.verification.probe import files, kernel, limits, network, privileges
from hershy.verification.probe.outcome import TRIES
from hershy.verification.programs import USER, sources

from .host_process import DEADLINE_S, HERSHY, environment, run

LISTED = (files, kernel, limits, network, privileges)
"""Importing them has put their tries on the list."""
OUTSIDE = {
    "neighbour",
    "publish-port-the gateway",
    "publish-port-127.0.0.1",
    "host-api-the gateway",
    "host-api-127.0.0.1",
    "host-api-host.docker.internal",
    "host-api-the machine's own address",
    "engine-port-2375",
    "engine-port-2376",
    "metadata",
    "listen-neighbour",
    "listen-machine",
    "all-memory",
}
GVISOR_ONLY = {"kernel"}
LOOSENED = """\
    who-am-i capabilities seccomp write-elsewhere overwrite mount remount umount chroot fsopen open-tree unshare-user
    unshare-mnt unshare-net unshare-pid clone-user clone3-user ptrace process-vm-readv pidfd-getfd kcmp large-file
    keyctl add-key bpf userfaultfd perf-event-open open-by-handle-at sethostname personality raw-socket
    packet-socket setuid setgid setgroups setuid-program capset fanotify syslog device
"""
"""Tries that succeed where nothing contains them. Left out are those that depend on how the kernel was built."""


@pytest.mark.parametrize("runtime", ["runc", "runsc"])
def test_every_contract_holds(runtime: str, python_image: str, engine: docker.DockerClient) -> None:
    """Each try is made, and none succeeds; nothing is left of the programs that made them."""
    done = run_verify(runtime, python_image)
    document = json.loads(done.stdout)
    rows = {row["name"]: row for row in document["rows"]}
    assert [row for row in document["rows"] if row["verdict"] != "contained"] == [], done.stderr[-3000:]
    expected = (set(TRIES) - {"connect"}) | OUTSIDE | (GVISOR_ONLY if runtime == "runsc" else set())
    assert rows.keys() == expected
    assert all(row["contract"] and row["tried"] and row["happened"] for row in rows.values())
    assert (done.returncode, document["ok"], document["runtime"]) == (0, True, runtime)
    assert programs(engine) == []


def run_verify(runtime: str, base: str) -> "subprocess.CompletedProcess[str]":
    command = [*HERSHY, "verify", "--runtime", runtime, "--base", base, "--json"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=3 * DEADLINE_S, check=False
    )


def programs(engine: docker.DockerClient) -> list[Container]:
    """The containers of what a verification has deployed."""
    found: list[Container] = engine.containers.list(all=True, filters={"label": f"hershy.user-id={USER}"})
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_broken_off_it_cleans_up(number: signal.Signals, python_image: str, engine: docker.DockerClient) -> None:
    """In the middle of its tries: its containers and their image go, it says so and exits with 1."""
    command = [*HERSHY, "verify", "--runtime", "runc", "--base", python_image]
    verifying = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert verifying.stderr is not None
    for line in verifying.stderr:
        if line.startswith("contained"):
            break
    (image,) = {it.attrs["Image"] for it in programs(engine)}
    verifying.send_signal(number)
    _, told = verifying.communicate(timeout=DEADLINE_S)
    assert verifying.returncode == 1, told
    assert "broken off" in told
    assert programs(engine) == []
    with pytest.raises(docker.errors.ImageNotFound):
        engine.images.get(image)


def test_without_gvisor_it_says_how_to_get_it(tmp_path: Path) -> None:
    """It is a refusal with a remedy, not a table of nothing."""
    refused = run("verify", "--runtime", "runsc-that-is-not-installed", expect=1)
    assert "runsc-that-is-not-installed" in refused.err
    nothing_real = run("verify", "--runtime", "memory", expect=2)
    assert "nothing that could be contained" in nothing_real.err


@pytest.fixture
def loose_probe(engine: docker.DockerClient, python_image: str, tmp_path: Path) -> Iterator[Container]:
    """The probe in a container that somebody has made by hand, without any contract."""
    dockerfile, src_files = sources()
    name = "hershy-test-probe:local"
    for path, text in {"Dockerfile": dockerfile, **src_files}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    engine.images.build(path=str(tmp_path), buildargs={"BASE": python_image}, tag=name, rm=True)
    container = engine.containers.run(
        name,
        detach=True,
        init=True,
        user="0:0",
        cap_add=["ALL"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        ports={"8080/tcp": ("127.0.0.1", None)},
        tmpfs={"/state": "size=64m"},
    )
    yield container
    container.remove(force=True)
    engine.images.remove(name, force=True)


def ask(container: Container, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    port = container.attrs["NetworkSettings"]["Ports"]["8080/tcp"][0]["HostPort"]
    request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", json.dumps(given).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def test_a_container_without_contracts_is_seen_through(loose_probe: Container) -> None:
    """The same tries succeed there, and the probe says so: it does not call everything contained."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        loose_probe.reload()
        try:
            ask(loose_probe, "tries/who-am-i", {})
            break
        except (OSError, KeyError, TypeError, IndexError):
            time.sleep(0.1)  # it is just starting
    rows = [ask(loose_probe, f"tries/{name}", {"limit": 1024 * 1024}) for name in LOOSENED.split()]
    assert {row["name"]: row["happened"] for row in rows if row["verdict"] != "breached"} == {}
