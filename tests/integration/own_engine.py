"""A second engine, of a test's own, which it may stop, kill and start as it likes."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import docker
import requests

DEADLINE_S = 60.0


class OwnEngine:
    """Everything it keeps is below ``folder``, and it sees neither the network nor the mounts of this machine.

    It must not: an engine without a bridge removes ``docker0``, also when that is another engine's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        (self._folder / "daemon.json").write_text(json.dumps({"iptables": False, "ip6tables": False, "bridge": "none"}))
        with (self._folder / "dockerd.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *("unshare", "--net", "--mount", "--propagation=private"),
                    "dockerd",
                    f"--config-file={self._folder}/daemon.json",
                    f"--data-root={self._folder}/data",
                    f"--exec-root={self._folder}/exec",
                    f"--pidfile={self._folder}/dockerd.pid",
                    f"--host={self.host}",
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + DEADLINE_S
        while not self._answers():
            assert self._daemon.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.1)

    def end(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Returns once it has ended. Idempotent."""
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        daemon.send_signal(by)
        daemon.wait(DEADLINE_S)
        if by is signal.SIGKILL:
            os.kill(int((self._folder / "exec/containerd/containerd.pid").read_text()), signal.SIGTERM)

    def log(self) -> str:
        return (self._folder / "dockerd.log").read_text()[-2000:]

    def _answers(self) -> bool:
        if not Path(self.host.removeprefix("unix://")).exists():
            return False
        client = docker.DockerClient(base_url=self.host, version="1.45", timeout=5)
        try:
            return bool(client.ping())
        except (docker.errors.APIError, requests.exceptions.RequestException):
            return False
        finally:
            client.close()
