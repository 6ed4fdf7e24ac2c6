import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.errors import ContainerNotFound, EngineUnavailable, ImageNotFound, RuntimeFailure
from hershy.programs.ports.runtime import ContainerSpec, LogQuery, LogStream, Runtime
from hershy.programs.ports.storage import StateVolume
from hershy.testing.contracts.local_runtime import HoldPort, LocalRuntimeContract
from hershy.testing.contracts.runtime import (
    Answers,
    Interruptible,
    MakeSpec,
    RuntimeContract,
    Script,
    collected,
    texts,
)
from hershy.testing.faults.runtime import FailingRuntime, NeverReadyRuntime, SlowRuntime
from hershy_adapters.memory.behaviour import ProgramBehaviour
from hershy_adapters.memory.clock import VirtualClock
from hershy_adapters.memory.cluster import InMemoryCluster
from hershy_adapters.memory.machine import Machine
from hershy_adapters.memory.runtime import InMemoryRuntime
from hershy_adapters.memory.usage import Usage

OWNER, OTHER_OWNER = OwnerID("a" * 16), OwnerID("b" * 16)
USER, BUILD = UserID("alice"), BuildID("build-0123456789ab")
IMAGE, MISSING = ImageID("sha256:here"), ImageID("sha256:missing")


def spec_number(number: int) -> ContainerSpec:
    program_id = ProgramID.compose(USER, BUILD, f"{number:08x}")
    return ContainerSpec(program_id, USER, BUILD, IMAGE, StateVolume("/memory/state"), PublishPort(19001 + number))


class TwinFixtures:
    """What both twins are tried with."""

    runtime_class: type[InMemoryCluster]

    def spec(self, number: int) -> ContainerSpec:
        return spec_number(number)

    @pytest.fixture
    def clock(self) -> VirtualClock:
        return VirtualClock()

    @pytest.fixture
    def runtime(self, clock: VirtualClock) -> InMemoryCluster:
        return self.runtime_class(clock, OWNER, has_image=lambda image_id: image_id == IMAGE)

    @pytest.fixture
    def other_runtime(self, clock: VirtualClock, runtime: InMemoryCluster) -> InMemoryCluster:
        return self.runtime_class(clock, OTHER_OWNER, machine=runtime.machine)

    @pytest.fixture
    def unreachable_runtime(self, clock: VirtualClock) -> InMemoryCluster:
        machine = Machine()
        machine.is_down = True
        return self.runtime_class(clock, OWNER, machine=machine)

    @pytest.fixture
    def interruptible(self, runtime: InMemoryCluster) -> Interruptible:
        @contextlib.asynccontextmanager
        async def outage() -> AsyncIterator[None]:
            runtime.machine.is_down = True
            try:
                yield
            finally:
                runtime.machine.is_down = False

        return Interruptible(runtime, outage)

    @pytest.fixture
    def missing_image(self) -> ImageID:
        return MISSING

    @pytest.fixture
    def make_spec(self, runtime: InMemoryCluster) -> MakeSpec:
        numbers = itertools.count()

        def make(script: Script) -> ContainerSpec:
            spec = self.spec(next(numbers))
            exits = script.exit_code is not None
            behaviour = ProgramBehaviour(
                output=script.output,
                ready_after=timedelta(milliseconds=1) if script.serves else None,
                exit_after=script.pause_before_exit + timedelta(milliseconds=1) if exits else None,
                exit_code=script.exit_code or 0,
                ignores_sigterm=script.ignores_sigterm,
                fails_to_start=script.cannot_start,
                eats_memory=script.eats_memory,
                usage=Usage(cpus=1.0 if script.is_busy else 0.01),
            )
            runtime.behave(behaviour, spec.program_id)
            return spec

        return make

    @pytest.fixture
    def answers(self, clock: VirtualClock, runtime: InMemoryCluster) -> Answers:
        async def answers(endpoint: Endpoint, patience: timedelta) -> bool:
            await clock.sleep(patience)
            machine = runtime.machine
            forwarder = next((it.forwarder for it in machine.containers.values() if it.forwarder is not None), runtime)
            return forwarder.program_at(endpoint) is not None

        return answers


class TestContract(TwinFixtures, LocalRuntimeContract):
    runtime_class = InMemoryRuntime

    @pytest.fixture
    def successor(self, clock: VirtualClock, runtime: InMemoryRuntime) -> InMemoryRuntime:
        return InMemoryRuntime(clock, OWNER, machine=runtime.machine)

    @pytest.fixture
    def hold_port(self, runtime: InMemoryRuntime) -> HoldPort:
        @contextlib.contextmanager
        def hold(port: PublishPort) -> Iterator[None]:
            runtime.hold_port(port)
            yield
            runtime.release_port(port)

        return hold


class TestContractWithoutPorts(TwinFixtures, RuntimeContract):
    """Nothing of the contract but of local runtimes' needs a port of this machine."""

    runtime_class = InMemoryCluster

    def spec(self, number: int) -> ContainerSpec:
        return replace(spec_number(number), publish_port=None)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def runtime(clock: VirtualClock) -> InMemoryRuntime:
    return InMemoryRuntime(clock, OWNER)


async def started(runtime: Runtime, number: int = 0) -> ContainerSpec:
    spec = spec_number(number)
    await runtime.start(await runtime.create(spec))
    return spec


