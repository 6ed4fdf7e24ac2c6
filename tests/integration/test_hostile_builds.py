"""Builds that try to take more of the machine than they may, or to learn what they should not."""

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import docker
import pytest
import pytest_asyncio
from pyroute2 import IPRoute

from hershy.builds.builder import BuildRequest
from hershy.builds.policy import BuildPolicy
from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError
from hershy.testing.contracts.builder import Lines
from hershy_adapters._names import image_name
from hershy_adapters.docker._build.cgroup import BuildCgroup
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker._network.link_local import LINK_LOCAL, PRIORITY
from hershy_adapters.docker.builder import DockerBuilder
from hershy_adapters.system.clock import SystemClock

MIB = 1024 * 1024
CGROUP = f"hershy-test-builds-{os.getpid()}"
CONTROL_GROUPS = Path("/sys/fs/cgroup")
LIMITED = BuildPolicy(allow_network=False, memory_bytes=64 * MIB, cpus=0.2, pids=60)
EAT = "head -c 400000000 /dev/zero | tail -c 390000000 | wc -c"
SECRET = "planted-secret-5d1f"
METADATA = "169.254.169.254"


@pytest.fixture
def link_local_rule() -> Iterator[dict[str, Any]]:
    """What keeps the engine's default bridge from such addresses: not in force at first, and afterwards as before."""
    rule = {"iifname": "docker0", "dst": LINK_LOCAL, "action": "prohibit", "priority": PRIORITY}
    was_there = _has_rule(rule)
    _drop(rule)
    yield rule
    _drop(rule)
    if was_there:
        with IPRoute() as routing:
            routing.rule("add", **rule)


def _has_rule(rule: dict[str, Any]) -> bool:
    with IPRoute() as routing:
        return any(
            it.get_attr("FRA_IIFNAME") == rule["iifname"] and it.get_attr("FRA_PRIORITY") == PRIORITY
            for it in routing.get_rules()
        )


def _drop(rule: dict[str, Any]) -> None:
    if _has_rule(rule):
        with IPRoute() as routing:
            routing.rule("del", **rule)


