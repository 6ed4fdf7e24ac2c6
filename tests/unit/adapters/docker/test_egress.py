"""Containers without egress, and the resolvers of the others: what the engine is sent, what this machine is asked."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hershy.core.ids import ContainerID
from hershy.errors import ConfigurationError, ContractViolation, RuntimeFailure
from hershy.programs.domain.egress import Egress
from hershy_adapters.docker._container.exits import egress_of, publish_port_of
from hershy_adapters.docker._container.hardening import create_config
from hershy_adapters.docker._container.readback import differences
from hershy_adapters.docker._container.seccomp import own_profile
from hershy_adapters.docker._network import process_network as _process_network
from hershy_adapters.docker._network.resolvers import ResolvConf, resolv_conf_for, resolvers
from hershy_adapters.docker.compose import render_compose
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

from .test_hardening import ENCLOSURE, IMAGE, OWNER, SPEC, account_of

CONTAINER = ContainerID("c" * 64)
UNPLUGGED = replace(SPEC, egress=Egress.NONE)
RESOLV_CONF = Path("/srv/hershy/resolv.conf")
WITH_RESOLVERS = replace(ENCLOSURE, resolv_conf=RESOLV_CONF)


def test_without_egress_there_is_no_network() -> None:
    """Neither network nor published port nor resolvers; the port is noted where the container is found again."""
    config = create_config(UNPLUGGED, IMAGE, WITH_RESOLVERS)
    assert config["HostConfig"]["NetworkMode"] == "none"
    assert config["HostConfig"]["PortBindings"] == {}
    assert str(RESOLV_CONF) not in str(config)
    account = account_of(config, "none")
    assert differences(account, UNPLUGGED, IMAGE, WITH_RESOLVERS) == []
    assert (egress_of(account), publish_port_of(account)) == (Egress.NONE, UNPLUGGED.publish_port)


def test_a_network_too_many_is_found() -> None:
    """A container without egress that the engine connects to some network breaks the contract; so does an open port."""
    config = create_config(UNPLUGGED, IMAGE, ENCLOSURE)
    for network in ("hershy", "bridge", "host"):
        (found,) = differences(account_of(config, network), UNPLUGGED, IMAGE, ENCLOSURE)
        assert found.field == "NetworkSettings.Networks"
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    fields = {it.field for it in differences(account, UNPLUGGED, IMAGE, ENCLOSURE)}
    assert {"HostConfig.NetworkMode", "HostConfig.PortBindings", "NetworkSettings.Networks"} <= fields


def test_a_container_made_by_an_older_hershy_is_understood() -> None:
    """Its port is what the engine publishes; a label says the same only of newer ones."""
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    del account["Config"]["Labels"]["hershy.publish-port"]
    assert (egress_of(account), publish_port_of(account)) == (Egress.OPEN, SPEC.publish_port)


def test_resolvers_are_mounted() -> None:
    """Read-only, at their usual place; a container without them, or with others, is not accepted."""
    account = account_of(create_config(SPEC, IMAGE, WITH_RESOLVERS))
    assert differences(account, SPEC, IMAGE, WITH_RESOLVERS) == []
    (mount,) = [it for it in account["Mounts"] if it["Destination"] == "/etc/resolv.conf"]
    assert (mount["Source"], mount["RW"]) == (str(RESOLV_CONF), False)
    for change in ({"Source": "/etc/hosts"}, {"RW": True}):
        altered = {**account, "Mounts": [it | change if it is mount else it for it in account["Mounts"]]}
        assert "Mounts" in {it.field for it in differences(altered, SPEC, IMAGE, WITH_RESOLVERS)}


def test_compose_file_without_egress() -> None:
    """It has no network either, and says how a person asks the program something."""
    text = render_compose("name", "image", create_config(UNPLUGGED, IMAGE, ENCLOSURE), own_profile())
    document = yaml.safe_load(text)
    service = document["services"]["program"]
    assert service["network_mode"] == "none"
    assert not {"ports", "networks"} & service.keys()
    assert "networks" not in document
    assert "docker inspect -f '{{.State.Pid}}' name" in text


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["nameserver 192.0.2.1\nsearch example.org\n nameserver 192.0.2.2 # second\n"], ["192.0.2.1", "192.0.2.2"]),
        (["nameserver 127.0.0.53\n", "nameserver 192.0.2.3\n"], ["192.0.2.3"]),
        (["nameserver 127.0.0.53\nnameserver 192.0.2.1\n", "nameserver 192.0.2.3\n"], ["192.0.2.1"]),
        (["nameserver ::1\nnameserver 2001:db8::1\nnameserver 0.0.0.0\nnameserver\nnonsense\n"], []),
        (
            ["".join(f"nameserver 192.0.2.{number}\n" for number in range(1, 9))],
            ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
        ),
        ([], []),
    ],
)
def test_resolvers_of_this_machine(tmp_path: Path, files: Sequence[str], expected: Sequence[str]) -> None:
    """The first three that a container reaches; those behind a local stub, where that is all that is named."""
    sources = [tmp_path / f"{number}" for number in range(2)]
    for source, text in zip(sources, files, strict=False):
        source.write_text(text)
    assert list(resolvers([], sources)) == expected


def test_resolvers_of_the_operator(tmp_path: Path) -> None:
    """They are taken in place of the machine's; one that no container reaches is refused by name."""
    source = tmp_path / "resolv.conf"
    source.write_text("nameserver 192.0.2.1\n")
    assert list(resolvers(["192.0.2.9"], [source])) == ["192.0.2.9"]
    for wrong in ("127.0.0.53", "localhost", "::1", "0.0.0.0", "", "192.0.2.1:53", "1.1.1.1\nnameserver 2.2.2.2"):
        with pytest.raises(ConfigurationError, match="dns"):
            resolvers(["192.0.2.9", wrong])


