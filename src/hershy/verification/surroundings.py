"""What a probe reaches, and who reaches a probe: other programs, the Host, the engine, the machine."""

import asyncio
import contextlib
import platform
import socket
from collections.abc import AsyncGenerator

from .programs import Probe, post
from .rows import CheckResult, Row

PROGRAM_PORT = 8080
OTHER_PORT = 9999
ENGINE_PORTS = (2375, 2376)
METADATA = "169.254.169.254"
LOCALHOST, ISOLATION, GVISOR = "localhost only", "isolation between programs", "gVisor"
CONNECT_TIMEOUT_S = 2.0


async def reached(probe: Probe, neighbour: Probe, host_port: int) -> AsyncGenerator[Row, None]:
    """Rows, as they come."""
    control = await probe.connect(probe.address, PROGRAM_PORT)
    listening = control.verdict is CheckResult.BREACHED

    row = (await probe.connect(neighbour.address, PROGRAM_PORT)).named(
        "neighbour", f"reach another program at its container's address, {neighbour.address}", ISOLATION
    )
    yield row if listening else row.judged(CheckResult.INCONCLUSIVE, f"it cannot even reach itself: {control.happened}")
    yield await probe.ask("name-of-address", address=neighbour.address)
    for host, what in ((probe.gateway, "the gateway"), ("127.0.0.1", "127.0.0.1")):
        tried = f"reach another program at its publish port, by {what}"
        yield (await probe.connect(host, neighbour.publish_port)).named(f"publish-port-{what}", tried, ISOLATION)
    for host, what in (
        (probe.gateway, "the gateway"),
        ("127.0.0.1", "127.0.0.1"),
        ("host.docker.internal", "host.docker.internal"),
        (_own_address(), "the machine's own address"),
    ):
        tried = f"reach the Host API by {what}"
        yield (await probe.connect(host, host_port)).named(f"host-api-{what}", tried, LOCALHOST)
    for port in ENGINE_PORTS:
        tried = f"reach the engine's port {port} by the gateway"
        yield (await probe.connect(probe.gateway, port)).named(f"engine-port-{port}", tried, "no escalation")
    tried = f"reach the metadata of a cloud at {METADATA}"
    yield (await probe.connect(METADATA, 80)).named("metadata", tried, ISOLATION)
    async for row in _heard(probe, neighbour):
        yield row


async def _heard(probe: Probe, neighbour: Probe) -> AsyncGenerator[Row, None]:
    tried = f"listen on port {OTHER_PORT}, to be reached by "
    answer = await post(probe.client, probe.program_id, "listen", {"port": OTHER_PORT})
    own = await probe.connect(probe.address, OTHER_PORT)
    is_open = answer.get("listening") == OTHER_PORT and own.verdict is CheckResult.BREACHED
    rows = [
        (await neighbour.connect(probe.address, OTHER_PORT)).named("listen-neighbour", f"{tried}another program"),
        await _from_the_machine(f"{tried}the machine's 127.0.0.1"),
    ]
    for row in rows:
        found = (
            row if is_open else row.judged(CheckResult.INCONCLUSIVE, f"it does not listen: {answer}, {own.happened}")
        )
        yield found.named(row.name, row.tried, LOCALHOST)


async def _from_the_machine(tried: str) -> Row:
    row = Row("listen-machine", LOCALHOST, tried, "", CheckResult.CONTAINED)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            _, writer = await asyncio.open_connection("127.0.0.1", OTHER_PORT)
    except (OSError, TimeoutError) as error:
        return row.judged(CheckResult.CONTAINED, f"127.0.0.1:{OTHER_PORT}: {error}")
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return row.judged(CheckResult.BREACHED, f"something answers at 127.0.0.1:{OTHER_PORT} of this machine")


def own_kernel(probe: Probe) -> Row:
    """Under gVisor: whose kernel answers the program."""
    row = Row("kernel", GVISOR, "be answered by the machine's own kernel", probe.kernel, CheckResult.CONTAINED)
    return row if probe.kernel != platform.release() else row.judged(CheckResult.BREACHED, f"it is {probe.kernel}")


def _own_address() -> str | None:
    """Of the machine, towards others; no packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        try:
            towards.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(towards.getsockname()[0])