class Base:
    """What is alike for both of the engine's builders."""

    buildkit: str

    @pytest_asyncio.fixture
    async def builder(self) -> AsyncIterator[DockerBuilder]:
        builder = DockerBuilder(Engine(), SystemClock(), self.buildkit, CGROUP)
        yield builder
        await builder.aclose()

    @pytest.fixture
    def built(self, engine: docker.DockerClient) -> Iterator[list[BuildSpec]]:
        specs: list[BuildSpec] = []
        yield specs
        for spec in specs:
            for image in engine.images.list(name=image_name(spec.build_id)):
                engine.images.remove(image.id, force=True)

    @pytest.fixture(autouse=True)
    def _setup(self, builder: DockerBuilder, busybox_image: str, built: list[BuildSpec]) -> None:
        self._builder, self._base, self._built = builder, busybox_image, built

    async def build(
        self, *steps: str, policy: BuildPolicy = LIMITED, build_args: dict[str, str] | None = None
    ) -> Lines:
        head = [f"FROM {self._base}", f"ENV HERSHY_CONTRACT={uuid4().hex}"]
        spec, lines = BuildSpec("\n".join([*head, *steps]), {}, build_args or {}), Lines()
        self._built.append(spec)
        await self._builder.build(BuildRequest(spec, policy=policy), lines)
        return lines

    async def test_nobodys_proxy_but_the_operators(self) -> None:
        """A caller's proxy is refused, for its answers would be cached for all; the operator's is every step's."""
        for name in ("http_proxy", "HTTPS_PROXY", "All_Proxy"):
            with pytest.raises(BuildError, match="build_proxy"):
                await self.build("RUN true", build_args={name: "http://127.0.0.1:1"})
        policy = replace(LIMITED, proxy="http://127.0.0.1:9", no_proxy="near.example")
        lines = await self.build('RUN echo "pro""xy $http_proxy $HTTPS_PROXY $no_proxy"', policy=policy)
        assert lines.count_of("proxy http://127.0.0.1:9 http://127.0.0.1:9 near.example")
        assert (await self.build('RUN echo "pro""xy [$http_proxy]"')).count_of("proxy []")

    async def test_memory(self) -> None:
        """A process that takes more than its memory is killed, swap or no swap; the next build works."""
        lines = await self.build(f'RUN echo "a""te $({EAT})"')
        assert lines.count_of("ate 0") == 1
        lines = await self.build('RUN echo "a""te $(head -c 1000 /dev/zero | wc -c)"')
        assert lines.count_of("ate 1000") == 1

    async def test_cpu(self) -> None:
        """A step that never rests gets its share of a core: the kernel's own count says so."""
        lines = await self.build("RUN timeout 4 sh -c 'while :; do :; done'; times")
        spent = [int(m) * 60 + float(s) for line in lines for m, s in re.findall(r"(\d+)m([\d.]+)s", line)]
        assert 0.1 < max(spent) < 2  # 0.8 of four seconds, with two cores to be had

    async def test_no_network(self) -> None:
        """Without the network a step sees its loopback only, whatever it asks for."""
        lines = await self.build("RUN cat /proc/net/dev")
        assert lines.count_of("lo:") == 1
        assert lines.count_of("eth") == 0

    async def test_no_link_local_addresses(self, link_local_rule: dict[str, Any]) -> None:
        """A step with a network does not reach where clouds give out credentials: the kernel has been told."""
        policy = replace(LIMITED, allow_network=True)
        connect = f"nc -w 2 {METADATA} 80 </dev/null"
        lines = await self.build(f'RUN {connect}; echo "en""ded $?"; cat /proc/net/route', policy=policy)
        assert lines.count_of("eth0") >= 1
        assert lines.count_of("ended 1") == 1
        assert await asyncio.to_thread(_has_rule, link_local_rule)
        await asyncio.to_thread(_drop, link_local_rule)
        await self.build("RUN true", policy=replace(policy, allow_link_local=True))
        await self.build("RUN true")
        assert not await asyncio.to_thread(_has_rule, link_local_rule)

    async def test_hosts_secrets_stay_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing of the Host's environment is in a step's own, nor in any process that a step can see."""
        for name in ("AWS_SECRET_ACCESS_KEY", "HTTP_PROXY", "SSH_AUTH_SOCK", "DOCKER_AUTH_CONFIG", "BUILDX_CONFIG"):
            monkeypatch.setenv(name, f"/{SECRET}")
        look = (
            "env; for it in /proc/[0-9]*; do tr '\\0' '\\n' <$it/environ; tr '\\0' ' ' <$it/cmdline; done 2>/dev/null"
        )
        lines = await self.build("ARG HTTP_PROXY", f"RUN {look}; cat /proc/self/mountinfo; echo loo''ked")
        assert lines.count_of("looked") == 1
        assert lines.count_of(SECRET) == 0
        assert lines.count_of("docker.sock") == 0

    async def test_terminal_controls_in_a_failing_command(self) -> None:
        """What the engine quotes of a failing command cannot steer the terminal it is shown on."""
        with pytest.raises(BuildError) as caught:
            await self.build("RUN printf 'x' && exit 3 # \x1b[31m\x9b2J\u202e")
        assert not any(char in str(caught.value) for char in "\x1b\x9b\u202e")


class WithControlGroup(Base):
    """What takes a control group, and what takes long enough to be tried once only."""

    async def test_processes(self) -> None:
        """A fork bomb ends at the limit on processes."""
        bomb = "i=0; while [ $i -lt 150 ]; do sleep 2 & i=$((i+1)); done; echo never"
        lines = Lines()
        spec = BuildSpec(f"FROM {self._base}\nENV HERSHY_CONTRACT={uuid4().hex}\nRUN {bomb}")
        self._built.append(spec)
        with pytest.raises(BuildError):
            await self._builder.build(BuildRequest(spec, policy=LIMITED), lines)
        assert lines.count_of("can't fork") >= 1

    async def test_limits_hold_whatever_became_of_the_group(self) -> None:
        """A diagnosis by another process changes nothing; a group that was removed is made again, limits and all."""
        await self.build("RUN true")
        other = DockerBuilder(Engine(), SystemClock(), self.buildkit, CGROUP)
        try:
            assert all(it.ok for it in await other.diagnose())
        finally:
            await other.aclose()
        limits = [*CONTROL_GROUPS.glob(f"*/{CGROUP}/pids.max"), *CONTROL_GROUPS.glob(f"{CGROUP}/pids.max")]
        assert [it.read_text().strip() for it in limits] == ["60"]
        BuildCgroup(CGROUP).remove()
        assert not limits[0].exists()
        await self.build("RUN true")
        assert limits[0].read_text().strip() == "60"

    async def test_control_group_goes_with_the_builder(self) -> None:
        """While the builder lives its steps' group is there, with the limits; closed, it has left none."""
        await self.build("RUN true")
        assert [*CONTROL_GROUPS.glob(f"*/{CGROUP}"), *CONTROL_GROUPS.glob(CGROUP)]
        await self._builder.aclose()
        assert not [*CONTROL_GROUPS.glob(f"*/{CGROUP}"), *CONTROL_GROUPS.glob(CGROUP)]

    async def test_flood(self) -> None:
        """A step that prints without end is cut, and does not fill this process's memory."""
        before = _resident_bytes()
        lines = _Counting()
        spec = BuildSpec(
            f"FROM {self._base}\nENV HERSHY_CONTRACT={uuid4().hex}\n"
            "RUN yes abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz | head -c 150000000"
        )
        self._built.append(spec)
        policy = BuildPolicy(allow_network=False)
        await self._builder.build(BuildRequest(spec, policy=policy), lines)
        assert lines.chars < 20 * MIB
        assert _resident_bytes() - before < 150 * MIB