def test_file_of_resolvers(tmp_path: Path) -> None:
    """It is readable for everybody, and the same file as long as it says the same."""
    first = resolv_conf_for(tmp_path, ["192.0.2.9"])
    first.write()
    assert first.path.read_text().splitlines()[1:] == ["nameserver 192.0.2.9"]
    assert first.path.stat().st_mode & 0o777 == 0o644
    inode = first.path.stat().st_ino
    first.write()
    assert first.path.stat().st_ino == inode
    resolv_conf_for(tmp_path, ["192.0.2.8"]).write()
    assert first.path.read_text().splitlines()[1:] == ["nameserver 192.0.2.8"]
    assert [it.name for it in tmp_path.iterdir()] == ["resolv.conf"]


def test_diagnosis_of_resolvers() -> None:
    """Having none is worth a word, with the setting that mends it; a Host starts all the same."""
    assert ResolvConf(RESOLV_CONF, ["192.0.2.9"]).finding().ok
    finding = ResolvConf(RESOLV_CONF, []).finding()
    assert (finding.ok, finding.required) == (False, False)
    assert "HERSHY_DNS" in finding.remedy


ROUTE = "Iface\tDestination\tGateway\tFlags\n"
LOOPBACK_V6 = "0" * 31 + "1 80 " + "0" * 32 + " 00 " + "0" * 32 + " 00000000 00000002 00000000 80200001 lo\n"


@pytest.mark.parametrize(
    ("route", "ipv6_route", "expected"),
    [
        (ROUTE, LOOPBACK_V6, set()),
        (ROUTE, None, set()),
        (ROUTE + "eth0\t00000000\t010011AC\t0003\n", LOOPBACK_V6, {"eth0"}),
        (ROUTE, LOOPBACK_V6 + LOOPBACK_V6.replace(" lo", " eth1"), {"eth1"}),
    ],
)
def test_a_way_out_is_seen(tmp_path: Path, route: str, ipv6_route: str | None, expected: set[str]) -> None:
    """By the routes that the kernel shows for the network of a process."""
    (tmp_path / "route").write_text(route)
    if ipv6_route is not None:
        (tmp_path / "ipv6_route").write_text(ipv6_route)
    assert _process_network.routed_devices(tmp_path) == expected


