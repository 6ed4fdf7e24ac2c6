"""A second engine, of a test's own, which it may stop, kill and start as it likes."""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker
import requests

DEADLINE_S = 60.0
APART = ("unshare", "--net", "--mount", "--propagation=private")
"""It must not see this machine's network: an engine without a bridge removes ``docker0``, also another engine's."""
NO_RULES = {"iptables": False, "ip6tables": False}
"""Rules of this machine are another engine's."""


class OwnEngine:
    """Everything it keeps is below ``folder``, and it sees neither the network nor the mounts of this machine."""

    def __init__(
        self, folder: Path, config: Mapping[str, Any] = {"bridge": "none"}, enclosed_by: Sequence[str] = APART
    ) -> None:
        self._folder = folder
        self._config = {**NO_RULES, **config}
        self._enclosed_by = enclosed_by
        self.host = f"unix://{folder}/docker.sock"
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        (self._folder / "daemon.json").write_text(json.dumps(self._config))
        with (self._folder / "dockerd.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *self._enclosed_by,
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
        # The SDK leaves a socket open when nobody answers, as on the socket file of an engine that was killed.
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(self.host.removeprefix("unix://")):
                return False
        client = docker.DockerClient(base_url=self.host, version="1.45", timeout=5)
        try:
            return bool(client.ping())
        except (docker.errors.APIError, requests.exceptions.RequestException):
            return False
        finally:
            client.close()


class ReachableEngine(OwnEngine):
    """Its containers' published ports are on this machine's loopback, by a bridge and addresses of its own.

    With ``live_restore`` its containers outlive it, and the next daemon takes them over.
    """

    def __init__(self, folder: Path, *, live_restore: bool) -> None:
        self._bridge = _Bridge(f"hersh{os.getpid() % 10**7}")
        pool = {"base": "10.213.0.0/16", "size": 24}
        config = {"bridge": self._bridge.name, "default-address-pools": [pool], "live-restore": live_restore}
        super().__init__(folder, config, enclosed_by=())

    def aclose(self) -> None:
        """End it and take away what it has made and mounted."""
        try:
            if self._daemon is None:
                self.start()
            self._remove_all()
            self.end()
        finally:
            self._bridge.remove()
            mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
            for mount in sorted((it for it in mounts if it.startswith(str(self._folder))), reverse=True):
                subprocess.run(["umount", "--lazy", mount], check=False, timeout=DEADLINE_S)

    def _remove_all(self) -> None:
        client = docker.DockerClient(base_url=self.host, version="1.45", timeout=DEADLINE_S)
        try:
            for container in client.containers.list(all=True):
                container.remove(force=True)
            client.networks.prune()
        finally:
            client.close()


class _Bridge:
    """A bridge of the kernel's, made without any tool that a machine may lack."""

    ADD, REMOVE, SET_FLAGS = 0x89A0, 0x89A1, 0x8914

    def __init__(self, name: str) -> None:
        self.name = name
        self._do(self.ADD, name.encode() + b"\0")

    def remove(self) -> None:
        self._do(self.SET_FLAGS, struct.pack("16sh14x", self.name.encode(), 0))
        self._do(self.REMOVE, self.name.encode() + b"\0")

    def _do(self, request: int, argument: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            fcntl.ioctl(control, request, argument)