class TestBuildKit(WithControlGroup):
    buildkit = "auto"

    async def test_host_network(self) -> None:
        """A step cannot choose the engine's network."""
        with pytest.raises(BuildError, match=r"network\.host is not allowed"):
            await self.build("RUN --network=host true", policy=BuildPolicy())

    async def test_default_network(self) -> None:
        """A step cannot ask for the network that is switched off."""
        lines = await self.build("RUN --network=default cat /proc/net/dev")
        assert lines.count_of("eth") == 0

    async def test_insecure(self) -> None:
        """A step cannot shed its confinement."""
        with pytest.raises(BuildError, match="security"):
            await self.build("RUN --security=insecure true")

    async def test_secrets_and_agents(self) -> None:
        """There is no secret to mount, nor an agent."""
        with pytest.raises(BuildError):
            await self.build("RUN --mount=type=secret,id=x,required=true true")
        with pytest.raises(BuildError):
            await self.build("RUN --mount=type=ssh,required=true true")

    async def test_cache_mounts_are_not_shared(self) -> None:
        """What one program's build leaves in a cache, by whatever id, another's does not find; its own does."""
        name = uuid4().hex
        mount = f"RUN --mount=type=cache,id={name},target=/c"
        lines = await self.build(f"{mount} touch /c/poi''son", f"{mount} ls /c && echo en''d")
        assert lines.count_of("poison") == 1
        for other in (name, f"../{name}", f"/{name}"):
            lines = await self.build(f"RUN --mount=type=cache,id={other},target=/c ls /c && echo en''d")
            assert lines.count_of("end") == 1
            assert lines.count_of("poison") == 0

    async def test_layers_are_shared(self) -> None:
        """Neither the limits nor the namespace of caches keep builds from sharing layers."""
        mark = uuid4().hex
        for last in ("one", "two"):
            spec, lines = (
                BuildSpec(f"FROM {self._base}\nENV HERSHY_CONTRACT={mark}\nRUN echo a{mark}\nRUN echo {last}"),
                Lines(),
            )
            self._built.append(spec)
            await self._builder.build(BuildRequest(spec, policy=LIMITED), lines)
        assert lines.count_of("CACHED") >= 1
        assert not any(line.endswith(f" a{mark}") and "echo" not in line for line in lines)

    async def test_values_of_arguments_are_on_no_command_line(self) -> None:
        """While the step that uses one runs, no process of the machine shows it; nor the password of a proxy."""
        policy = replace(LIMITED, proxy="http://user:proxys-secret@127.0.0.1:9")
        steps = ("ARG TOKEN", "ARG EMPTY", 'RUN echo "to""ken ${#TOKEN} [$EMPTY] ${#http_proxy}" && sleep 3')
        given = {"TOKEN": SECRET, "EMPTY": "", "PATH": os.environ["PATH"]}
        building = asyncio.create_task(self.build(*steps, policy=policy, build_args=given))
        seen: set[str] = set()
        while not building.done():
            seen |= await asyncio.to_thread(_command_lines)
            await asyncio.sleep(0.1)
        assert (await building).count_of(f"token {len(SECRET)} [] {len(policy.proxy)}") == 1
        assert any("--build-arg=TOKEN" in line for line in seen)
        assert [line for line in seen if SECRET in line or "proxys-secret" in line] == []

    async def test_the_engine_asks_the_policy_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Had the Dockerfile been read wrongly, the engine itself refuses to fetch."""
        monkeypatch.setattr(BuildPolicy, "require", lambda self, spec: None)
        asked: list[str] = []

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            do_HEAD = do_GET  # noqa: N815 -- the name is the base class's

            def log_message(self, *_: object) -> None:
                """Nothing on this test's output."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            fetch = f"ADD http://127.0.0.1:{server.server_port}/x /"
            with pytest.raises(BuildError, match="denied by policy"):
                await self.build(fetch)
            assert not asked
            await self.build(fetch, policy=BuildPolicy(allowed_add_hosts=(f"127.0.0.1:{server.server_port}",)))
            assert asked
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join()
        only = BuildPolicy(allow_network=False, allowed_registries=(self._base,))
        for step in ("COPY --from=hershy-base-python:local / /x", "FROM hershy-base-python:local"):
            with pytest.raises(BuildError, match="denied by policy"):
                await self.build(step, policy=only)
        with pytest.raises(BuildError, match="denied by policy"):
            await self.build("RUN true", build_args={"BUILDKIT_SYNTAX": "evil/frontend"}, policy=only)
        other = "FROM hersh-program-build-0123456789ab"
        with pytest.raises(BuildError, match="denied by policy"):
            await self.build(other, policy=BuildPolicy())
        await self.build("RUN true", policy=only)


