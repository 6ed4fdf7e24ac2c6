"""A client written for the original, which knows nothing newer: its shell, its Python snippets, its docker commands."""

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from .host_process import serving
from .programs import Witness, shell, tally

PATIENCE_S = 60
CALL_DEADLINE_S = 30


@dataclass
class Original:
    """What such a client has: a URL, and the tools of its machine."""

    url: str

    def post(self, path: str, body: object = None, method: str = "POST") -> tuple[int, dict[str, Any]]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=CALL_DEADLINE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def get(self, path: str) -> dict[str, Any]:
        return self.post(path, method="GET")[1]

    def create(self, dockerfile: str, src_files: dict[str, str]) -> dict[str, Any]:
        status, created = self.post("/programs", {"user_id": "alice", "dockerfile": dockerfile, "src_files": src_files})
        assert (status, created["state"]) == (201, "Created")
        return created

    def first_twelve(self, program_id: str, key: str) -> str:
        """As its scripts show an id: a null gets past the default, and cannot be cut."""
        text: str = self.get(f"/programs/{program_id}").get(key, "N/A")[:12]
        return text

    def grepped_state(self, url: str) -> str:
        return sh(f'curl -s {url} | grep -o \'"state":"[^"]*"\' | cut -d\'"\' -f4')

    def poll(self, program_id: str, *wanted: str) -> str:
        """Until one of these alone: what else there may be it has never heard of."""
        deadline = time.monotonic() + PATIENCE_S
        while (state := self.grepped_state(f"{self.url}/programs/{program_id}")) not in wanted:
            assert time.monotonic() < deadline, f"{program_id} is {state}, none of {wanted}"
            time.sleep(0.2)  # such a client can only ask again
        return state


def sh(script: str) -> str:
    """What a line of shell prints."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.stdout.strip()


@pytest.fixture(params=["runc", "runsc"])
def original(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Original]:
    with serving(str(request.param), tmp_path / "storage") as host:
        client = Original(host.url)
        try:
            yield client
        finally:
            for program in client.get("/programs")["programs"]:
                client.post(f"/programs/{program['program_id']}", method="DELETE")


def based_on(image: str) -> tuple[str, dict[str, str]]:
    """A program of the original's time: a Dockerfile and sources, and no build arguments."""
    spec = tally(image)
    return f"FROM {image}\n" + spec.dockerfile.partition("FROM ${BASE}\n")[2], dict(spec.src_files)


def test_from_creation_to_deletion(original: Original, python_image: str, engine: docker.DockerClient) -> None:
    """Create, start, talk, look with docker, stop, a refused restart, start again, an exit by itself, delete."""
    created = original.create(*based_on(python_image))
    program_id, kept_url = created["program_id"], created["proxy_url"]
    path = f"/programs/{program_id}"
    assert original.first_twelve(program_id, "container_id") == "N/A"
    assert original.first_twelve(program_id, "image_id") == "N/A"

    status, started = original.post(f"{path}/start")
    assert (status, started["message"]) == (200, "program start initiated")
    assert original.poll(program_id, "Ready", "Error") == "Ready"
    container = original.first_twelve(program_id, "container_id")
    assert (
        sh(f"docker inspect -f '{{{{.State.Running}}}} {{{{.HostConfig.ReadonlyRootfs}}}}' {container}") == "true true"
    )
    assert sh(f"docker inspect -f '{{{{.Name}}}}' {container}") == f"/hersh-program-{program_id}"
    assert original.get(path)["proxy_url"] == kept_url, "nobody else has taken the port meanwhile"
    assert original.grepped_state(f"{kept_url}/watcher/status") == "Ready"
    assert original.grepped_state(f"{original.url}{path}/proxy/watcher/status") == "Ready"
    status, sent = original.post(f"{path}/proxy/watcher/message", {"content": "add 5"})
    assert (status, sent["status"]) == (200, "message sent")
    assert "add 5" in sh(f"docker logs {container} 2>&1")
    assert '"total"' in sh(f"docker exec {container} cat /state/tally.json")
    assert "add 5" in original.get(f"{path}/logs")["logs"]

    status, stopped = original.post(f"{path}/stop")
    assert (status, stopped["state"]) == (200, "Stopping")
    assert original.poll(program_id, "Stopped", "Error") == "Stopped"
    assert original.first_twelve(program_id, "container_id") == "N/A"
    for call in ("restart", "stop"):
        status, refused = original.post(f"{path}/{call}")
        assert (status, refused["code"], refused["error"]) == (404, 404, "Not Found")
        assert refused["message"] == "program not running"

    assert original.post(f"{path}/start")[1]["state"] == "Stopped"
    assert original.poll(program_id, "Ready", "Error") == "Ready"
    assert sh(f"curl -s {kept_url}/tally | grep -o '\"total\":[0-9]*'") == '"total":5'
    assert original.post(f"{path}/restart")[1]["message"] == "program restart initiated"
    assert original.poll(program_id, "Ready", "Error") == "Ready"

    original.post(f"{path}/proxy/watcher/message", {"content": "exit 3"})
    assert original.poll(program_id, "Error") == "Error"
    ended = original.get(path)
    assert ended.get("container_id", "N/A")[:12] == "N/A"
    assert "exited with code 3" in ended["error_msg"]
    assert original.post(path, method="DELETE") == (200, {"message": "program deleted successfully"})
    assert original.post(path, method="GET")[0] == 404
    assert program_id not in json.dumps(original.get("/programs"))
    assert Witness(engine).containers_of(program_id) == []


def test_an_exit_without_a_failure(original: Original, busybox_image: str) -> None:
    """Stopped, not Ready and not Error; and it can be deleted."""
    script = "mkdir -p /state/www; echo hi > /state/www/index.html; timeout 3 httpd -f -p 8080 -h /state/www; exit 0"
    spec = shell(busybox_image, script)
    created = original.create(spec.dockerfile, dict(spec.src_files))
    path = f"/programs/{created['program_id']}"
    original.post(f"{path}/start")
    assert original.poll(created["program_id"], "Ready", "Error") == "Ready"
    assert original.poll(created["program_id"], "Stopped", "Error") == "Stopped"
    assert original.get(path)["error_msg"] == ""
    assert original.post(path, method="DELETE")[0] == 200


def test_a_failed_build(original: Original, busybox_image: str) -> None:
    """Error for a client that waits for Ready or Error alone, and the cause in words that it can show."""
    created = original.create(f"FROM {busybox_image}\nCOPY nothere.txt /x\n", {"here.txt": "x"})
    path = f"/programs/{created['program_id']}"
    original.post(f"{path}/start")
    assert original.poll(created["program_id"], "Ready", "Error") == "Error"
    failed = original.get(path)
    assert failed["error_msg"].startswith("Build failed: ")
    assert "nothere.txt" in failed["error_msg"].splitlines()[0]
    assert original.first_twelve(created["program_id"], "container_id") == "N/A"
    assert original.post(f"{path}/restart")[1]["message"] == "program not running"
    assert original.post(path, method="DELETE")[0] == 200
