"""DockerBuilder on a real engine, with BuildKit and with the classic builder."""

import asyncio
import gc
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import docker
import pytest
import pytest_asyncio

from hershy.builds.builder import BuildOutput, BuildRequest
from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError, ConfigurationError, EngineUnavailable, RuntimeFailure
from hershy.testing.contracts.builder import SAY_STARTED, BuilderContract, Lines, MakeSpec
from hershy_adapters._names import image_name
from hershy_adapters.docker._build.buildx import find_buildx
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.builder import DockerBuilder
from hershy_adapters.system.clock import SystemClock

MARK = "HERSHY_CONTRACT="


@pytest.fixture(scope="module", autouse=True)
def _no_layers_left(engine: docker.DockerClient) -> Iterator[None]:
    """The classic builder keeps the layers of failed builds as its cache: remove those of these tests."""
    yield
    for image in engine.images.list(filters={"dangling": True}):
        if any(MARK in variable for variable in image.attrs["Config"]["Env"] or []):
            engine.images.remove(image.id, force=True)


def processes_with(text: str) -> list[int]:
    """The processes of this machine, those in containers included, that have ``text`` in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in command:
                found.append(int(folder.name))
    return found


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class DockerBuilderContract(BuilderContract):
    """The port's contract, and what can be seen from the engine's side only."""

    buildkit: str
    base: str

    @pytest_asyncio.fixture
    async def builder(self) -> AsyncIterator[DockerBuilder]:
        builder = DockerBuilder(Engine(), SystemClock(), self.buildkit)
        yield builder
        await builder.aclose()

    @pytest_asyncio.fixture
    async def unreachable_builder(self, tmp_path: Path) -> AsyncIterator[DockerBuilder]:
        builder = DockerBuilder(Engine(f"unix://{tmp_path}/none.sock"), SystemClock(), self.buildkit)
        yield builder
        await builder.aclose()

    @pytest.fixture
    def base_image(self, busybox_image: str) -> str:
        self.base = busybox_image
        return busybox_image

    async def test_whole_digest(self, builder: DockerBuilder, make_spec: MakeSpec, engine: docker.DockerClient) -> None:
        """The image carries all of its specification's digest; one without, an older version's, is built again."""
        spec = make_spec("RUN echo hello")
        engine.images.get(self.base).tag(image_name(spec.build_id))
        image_id = await builder.build(BuildRequest(spec), Lines())
        assert engine.images.get(image_id.value).labels["hershy.build-digest"] == spec.digest

    async def test_name_and_label(
        self, builder: DockerBuilder, make_spec: MakeSpec, engine: docker.DockerClient
    ) -> None:
        """The image has the name that the contract gives it, the BuildID as a label, and the id returned."""
        spec = make_spec("RUN echo hello")
        image_id = await builder.build(BuildRequest(spec), Lines())
        image = engine.images.get(f"hersh-program-{spec.build_id}:latest")
        assert image.id == image_id.value
        assert image.labels["hershy.build-id"] == str(spec.build_id)

    async def test_no_image_or_container_after_failure(
        self, builder: DockerBuilder, make_spec: MakeSpec, engine: docker.DockerClient
    ) -> None:
        """The engine has neither the image nor a container of a build that failed."""
        spec = make_spec("RUN echo step-of-a-failing-build && false")
        with pytest.raises(BuildError):
            await builder.build(BuildRequest(spec), Lines())
        with pytest.raises(docker.errors.ImageNotFound):
            engine.images.get(image_name(spec.build_id))
        commands = [str(each.attrs["Config"]["Cmd"]) for each in engine.containers.list(all=True, ignore_removed=True)]
        assert not any("step-of-a-failing-build" in command for command in commands)

    async def test_no_process_after_cancel(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """A cancelled build's step and the tool that drove it have ended when the cancellation returns."""
        seconds = str(100_000 + os.getpid())
        spec, lines = make_spec(f"{SAY_STARTED} && sleep {seconds}"), Lines()
        building = asyncio.create_task(builder.build(BuildRequest(spec), lines))
        await lines.until("started")
        async with asyncio.timeout(10):
            while not processes_with(seconds):  # noqa: ASYNC110 -- the shell says so a moment before it sleeps
                await asyncio.sleep(0.05)
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert not processes_with(seconds)
        assert not processes_with(image_name(spec.build_id))

    async def test_context_exactly(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """The context holds what it should and nothing else; files that begin with #! can be run."""
        files = {
            "src/main.py": "x",
            "src/data/ä b.txt": "x",
            "src/main.pyc": "x",
            "run.sh": "#!/bin/sh\necho ran as $0\n",
            "node_modules/a/b.js": "x",
            ".dockerignore": "**/*.pyc\nnode_modules\n",
        }
        spec = make_spec(
            "COPY . /ctx/",
            'RUN cd /ctx && echo "li""sting:" $(find . -type f | sort | tr "\\n" "|")',
            "RUN /ctx/run.sh",
            "RUN stat -c '%n has %a %u:%g %Y' /ctx/src /ctx/src/main.py",
            files=files,
        )
        lines = Lines()
        await builder.build(BuildRequest(spec), lines)
        listing = next(line for line in lines if "listing:" in line).partition("listing: ")[2]
        assert listing.split("|")[:-1] == [
            "./.dockerignore",
            "./Dockerfile",
            "./run.sh",
            "./src/data/ä b.txt",
            "./src/main.py",
        ]
        assert lines.count_of("ran as /ctx/run.sh") == 1
        assert lines.count_of("/ctx/src has 755 0:0 315532800") == 1
        assert lines.count_of("/ctx/src/main.py has 644 0:0 315532800") == 1

    async def test_output_is_clean(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """Colours go, bytes that are not UTF-8 are replaced, endless lines are cut."""
        lines = Lines()
        spec = make_spec(
            r"RUN printf '\033[31mro''uge\033[0m\n'; printf 'b''ad\377utf\n'",
            r"RUN head -c 300000 /dev/zero | tr '\0' z; echo",
        )
        await builder.build(BuildRequest(spec), lines)
        assert lines.count_of("\x1b") == 0
        assert any(line.endswith("rouge") for line in lines)
        assert lines.count_of("bad\N{REPLACEMENT CHARACTER}utf") == 1
        assert lines.count_of("z" * 1000) >= 1
        assert max(map(len, lines)) < 9000

    async def test_hosts_environment_stays_out(
        self, builder: DockerBuilder, make_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither the Host's environment nor its docker configuration, which can hold proxies, reaches a build."""
        proxy = "http://user:token@proxy.invalid:1"
        proxies = {"default": {"httpProxy": proxy, "httpsProxy": proxy}}
        (tmp_path / "config.json").write_text(json.dumps({"proxies": proxies}))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("https_proxy", proxy)
        lines = Lines()
        await builder.build(BuildRequest(make_spec("ARG HTTP_PROXY", "RUN env")), lines)
        assert lines.count_of("proxy.invalid") == 0

    async def test_remove_while_in_use(
        self, builder: DockerBuilder, make_spec: MakeSpec, engine: docker.DockerClient
    ) -> None:
        """An image that a container uses is not removed, and the refusal is raised."""
        spec = make_spec("CMD true")
        await builder.build(BuildRequest(spec), Lines())
        container = engine.containers.create(image_name(spec.build_id))
        try:
            with pytest.raises(RuntimeFailure, match="container"):
                await builder.remove(spec.build_id)
            assert await builder.find(spec.build_id) is not None
        finally:
            container.remove(force=True)

    async def test_nothing_left_open(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """Builds that succeed, fail and run out of time leave no open file behind."""
        await builder.build(BuildRequest(make_spec("RUN echo first")), Lines())
        before = open_files()
        await builder.build(BuildRequest(make_spec("RUN echo second")), Lines())
        with pytest.raises(BuildError):
            await builder.build(BuildRequest(make_spec("RUN false")), Lines())
        gc.collect()
        assert open_files() <= before


class TestBuildKit(DockerBuilderContract):
    buildkit = "auto"

    async def test_is_buildkit(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """What only BuildKit understands is built: a mount in a step."""
        lines = Lines()
        spec = make_spec('RUN --mount=type=tmpfs,target=/scratch echo "mo""unted"')
        await builder.build(BuildRequest(spec), lines)
        assert lines.count_of("mounted") == 1

    async def test_failing_step_among_parallel_ones(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """The tail is the failing step's even when another stage prints meanwhile."""
        base = make_spec().dockerfile.splitlines()
        dockerfile = "\n".join(
            [
                f"{base[0]} AS noisy",
                base[1],
                'RUN for i in $(seq 2000); do echo "no""ise $i"; done; sleep 1',
                f"{base[0]}",
                base[1],
                "COPY --from=noisy /bin/sh /copy",
                f"{base[0]} AS last",
                base[1],
                'RUN sleep 0.2; echo "bro""ken"; exit 9',
                "COPY --from=noisy /bin/sh /copy",
            ]
        )
        with pytest.raises(BuildError) as caught:
            await builder.build(BuildRequest(BuildSpec(dockerfile)), Lines())
        assert any(line.endswith("broken") for line in caught.value.tail)
        assert not any("noise" in line for line in caught.value.tail)

    async def test_cancelled_when_just_built(self, make_spec: MakeSpec, engine: docker.DockerClient) -> None:
        """A build cancelled between its last step and its end leaves no image either."""
        is_built = asyncio.Event()

        class Lingering(DockerBuilder):
            async def _make(self, spec: BuildSpec, output: BuildOutput) -> None:
                await super()._make(spec, output)
                is_built.set()
                await asyncio.Event().wait()

        spec, builder = make_spec("RUN true"), Lingering(Engine(), SystemClock())
        building = asyncio.create_task(builder.build(BuildRequest(spec), Lines()))
        await is_built.wait()
        assert engine.images.get(image_name(spec.build_id))
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building
        assert await builder.find(spec.build_id) is None
        await builder.aclose()

    async def test_oversized_build_arg(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """A build argument beyond what a command line holds is a build error, not a crash."""
        spec = make_spec("RUN true", build_args={"BIG": "x" * 200_000})
        with pytest.raises(BuildError):
            await builder.build(BuildRequest(spec), Lines())

    async def test_without_buildx(
        self, builder: DockerBuilder, make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the tool is missing the classic builder builds, and the diagnosis gives the remedy."""
        monkeypatch.setattr("hershy_adapters.docker.builder.find_buildx", lambda: None)
        lines = Lines()
        await builder.build(BuildRequest(make_spec("RUN true")), lines)
        assert lines[0].startswith("Step 1/")
        finding = next(each for each in await builder.diagnose() if each.name == "buildkit")
        assert (finding.ok, finding.required) == (False, False)
        assert "docker-buildx" in finding.remedy

    async def test_buildx_is_installed(self) -> None:
        """These tests really use BuildKit."""
        assert find_buildx() is not None, "apt-get install -y docker-buildx"


class TestClassicBuilder(DockerBuilderContract):
    buildkit = "never"

    async def test_is_classic(self, builder: DockerBuilder, make_spec: MakeSpec) -> None:
        """The engine's own builder is used."""
        lines = Lines()
        await builder.build(BuildRequest(make_spec("RUN true")), lines)
        assert lines[0].startswith("Step 1/")

    async def test_engine_breaks_off(self, tmp_path: Path) -> None:
        """An engine that goes away in the middle of a build is reported as such."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = await reader.readuntil(b"\r\n\r\n")
            if b"/build" in request:
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                writer.write(b'19\r\n{"stream":"Step 1/2 : "}\n\r\n')
            elif b"/version" in request:
                body = b'{"ApiVersion":"1.45"}'
                writer.write(
                    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
            else:
                writer.write(
                    b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 27\r\n\r\n{"message":"No such image"}'
                )
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(answer, tmp_path / "engine.sock")
        builder = DockerBuilder(Engine(f"unix://{tmp_path}/engine.sock"), SystemClock(), self.buildkit)
        try:
            with pytest.raises(EngineUnavailable):
                await builder.build(BuildRequest(BuildSpec("FROM scratch")), Lines())
        finally:
            await builder.aclose()
            server.close()
            await server.wait_closed()


def test_unknown_choice() -> None:
    """A setting that is none of the choices is refused with the choices."""
    with pytest.raises(ConfigurationError, match="auto, never"):
        DockerBuilder(Engine(), SystemClock(), "sometimes")