class TestClassicBuilder(WithControlGroup):
    buildkit = "never"

    async def test_ids_are_no_names(self, engine: docker.DockerClient) -> None:
        """This builder would take the first digits of an id for an image, whosever it is."""
        start = engine.images.get(self._base).id.removeprefix("sha256:")[:6]
        with pytest.raises(BuildError, match="could be the id"):
            await self.build(f"FROM {start}")


class TestNoControlGroup(Base):
    """Where no control group can be made, the engine's own limits hold memory and CPU, in its classic builder."""

    buildkit = "auto"

    @pytest.fixture(autouse=True)
    def _elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hershy_adapters.docker._build.step_limits.is_engine_here", lambda info: False)

    async def test_classic_builder_is_used(self) -> None:
        """Rather than BuildKit without limits; and the diagnosis says what is missing."""
        lines = await self.build("RUN true")
        assert lines[0].startswith("Step 1/")
        finding = next(it for it in await self._builder.diagnose() if it.name == "build limits")
        assert not finding.ok
        assert "root" in finding.remedy


def _command_lines() -> set[str]:
    lines = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            lines.add(process.joinpath("cmdline").read_text("utf-8", "replace").replace("\0", " "))
    return lines


class _Counting:
    def __init__(self) -> None:
        self.chars = 0

    def __call__(self, line: str) -> None:
        self.chars += len(line)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
