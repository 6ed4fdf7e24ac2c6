"""What a program reaches by itself, and that it is reached: with egress and without, under runc and under gVisor."""

import asyncio
import contextlib
import ipaddress
import json
import secrets
import socket
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import docker
import pytest

from hershy import BuildSpec, Host, Program, ProgramOptions, ProgramRequest, ProgramState, UserID, open_host
from hershy.core.exits import ExitKind
from hershy.programs.domain.egress import Egress
from hershy.programs.ports.proxy import ProxyRequest, WebSocketClosed

from .dns_server import ADDRESS, NAME, answering
from .host_process import serving
from .programs import Witness, written

READY, ERROR = ProgramState.READY, ProgramState.ERROR
PATIENCE = timedelta(seconds=60)
NETWORK = "hershy-test-egress"
HERE = Path(__file__).parent
DOCKERFILE = 'ARG BASE\nFROM ${BASE}\nCOPY *.py /app/\nCMD ["python3", "-u", "/app/egress_program.py"]\n'
SECRET = "a service of the machine"


@pytest.fixture(params=["runc", "runsc"])
def runtime(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def gateway(engine: docker.DockerClient) -> Iterator[str]:
    """The machine's address on the programs' network, which is made before the Host, as by one that ran earlier."""
    network = engine.networks.create(NETWORK, options={"com.docker.network.bridge.enable_icc": "false"})
    network.reload()
    yield network.attrs["IPAM"]["Config"][0]["Gateway"]
    network.remove()


@pytest.fixture
async def host(runtime: str, gateway: str, tmp_path: Path) -> AsyncIterator[Host]:
    settings: dict[str, Any] = {"adapter_options": {"docker_network": NETWORK}, "dns": [gateway]}
    async with open_host(runtime=runtime, storage_root=tmp_path / "root", stop_grace_s=1, **settings) as opened:
        yield opened
        for program in await opened.list():
            await opened.delete(program.id)


@pytest.fixture
def service() -> Iterator[int]:
    """A service on all addresses of this machine; its port."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        threading.Thread(target=_greet, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _greet(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(SECRET.encode())


def program_of(base: str) -> BuildSpec:
    sources = {name: (HERE / name).read_text() for name in ("egress_program.py", "echo_program.py")}
    return BuildSpec(DOCKERFILE, {**sources, "nonce.txt": secrets.token_hex(8)}, {"BASE": base})


async def ready(host: Host, base: str, egress: Egress) -> Program:
    program = await host.create(ProgramRequest(UserID("alice"), program_of(base), ProgramOptions(egress=egress)))
    await host.start(program.id)
    return await host.wait_for(program.id, READY, timeout=PATIENCE)


async def tried(host: Host, program: Program, what: str, **arguments: object) -> Any:
    response = await host.request(program.id, ProxyRequest("GET", f"/{what}?{urlencode(arguments)}", ()))
    return json.loads(b"".join([chunk async for chunk in response.body]))


def machine_addresses(engine: docker.DockerClient, gateway: str) -> list[str]:
    """Of this machine, on networks of the engine's and on its own."""
    default = engine.networks.get("bridge").attrs["IPAM"]["Config"][0]["Gateway"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
        own = probe.getsockname()[0]
    return sorted({gateway, default, own} - {"0.0.0.0"})


def address_of(witness: Witness, program: Program) -> str:
    """On its network, of which it has one."""
    (container,) = witness.containers(program)
    (network,) = witness.client.api.inspect_container(container)["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def range_around(address: str) -> list[ipaddress.IPv4Address]:
    return list(ipaddress.IPv4Network(f"{address}/29", strict=False).hosts())


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        return bytes(response.read())


async def test_without_egress_nothing_is_reached(
    host: Host, engine: docker.DockerClient, gateway: str, service: int, python_image: str
) -> None:
    """Not the machine by any address, not another program, not the internet; names do not resolve, and fail at once."""
    witness = Witness(engine)
    neighbour = await ready(host, python_image, Egress.OPEN)
    program = await ready(host, python_image, Egress.NONE)
    assert await tried(host, program, "devices") == {"outcome": ["lo"]}
    targets = [(address, service) for address in machine_addresses(engine, gateway)]
    targets += [
        (address_of(witness, neighbour), 8080),
        ("1.1.1.1", 443),
        ("169.254.169.254", 80),
        ("127.0.0.1", service),
    ]
    for address, port in targets:
        attempt = await tried(host, program, "connect", address=address, port=port)
        assert attempt["outcome"].startswith("refused"), (address, port, attempt)
        assert attempt["seconds"] < 1
    with answering(gateway) as asked:
        attempt = await tried(host, program, "resolve", name=NAME)
    assert attempt["outcome"].startswith("refused")
    assert attempt["seconds"] < 2
    assert asked == []
    (container,) = witness.containers(program)
    account = engine.api.inspect_container(container)
    assert account["HostConfig"]["NetworkMode"] == "none"
    assert not account["HostConfig"]["PortBindings"]
    # The same tries by a program that may: else they would prove nothing.
    attempt = await tried(host, neighbour, "connect", address=gateway, port=service)
    assert attempt["outcome"] == SECRET


async def test_without_egress_it_is_reached(
    host: Host, engine: docker.DockerClient, gateway: str, python_image: str
) -> None:
    """At its URL, through the Host, by WebSocket; not by neighbours; again after a restart, and not after its end."""
    neighbour = await ready(host, python_image, Egress.OPEN)
    program = await ready(host, python_image, Egress.NONE)
    port = int(program.publish_port)
    for _ in range(2):
        assert await asyncio.to_thread(fetched, f"{program.proxy_url}/") == b"ok"
        websocket = await host.connect_websocket(program.id, "/", (), ())
        for message in ("one", "two"):
            await websocket.send(message)
            assert await websocket.receive() == message
        for address in machine_addresses(engine, gateway):
            attempt = await tried(host, neighbour, "connect", address=address, port=port)
            assert attempt["outcome"].startswith("refused")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), 5)
        await host.restart(program.id)
        assert isinstance(await asyncio.wait_for(websocket.receive(), 20), WebSocketClosed)
        await websocket.aclose()
        await host.wait_for(program.id, READY, timeout=PATIENCE)
    with contextlib.suppress(Exception):
        await tried(host, program, "finish")
    failed = await host.wait_for(program.id, ERROR, timeout=PATIENCE)
    assert failed.exit_reason is not None
    assert (failed.exit_reason.kind, failed.exit_reason.code) == (ExitKind.CODE, 3)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


async def test_a_program_learns_no_other_names(host: Host, engine: docker.DockerClient, python_image: str) -> None:
    """Not from the engine's resolver, which tells it its own at most, nor from anything that it finds to read."""
    witness = Witness(engine)
    program = await ready(host, python_image, Egress.OPEN)
    spec = program_of(python_image)
    neighbour = await host.create(ProgramRequest(UserID("the-neighbour"), spec))
    await host.start(neighbour.id)
    await host.wait_for(neighbour.id, READY, timeout=PATIENCE)
    own = await tried(host, program, "whois", address=address_of(witness, program))
    assert str(program.id) in own["outcome"] or own["outcome"].startswith("refused")  # else it was asked wrongly
    others = [address_of(witness, neighbour), *(str(it) for it in range_around(address_of(witness, neighbour)))]
    texts = [(await tried(host, program, "whois", address=it))["outcome"] for it in others]
    texts += (await tried(host, program, "told"))["outcome"].values()
    for secret in (str(neighbour.user_id), str(neighbour.build_id), "hersh-program-the"):
        assert not [text for text in texts if secret in text]


async def test_names_resolve_where_egress_is_open(host: Host, gateway: str, python_image: str) -> None:
    """By the operator's resolver, asked directly: the engine's own is out of reach of a gVisor with its own network."""
    program = await ready(host, python_image, Egress.OPEN)
    with answering(gateway) as asked:
        known = await tried(host, program, "resolve", name=NAME)
        unknown = await tried(host, program, "resolve", name="unknown.hershy.test")
    assert known["outcome"] == [ADDRESS]
    assert unknown["outcome"].startswith("refused")
    assert {NAME, "unknown.hershy.test"} <= set(asked)
    nameservers = [line for line in known["resolv_conf"].splitlines() if line.startswith("nameserver")]
    assert nameservers == [f"nameserver {gateway}"]


def test_it_outlives_its_host(runtime: str, python_image: str, tmp_path: Path) -> None:
    """Killed, the Host takes the way to a program without egress along; the next one finds it and opens it again."""
    build = program_of(python_image)
    directory = written(build, tmp_path / "program")
    storage = tmp_path / "root"
    with serving(runtime, storage) as host:
        deployed = host.run(
            *("deploy", str(directory), "--egress", "none", "--build-arg", f"BASE={python_image}", "--wait", "--json")
        ).document
        program_id, url = deployed["program_id"], deployed["proxy_url"]
        assert deployed["egress"] == "none"
        assert fetched(f"{url}/") == b"ok"
        host.process.kill()
        host.process.wait(30)
        with pytest.raises(OSError, match="refused"):
            fetched(f"{url}/")
    with serving(runtime, storage) as host:
        try:
            found = host.wait_for(program_id, "Ready")
            assert found["container_id"] == deployed["container_id"]
            assert fetched(f"{url}/") == b"ok"
            assert fetched(f"{host.url}/programs/{program_id}/proxy/") == b"ok"
        finally:
            host.run("rm", program_id)
