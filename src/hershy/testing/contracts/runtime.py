"""What every Runtime adapter keeps: subclass RuntimeContract, override the fixtures, run it with pytest."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, ImageID
from hershy.errors import (
    AlreadyExists,
    ContainerNotFound,
    EngineUnavailable,
    ImageNotFound,
    RuntimeFailure,
)
from hershy.programs.ports.runtime import LogQuery, LogStream, Runtime

from ._runtime_base import (
    DEADLINE_S,
    FOREVER,
    GRACE,
    PAUSE,
    UNKNOWN,
    Answers,
    Interruptible,
    MakeSpec,
    Script,
    collected,
    texts,
)
from ._runtime_egress import RuntimeEgressContract
from ._runtime_events import RuntimeEventsContract, following
from ._runtime_logs import RuntimeLogsContract
from ._runtime_stats import RuntimeStatsContract

__all__ = [
    "DEADLINE_S",
    "FOREVER",
    "Answers",
    "Interruptible",
    "MakeSpec",
    "RuntimeContract",
    "Script",
    "collected",
    "following",
    "texts",
]


@pytest.mark.asyncio
class RuntimeContract(RuntimeLogsContract, RuntimeEventsContract, RuntimeStatsContract, RuntimeEgressContract):
    """The whole contract; ``RuntimeContractBase`` lists the fixtures to override."""

    # create

    async def test_create_does_not_start(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A created container is listed with all that it was made of, and does not run."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        (status,) = await runtime.list_owned()
        assert status.container_id == container_id
        assert status.program_id == spec.program_id
        assert status.image_id == spec.image_id
        assert status.publish_port == spec.publish_port
        assert not status.is_running
        assert status.endpoint is None
        assert status.exit_reason is None

    async def test_one_container_per_program(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A second container of a program is refused, and the first remains."""
        spec = make_spec(FOREVER)
        first = await runtime.create(spec)
        with pytest.raises(AlreadyExists, match=str(spec.program_id)):
            await runtime.create(spec)
        assert [status.container_id for status in await runtime.list_owned()] == [first]

    async def test_concurrent_creates_make_one(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Of two creations of one program at a time, one succeeds."""
        spec = make_spec(FOREVER)
        outcomes = await asyncio.gather(runtime.create(spec), runtime.create(spec), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ContainerID, AlreadyExists}
        assert len(await runtime.list_owned()) == 1

    async def test_create_needs_the_image(self, runtime: Runtime, make_spec: MakeSpec, missing_image: ImageID) -> None:
        """Without its image no container is made."""
        spec = make_spec(FOREVER)
        without_image = replace(spec, image_id=missing_image)
        with pytest.raises(ImageNotFound, match=str(missing_image)):
            await runtime.create(without_image)
        assert not await runtime.list_owned()

    async def test_cancelled_create_leaves_nothing(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """However early or late a creation is cancelled, no container is left."""
        for turns in (0, 1, 3, 10, 30):
            spec = make_spec(FOREVER)
            creation = asyncio.ensure_future(runtime.create(spec))
            for _ in range(turns):
                await asyncio.sleep(0)
            if creation.done():
                await runtime.remove(creation.result())
                continue
            creation.cancel()
            with pytest.raises(asyncio.CancelledError):
                await creation
            assert not await runtime.list_owned()

    # start

    async def test_start_runs_it(self, runtime: Runtime, running: ContainerID) -> None:
        """A started container runs, and is listed with the endpoint that its start has told."""
        (status,) = await runtime.list_owned()
        assert status.is_running
        assert status.endpoint is not None
        assert status.endpoint == await runtime.start(running)
        assert status.exit_reason is None

    async def test_start_twice_is_left_as_it_is(self, runtime: Runtime, running: ContainerID) -> None:
        """Starting what runs changes nothing."""
        await runtime.start(running)
        (status,) = await runtime.list_owned()
        assert status.is_running

    async def test_start_of_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist cannot be started."""
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await runtime.start(UNKNOWN)

    async def test_process_that_cannot_start(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A process that the engine fails to start gives RuntimeFailure; the container remains, not running."""
        container_id = await runtime.create(make_spec(Script(cannot_start=True)))
        with pytest.raises(RuntimeFailure, match=str(container_id)):
            await runtime.start(container_id)
        (status,) = await runtime.list_owned()
        assert not status.is_running

    # stop

    async def test_stop_ends_it(self, runtime: Runtime, running: ContainerID) -> None:
        """Stop returns once the process has ended, by SIGTERM if it heeds that."""
        await runtime.stop(running, timedelta(seconds=30))
        (status,) = await runtime.list_owned()
        assert not status.is_running
        assert status.exit_reason is not None
        assert status.exit_reason.code != 137

    async def test_stop_kills_after_the_grace(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A process deaf to SIGTERM is killed when its grace is over."""
        script = Script(output=((LogStream.STDOUT, "deaf"),), ignores_sigterm=True)
        container_id = await self.started(runtime, make_spec(script))
        await self.first_line(runtime, container_id)
        await runtime.stop(container_id, timedelta(seconds=1))
        assert await self.ended(runtime, container_id) == ExitReason(ExitKind.SIGNAL, 137)

    async def test_stop_of_what_does_not_run(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Stopping a container that was never started, or has ended, changes nothing."""
        container_id = await runtime.create(make_spec(Script(exit_code=3)))
        await runtime.stop(container_id, GRACE)
        await runtime.start(container_id)
        await self.ended(runtime, container_id)
        await runtime.stop(container_id, GRACE)
        assert await self.ended(runtime, container_id) == ExitReason(ExitKind.CODE, 3)

    async def test_stop_of_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist cannot be stopped."""
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await runtime.stop(UNKNOWN, GRACE)

    async def test_cancelled_stop_goes_on(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """The engine ends the process also when nobody waits for it any more."""
        script = Script(output=((LogStream.STDOUT, "deaf"),), ignores_sigterm=True)
        container_id = await self.started(runtime, make_spec(script))
        await self.first_line(runtime, container_id)
        exit_reason = asyncio.ensure_future(self.ended(runtime, container_id))
        stopping = asyncio.ensure_future(runtime.stop(container_id, timedelta(seconds=1)))
        await self.settle()
        stopping.cancel()
        assert await exit_reason == ExitReason(ExitKind.SIGNAL, 137)

    # wait

    @pytest.mark.parametrize("code", [0, 3])
    async def test_wait_gives_the_code(self, runtime: Runtime, make_spec: MakeSpec, code: int) -> None:
        """An exit of its own is reported with its code, also to who asks later."""
        script = Script(exit_code=code, pause_before_exit=PAUSE)
        container_id = await self.started(runtime, make_spec(script))
        reason = await self.ended(runtime, container_id)
        assert reason == ExitReason(ExitKind.CODE, code)
        assert await self.ended(runtime, container_id) == reason
        (status,) = await runtime.list_owned()
        assert status.exit_reason == reason

    async def test_wait_gives_the_signal(self, runtime: Runtime, running: ContainerID) -> None:
        """A process ended by SIGTERM is reported as ended by that signal."""
        waiting = asyncio.ensure_future(self.ended(runtime, running))
        await runtime.stop(running, timedelta(seconds=30))
        assert await waiting == ExitReason(ExitKind.SIGNAL, 143)

    async def test_out_of_memory_is_told(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A process that the kernel kills for its memory is reported as such."""
        container_id = await self.started(runtime, make_spec(Script(eats_memory=True)))
        assert (await self.ended(runtime, container_id)).kind is ExitKind.OUT_OF_MEMORY

    async def test_removal_ends_a_wait(self, runtime: Runtime, running: ContainerID) -> None:
        """Whoever waits for a container that is removed learns that it has vanished."""
        waiting = asyncio.ensure_future(self.ended(runtime, running))
        await self.settle()
        await runtime.remove(running)
        assert (await waiting).kind is ExitKind.ENGINE_LOST

    async def test_cancelled_wait_harms_nothing(self, runtime: Runtime, running: ContainerID) -> None:
        """A wait can be given up and begun anew."""
        waiting = asyncio.ensure_future(runtime.wait(running))
        await self.settle()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        (status,) = await runtime.list_owned()
        assert status.is_running

    async def test_wait_for_what_was_never_started(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """There is no exit to wait for before the start."""
        container_id = await runtime.create(make_spec(FOREVER))
        with pytest.raises(RuntimeFailure, match="never started"):
            await self.ended(runtime, container_id)

    async def test_wait_for_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist cannot be waited for."""
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await self.ended(runtime, UNKNOWN)

    # remove

    async def test_remove_kills_and_frees_the_name(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Removing a running container leaves nothing of it; the program can have another."""
        spec = make_spec(FOREVER)
        first = await self.started(runtime, spec)
        await runtime.remove(first)
        assert not await runtime.list_owned()
        second = await self.started(runtime, spec)
        assert second != first

    async def test_remove_twice_and_at_once(self, runtime: Runtime, running: ContainerID) -> None:
        """Removing what is gone, or being removed, is no error; it is gone when either returns."""
        await asyncio.gather(runtime.remove(running), runtime.remove(running))
        assert not await runtime.list_owned()
        await runtime.remove(running)
        await runtime.remove(UNKNOWN)

    # the rest

    async def test_list_owned_tells_owners_apart(
        self, runtime: Runtime, other_runtime: Runtime, make_spec: MakeSpec
    ) -> None:
        """Each owner sees its own containers only."""
        mine, theirs = make_spec(FOREVER), make_spec(FOREVER)
        await runtime.create(mine)
        await other_runtime.create(theirs)
        assert [status.program_id for status in await runtime.list_owned()] == [mine.program_id]
        assert [status.program_id for status in await other_runtime.list_owned()] == [theirs.program_id]
        assert not await runtime.list_owned(theirs.program_id)

    async def test_list_owned_of_one_program(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A program's own container is listed, running or ended; no other."""
        ended, runs = make_spec(Script(exit_code=3)), make_spec(FOREVER)
        await self.ended(runtime, await self.started(runtime, ended))
        await self.started(runtime, runs)
        (status,) = await runtime.list_owned(ended.program_id)
        assert status.exit_reason == ExitReason(ExitKind.CODE, 3)
        assert status.publish_port == ended.publish_port
        (status,) = await runtime.list_owned(runs.program_id)
        assert status.is_running
        assert len(await runtime.list_owned()) == 2

    async def test_diagnosis_is_good_here(self, runtime: Runtime) -> None:
        """Where the other tests pass, what is required is there."""
        findings = await runtime.diagnose()
        assert findings
        assert [finding for finding in findings if finding.required and not finding.ok] == []

    async def test_engine_that_does_not_answer(self, unreachable_runtime: Runtime, make_spec: MakeSpec) -> None:
        """Every call says that the engine does not answer; the diagnosis says so without raising."""
        runtime = unreachable_runtime
        calls = (
            lambda: runtime.create(make_spec(FOREVER)),
            lambda: runtime.start(UNKNOWN),
            lambda: runtime.stop(UNKNOWN, GRACE),
            lambda: runtime.remove(UNKNOWN),
            lambda: runtime.wait(UNKNOWN),
            lambda: runtime.list_owned(),
            lambda: collected(runtime.logs(UNKNOWN, LogQuery())),
            lambda: runtime.events().__aenter__(),
            lambda: runtime.stats(UNKNOWN),
        )
        for call in calls:
            with pytest.raises(EngineUnavailable):
                await call()
        await runtime.diagnose()
        await runtime.aclose()

    async def test_aclose_twice(self, runtime: Runtime, running: ContainerID) -> None:
        """Closing releases what the adapter holds, any number of times; the container goes on."""
        await runtime.aclose()
        await runtime.aclose()
