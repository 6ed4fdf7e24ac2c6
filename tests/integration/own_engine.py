"""A second engine, of a test's own, which it may stop, kill and start as it likes."""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
import requests

DEADLINE_S = 60.0
CLONE_NEWNET, SET_INTERFACE_FLAGS, INTERFACE_UP = 0x40000000, 0x8914, 0x1
APART = ("unshare", "--net", "--mount", "--propagation=private")
"""It must not see this machine's network: an engine with any bridge but ``docker0`` removes that, also another's."""
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
    """Its containers' published ports can be reached, by a thread that is ``inside`` its network.

    With ``live_restore`` its containers outlive it, and the next daemon takes them over. Network and mounts are held
    by a process, not by the daemon, so that they outlive it too; they end with that process.
    """

    def __init__(self, folder: Path, *, live_restore: bool) -> None:
        self._holder = subprocess.Popen([*APART, "sleep", "infinity"], start_new_session=True)
        namespaces = Path(f"/proc/{self._holder.pid}/ns")
        _wait_until_apart(namespaces)
        self._network = namespaces / "net"
        enter = ("nsenter", f"--net={self._network}", f"--mount={namespaces / 'mnt'}", "--")
        super().__init__(folder, {"live-restore": live_restore}, enclosed_by=enter)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are in the engine's network."""
        with Path("/proc/thread-self/ns/net").open() as outside, self._network.open() as network:
            _enter(network.fileno())
            try:
                _bring_loopback_up()
                yield
            finally:
                _enter(outside.fileno())

    def aclose(self) -> None:
        """End it, its containers, and what they were enclosed by."""
        try:
            if self._daemon is None:
                self.start()
            self._remove_containers()
            self.end()
        finally:
            self._holder.kill()
            self._holder.wait(DEADLINE_S)

    def _remove_containers(self) -> None:
        client = docker.DockerClient(base_url=self.host, version="1.45", timeout=DEADLINE_S)
        try:
            for container in client.containers.list(all=True):
                container.remove(force=True)
        finally:
            client.close()


def _wait_until_apart(namespaces: Path) -> None:
    end = time.monotonic() + DEADLINE_S
    while (namespaces / "mnt").readlink() == Path("/proc/self/ns/mnt").readlink():
        assert time.monotonic() < end, "unshare gives no namespaces of its own; run as root"
        time.sleep(0.01)


def _enter(network: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", INTERFACE_UP))