def test_a_process_of_nobody_s_container_is_not_entered() -> None:
    """Whose machine or process ids are not the engine's must not take some other process for the container's."""
    with pytest.raises(RuntimeFailure, match="not one of container"):
        _process_network.ProcessNetwork(CONTAINER, os.getpid())


def test_a_process_that_has_ended_is_not_entered() -> None:
    """It is told from one that is not the container's: a program may end as soon as it has begun."""
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    with pytest.raises(ProcessLookupError):
        _process_network.ProcessNetwork(CONTAINER, process.pid)


def test_a_network_shared_with_the_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even of a process that is the container's: connections would go to this machine."""
    own, _, _ = Path("/proc/self/cgroup").read_text().partition(":")  # as if it were in the name of the cgroup
    monkeypatch.setattr(_process_network, "routed_devices", lambda folder: set())
    with pytest.raises(ContractViolation, match="the network of this machine"):
        _process_network.ProcessNetwork(ContainerID(own), os.getpid())


class EngineThatSays:
    """Of an engine, only what it says of itself."""

    host = "unix:///nowhere"

    def __init__(self, info: dict[str, Any]) -> None:
        self.client = self.system = self
        self._info = info

    async def info(self) -> dict[str, Any]:
        return self._info


@pytest.mark.parametrize(
    ("runtimes", "is_reached"),
    [
        ({"runsc": {"path": "runsc", "runtimeArgs": ["--network=host"]}}, True),
        ({"runsc": {"path": "runsc", "runtimeArgs": ["--network=sandbox"]}}, False),
        ({"runsc": {"path": "runsc"}}, False),
        ({}, False),
    ],
)
async def test_gvisor_with_a_network_stack_of_its_own(
    monkeypatch: pytest.MonkeyPatch, runtimes: dict[str, Any], is_reached: bool
) -> None:
    """Nobody could reach a program without egress in there: it is refused before anything is made, with the remedy."""
    monkeypatch.setattr("hershy_adapters.docker.runtime.obstacle_to_entering", lambda: "")
    runtime = GVisorRuntime(EngineThatSays({"Runtimes": runtimes}), OWNER)  # type: ignore[arg-type]
    assert (await runtime.obstacle_to_forwarding() == "") is is_reached
    if not is_reached:
        with pytest.raises(RuntimeFailure, match="--network=host"):
            await runtime.create(UNPLUGGED)


async def test_a_host_without_the_right_to_enter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without egress is refused before anything is made, and the error says what the Host lacks."""
    monkeypatch.setattr("hershy_adapters.docker.runtime.obstacle_to_entering", lambda: "this process lacks X")
    runtime = DockerRuntime(EngineThatSays({}), OWNER)  # type: ignore[arg-type]
    with pytest.raises(RuntimeFailure, match="lacks X; run the Host as root"):
        await runtime.create(UNPLUGGED)


@pytest.mark.parametrize("egress", list(Egress))
async def test_diagnosis_of_a_host_without_the_right_to_enter(monkeypatch: pytest.MonkeyPatch, egress: Egress) -> None:
    """It starts all the same, unless all of its programs are to have no egress."""
    monkeypatch.setattr("hershy_adapters.docker.runtime.obstacle_to_entering", lambda: "this process lacks X")
    limits = dict.fromkeys(("MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota"), True)
    info = {"Runtimes": {"runc": {}}, "SecurityOptions": ["name=seccomp,profile=builtin"], **limits}
    runtime = DockerRuntime(EngineThatSays(info), OWNER, egress=egress)  # type: ignore[arg-type]
    (finding,) = [it for it in await runtime.diagnose() if it.name == "egress none"]
    assert (finding.ok, finding.required) == (False, egress is Egress.NONE)
    assert (finding.detail, finding.remedy) == (
        "this process lacks X",
        "run the Host as root on the engine's own machine",
    )
