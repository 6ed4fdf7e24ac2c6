"""The network of one process, which this process is not part of: how to connect to a port of its loopback device."""

import asyncio
import ctypes
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from hershy.core.endpoint import LOOPBACK
from hershy.core.ids import ContainerID
from hershy.errors import ContractViolation, RuntimeFailure

_CLONE_NEWNET = 0x40000000
_CAPABILITIES = {"CAP_SYS_PTRACE": 19, "CAP_SYS_ADMIN": 21}
"""What entering the network of a process of another user takes."""
_LOOPBACK_DEVICE = "lo"


def obstacle() -> str:
    """Why this process cannot connect into the networks of others; empty when nothing is in the way."""
    if not hasattr(os, "pidfd_open"):
        return "this system is not Linux"
    effective = int(_field(Path("/proc/self/status").read_text(), "CapEff"), 16)
    missing = [name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1]
    return f"this process lacks {' and '.join(missing)}" if missing else ""


class ProcessNetwork:
    """``pid`` is the container's first process, as the engine says. Holds one file descriptor until ``close``.

    The descriptor stands for the process itself: that another one is given its number does no harm.
    """

    def __init__(self, container_id: ContainerID, pid: int) -> None:
        """Raises ProcessLookupError when the process has ended, RuntimeFailure when it is not the container's,
        ContractViolation when it can reach more than its own loopback device."""
        self._process = os.pidfd_open(pid)
        self._on_end: Callable[[], None] | None = None
        try:
            self._verify(container_id, pid)
        except BaseException:
            os.close(self._process)
            raise

    def _verify(self, container_id: ContainerID, pid: int) -> None:
        folder = Path(f"/proc/{pid}")
        try:
            cgroups = (folder / "cgroup").read_text()
            is_ours = (folder / "ns/net").readlink() == Path("/proc/self/ns/net").readlink()
            devices = routed_devices(folder / "net")
        except FileNotFoundError as error:
            raise ProcessLookupError(f"process {pid} has ended") from error
        if str(container_id) not in cgroups:
            raise RuntimeFailure(
                f"process {pid} is not one of container {container_id}: a program without egress needs a Host that "
                "shares the engine's machine and process ids"
            )
        if is_ours or devices:
            reach = "the network of this machine" if is_ours else f"a way out by {', '.join(sorted(devices))}"
            raise ContractViolation(f"container {container_id} should have no egress and has {reach}")

    def on_end(self, call: Callable[[], None]) -> None:
        """Call once the process has ended, in the running event loop."""
        self._on_end = call
        asyncio.get_running_loop().add_reader(self._process, self._ended)

    async def connect(self, port: int) -> socket.socket:
        """A connection to the port of its loopback device, non-blocking. Raises OSError. Cancelled, none is left."""
        connection = await _in_own_thread(self._socket)
        try:
            await asyncio.get_running_loop().sock_connect(connection, (LOOPBACK, port))
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Idempotent."""
        process, self._process = self._process, -1
        if process >= 0:
            if self._on_end is not None:
                asyncio.get_running_loop().remove_reader(process)
            os.close(process)

    def _ended(self) -> None:
        assert self._on_end is not None
        self._on_end()

    def _socket(self) -> socket.socket:
        """Leaves this thread in the network of the process: a socket stays in the network it was made in."""
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(self._process, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"entering the network of a container: {os.strerror(number)}")
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        return connection


def routed_devices(folder: Path) -> set[str]:
    """Devices that some route goes by, but the loopback one.

    Not all devices: a kernel may give every network a few that are down, and that nobody in it can bring up.
    """
    routes = [line.split() for line in (folder / "route").read_text().splitlines()[1:]]
    devices = {fields[0] for fields in routes if fields}
    if (folder / "ipv6_route").exists():
        devices |= {line.split()[-1] for line in (folder / "ipv6_route").read_text().splitlines() if line.strip()}
    return devices - {_LOOPBACK_DEVICE}


def _field(text: str, name: str) -> str:
    return next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith(f"{name}:"))


async def _in_own_thread(work: Callable[[], socket.socket]) -> socket.socket:
    """The result of work done in a thread that ends with it, since nothing else may run where it has gone."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[socket.socket] = loop.create_future()

    def tell(result: socket.socket | OSError) -> None:
        if isinstance(result, OSError):
            if not done.cancelled():
                done.set_exception(result)
        elif done.cancelled():
            result.close()
        else:
            done.set_result(result)

    def run() -> None:
        try:
            result: socket.socket | OSError = work()
        except OSError as error:
            result = error
        try:
            loop.call_soon_threadsafe(tell, result)
        except RuntimeError:  # the loop was closed meanwhile
            if not isinstance(result, OSError):
                result.close()

    threading.Thread(target=run, name="network of a container", daemon=True).start()
    return await done
