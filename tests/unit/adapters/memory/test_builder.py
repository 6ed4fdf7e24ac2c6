"""InMemoryBuilder: the contract of its port, and what a test can make it do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from hershy.builds.builder import BuildRequest
from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError, EngineUnavailable
from hershy.testing.contracts.builder import BuilderContract
from hershy_adapters.memory.builder import InMemoryBuilder
from hershy_adapters.memory.clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest_asyncio.fixture
async def builder(clock: VirtualClock) -> AsyncIterator[InMemoryBuilder]:
    builder = InMemoryBuilder(clock)
    yield builder
    await builder.aclose()


class TestInMemoryBuilder(BuilderContract):
    @pytest.fixture
    def unreachable_builder(self, clock: VirtualClock) -> InMemoryBuilder:
        builder = InMemoryBuilder(clock)
        builder.is_engine_up = False
        return builder

    @pytest.fixture
    def base_image(self) -> str:
        return "base:local"


def ignore(line: str) -> None:
    """Output that nobody reads."""


async def build(builder: InMemoryBuilder, dockerfile: str, **files: str) -> list[str]:
    lines: list[str] = []
    await builder.build(BuildRequest(BuildSpec(dockerfile, files)), lines.append)
    return lines


async def test_build_time(builder: InMemoryBuilder, clock: VirtualClock) -> None:
    """A build takes its time on the clock, and the sleeps of its steps on top."""
    await build(builder, "FROM base\nRUN sleep 90 && echo up")
    assert clock.monotonic() == pytest.approx(92)


async def test_output_names_steps(builder: InMemoryBuilder) -> None:
    """One line announces each instruction, continued lines as one."""
    lines = await build(builder, "# a comment\nFROM base\nRUN echo a \\\n  # in between\n  b\n\nCMD ['x']")
    assert [line for line in lines if line.startswith("Step")] == [
        "Step 1/3 : FROM base",
        "Step 2/3 : RUN echo a b",
        "Step 3/3 : CMD ['x']",
    ]
    assert "a b" in lines


async def test_builds_counts_builds(builder: InMemoryBuilder) -> None:
    """Builds that were begun are counted; a shared build is one, an image found is none."""
    spec = BuildSpec("FROM base")
    await asyncio.gather(*(builder.build(BuildRequest(spec), ignore) for _ in range(5)))
    await builder.build(BuildRequest(spec), ignore)
    assert builder.builds == 1


async def test_fail_next(builder: InMemoryBuilder) -> None:
    """The next build fails as it was told to, the one after it does not."""
    builder.fail_next("disk full", ["writing layer", "no space left on device"])
    lines: list[str] = []
    with pytest.raises(BuildError, match="disk full") as caught:
        await builder.build(BuildRequest(BuildSpec("FROM base")), lines.append)
    assert caught.value.tail == ("writing layer", "no space left on device")
    assert lines[-1] == "no space left on device"
    await build(builder, "FROM base")


async def test_fail_build(builder: InMemoryBuilder) -> None:
    """A BuildID told to fail fails until it is mended; others are not touched."""
    spec = BuildSpec("FROM base")
    builder.fail_build(spec.build_id, "cursed")
    for _ in range(2):
        with pytest.raises(BuildError, match="cursed"):
            await builder.build(BuildRequest(spec), ignore)
    await build(builder, "FROM other")
    builder.mend_build(spec.build_id)
    await build(builder, "FROM base")


async def test_has_image(builder: InMemoryBuilder) -> None:
    """An image exists from the end of its build to its removal."""
    spec = BuildSpec("FROM base")
    image_id = await builder.build(BuildRequest(spec), ignore)
    assert builder.has_image(image_id)
    await builder.remove(spec.build_id)
    assert not builder.has_image(image_id)


async def test_engine_lost_during_build(builder: InMemoryBuilder) -> None:
    """A build under way fails when the engine goes down, and leaves no image."""
    building = asyncio.create_task(build(builder, "FROM base\nRUN sleep 10"))
    await asyncio.sleep(0)
    builder.is_engine_up = False
    with pytest.raises(EngineUnavailable):
        await building
    builder.is_engine_up = True
    assert await builder.find(BuildSpec("FROM base\nRUN sleep 10").build_id) is None


@pytest.mark.parametrize(
    ("dockerfile", "complaint"),
    [
        ("RUN echo hi", "before FROM"),
        ("ARG A=1", "no FROM"),
        ("FROM base\nRUNN echo", "line 2: unknown instruction: RUNN"),
        ("FROM base\nCOPY absent.txt /", "absent.txt"),
        ('FROM base\nCOPY ["absent.txt", "/"]', "absent.txt"),
        ("FROM base\nRUN false", "exit code: 1"),
        ('FROM base\nRUN ["false"]', "exit code: 1"),
        ("FROM base\nRUN echo a; exit 7", "exit code: 7"),
        ("FROM base\nRUN", "at least one argument"),
        ("FROM base\nRUN <<EOF\necho", "line 2: the here-document EOF has no end"),
    ],
)
async def test_refuses(builder: InMemoryBuilder, dockerfile: str, complaint: str) -> None:
    """What a real builder refuses, the twin refuses, saying what and where."""
    with pytest.raises(BuildError, match=complaint):
        await build(builder, dockerfile, **{"present.txt": "x"})


@pytest.mark.parametrize(
    "dockerfile",
    [
        "ARG BASE=python:3.12-slim\nFROM ${BASE}\nRUN true",
        "from base as first\nFROM base\nCOPY --from=first /etc/os-release /",
        "FROM base\nCOPY . /app\nCOPY ./src /app\nCOPY *.txt src/a?.py /app/",
        "FROM base\nARG FILE=present.txt\nCOPY $FILE --chown=1:1 /",
        "FROM base\nADD ./$NAME.tar /",
        "FROM base\nRUN <<EOF\nfalse\nNOT AN INSTRUCTION\nEOF\nCMD x",
        "FROM base\nCOPY <<-'TEXT' /etc/motd\n\thello\n\tTEXT\nCMD x",
        "# escape=`\nFROM base\nRUN true && `\n  echo `\n  # in between\n  false-start",
        "FROM base\nRUN test -f /x || exit 1\nRUN exit 0",
        'FROM base\nENV A=1 B="two three"\nENV C four\nRUN echo "it\'s open',
    ],
)
async def test_accepts(builder: InMemoryBuilder, dockerfile: str) -> None:
    """What a real builder accepts, the twin accepts."""
    spec = BuildSpec(dockerfile, {"present.txt": "x", "src/ab.py": "x"})
    await builder.build(BuildRequest(spec), ignore)
    assert await builder.find(spec.build_id) is not None


async def test_timeout_in_virtual_time(clock: VirtualClock) -> None:
    """A slow builder runs into the request's timeout without a test waiting for it."""
    builder = InMemoryBuilder(clock, build_time=timedelta(hours=1))
    with pytest.raises(TimeoutError):
        await build(builder, "FROM base")
    assert clock.monotonic() == pytest.approx(600)