async def test_program_answers_once_it_is_ready(runtime: InMemoryRuntime, clock: VirtualClock) -> None:
    """A program is found on its port from ``ready_after`` until it has ended."""
    runtime.behave(ProgramBehaviour(ready_after=timedelta(seconds=5)))
    spec = await started(runtime)
    assert runtime.program_at(spec.publish_port.endpoint) is None
    await clock.sleep(timedelta(seconds=6))
    program = runtime.program_at(spec.publish_port.endpoint)
    assert program is runtime.program(spec.program_id)
    await runtime.exit(spec.program_id, 0)
    assert runtime.program_at(spec.publish_port.endpoint) is None


async def test_never_ready(clock: VirtualClock) -> None:
    """Neither ``ready_after=None`` nor a NeverReadyRuntime ever has a program on a port."""
    silent = InMemoryRuntime(clock, OWNER)
    silent.behave(ProgramBehaviour(ready_after=None))
    for runtime in (silent, NeverReadyRuntime(clock, OWNER)):
        spec = await started(runtime)
        await clock.sleep(timedelta(hours=1))
        assert runtime.program_at(spec.publish_port.endpoint) is None
        assert (await runtime.list_owned())[0].is_running


async def test_exits_on_demand(runtime: InMemoryRuntime) -> None:
    """A test decides how and when a program ends."""
    first, second = await started(runtime, 1), await started(runtime, 2)
    await runtime.exit(first.program_id, 9)
    runtime.kill_out_of_memory(second.program_id)
    reasons = [status.exit_reason for status in await runtime.list_owned()]
    assert reasons == [ExitReason(ExitKind.CODE, 9), ExitReason(ExitKind.OUT_OF_MEMORY, 137)]
    with pytest.raises(ContainerNotFound, match=str(first.program_id)):
        await runtime.exit(first.program_id, 9)


async def test_stop_takes_as_long_as_the_program_needs(runtime: InMemoryRuntime, clock: VirtualClock) -> None:
    """A program that needs more than its grace is killed; one that needs less ends by itself."""
    runtime.behave(ProgramBehaviour(stop_time=timedelta(seconds=3)))
    for number, (grace_s, code, took_s) in enumerate([(10, 143, 3), (2, 137, 2)]):
        spec = await started(runtime, number)
        (status,) = await runtime.list_owned(spec.program_id)
        before = clock.monotonic()
        await runtime.stop(status.container_id, timedelta(seconds=grace_s))
        assert clock.monotonic() - before == pytest.approx(took_s)
        assert await runtime.wait(status.container_id) == ExitReason(ExitKind.SIGNAL, code)


async def test_behaviour_by_program(runtime: InMemoryRuntime) -> None:
    """A program's own behaviour wins over the default."""
    runtime.behave(ProgramBehaviour(fails_to_start=True))
    runtime.behave(ProgramBehaviour(), spec_number(1).program_id)
    await started(runtime, 1)
    with pytest.raises(RuntimeFailure, match="fails_to_start"):
        await started(runtime, 2)


async def test_program_logs_and_gets_its_environment(runtime: InMemoryRuntime) -> None:
    """What a program logs is in the container's logs; later changes of the caller's env are not seen."""
    env = {"A": "1"}
    spec = spec_number(0)
    container_id = await runtime.create(replace(spec, env=env))
    env["A"] = "2"
    await runtime.start(container_id)
    program = runtime.program(spec.program_id)
    assert program.env == {"A": "1"}
    program.log("first\nsecond", LogStream.STDERR)
    lines = await collected(runtime.logs(container_id, LogQuery(streams=frozenset({LogStream.STDERR}))))
    assert texts(lines) == ["first", "second"]


async def test_logs_are_bounded(runtime: InMemoryRuntime) -> None:
    """The oldest lines go when there are too many."""
    spec = await started(runtime)
    for number in range(10_100):
        runtime.program(spec.program_id).log(str(number))
    (status,) = await runtime.list_owned()
    lines = texts(await collected(runtime.logs(status.container_id, LogQuery(tail=None))))
    assert (len(lines), lines[0], lines[-1]) == (10_000, "100", "10099")


async def test_follower_sees_what_comes(runtime: InMemoryRuntime) -> None:
    """A follower gets new lines in order and ends with the program."""
    spec = await started(runtime)
    (status,) = await runtime.list_owned()
    following = asyncio.ensure_future(collected(runtime.logs(status.container_id, LogQuery(follow=True))))
    for text in ("a", "b"):
        await asyncio.sleep(0)
        runtime.program(spec.program_id).log(text)
    await runtime.exit(spec.program_id, 0)
    assert texts(await following) == ["program started", "a", "b"]


async def test_failing_runtime(clock: VirtualClock) -> None:
    """The named methods fail as often as asked, then work; others work throughout."""
    inner = InMemoryRuntime(clock, OWNER)
    failing = FailingRuntime(inner, ["create"], EngineUnavailable("down"), times=1)
    with pytest.raises(EngineUnavailable, match="down"):
        await failing.create(spec_number(0))
    container_id = await failing.create(spec_number(0))
    await failing.start(container_id)
    assert await failing.list_owned() == await inner.list_owned()
    with pytest.raises(ValueError, match="creat"):
        FailingRuntime(inner, ["creat"])


async def test_slow_runtime(clock: VirtualClock) -> None:
    """Each named call takes the delay longer."""
    slow = SlowRuntime(InMemoryRuntime(clock, OWNER), clock, timedelta(seconds=7), ["create"])
    await slow.create(spec_number(0))
    assert clock.monotonic() == 7
    await slow.list_owned()
    assert clock.monotonic() == 7


async def test_images_can_be_missing(clock: VirtualClock) -> None:
    """A runtime that is told which images exist refuses the others."""
    runtime = InMemoryRuntime(clock, OWNER, has_image=lambda image_id: False)
    with pytest.raises(ImageNotFound):
        await started(runtime)
