"""What every Runtime adapter keeps: subclass RuntimeContract, override the fixtures, run it with pytest."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from hershy.domain.errors import (
    AlreadyExists,
    ContainerNotFound,
    EngineUnavailable,
    ImageNotFound,
    PortHeld,
    RuntimeFailure,
)
from hershy.domain.exits import ExitKind, ExitReason
from hershy.domain.ids import ContainerID, ImageID, PublishPort
from hershy.ports.runtime import ContainerSpec, LogLine, LogQuery, LogStream, Runtime

DEADLINE_S = 60.0
"""For a step that must end; generous, because only a broken adapter waits for it."""
GRACE = timedelta(seconds=2)
PAUSE = timedelta(milliseconds=300)

UNKNOWN = ContainerID("0" * 64)


@dataclass(frozen=True, slots=True)
class Script:
    """What the program in a container does: writes ``output``, line by line, then ends or runs on.

    ``exit_code`` None: runs until it is stopped. ``ignores_sigterm``: only SIGKILL ends it. ``eats_memory``: after
    its output it takes memory until the kernel kills it. ``cannot_start``: the engine fails to start the process.
    ``pause_before_exit`` lies between output and exit.
    """

    output: tuple[tuple[LogStream, str], ...] = ()
    exit_code: int | None = None
    pause_before_exit: timedelta = timedelta()
    ignores_sigterm: bool = False
    eats_memory: bool = False
    cannot_start: bool = False


MakeSpec = Callable[[Script], ContainerSpec]
HoldPort = Callable[[PublishPort], AbstractContextManager[None]]

FOREVER = Script(output=((LogStream.STDOUT, "here"),))
SPEAKS = Script(
    output=(
        (LogStream.STDOUT, "one"),
        (LogStream.STDERR, "two"),
        (LogStream.STDOUT, "three"),
        (LogStream.STDERR, "four"),
    ),
    exit_code=0,
)


async def collected(lines: AsyncIterator[LogLine]) -> list[LogLine]:
    return [line async for line in lines]


def texts(lines: list[LogLine], stream: LogStream | None = None) -> list[str]:
    return [line.text for line in lines if stream in (None, line.stream)]


@pytest.mark.asyncio
class RuntimeContract:
    """Override these fixtures:

    * ``runtime``: the adapter under test; nothing of its owner exists yet.
    * ``other_runtime``: the same engine, another owner.
    * ``unreachable_runtime``: an adapter whose engine does not answer.
    * ``make_spec``: gives a spec of a new program, with a port of its own, that acts by a Script.
    * ``missing_image``: an image that does not exist.
    * ``hold_port``: a context manager in which a stranger holds a port of this machine.

    An adapter whose calls leave this process overrides ``settle`` too.
    """

    async def settle(self) -> None:
        """Let a call that was begun in another task get under way."""
        for _ in range(10):
            await asyncio.sleep(0)

    @pytest_asyncio.fixture
    async def running(self, runtime: Runtime, make_spec: MakeSpec) -> AsyncGenerator[ContainerID, None]:
        """A container that runs until it is stopped."""
        container_id = await self.started(runtime, make_spec(FOREVER))
        yield container_id
        with contextlib.suppress(EngineUnavailable):
            await runtime.remove(container_id)

    @pytest_asyncio.fixture(autouse=True)
    async def _clean(self, runtime: Runtime, other_runtime: Runtime) -> AsyncGenerator[None, None]:
        yield
        for adapter in (runtime, other_runtime):
            for status in await adapter.list_owned():
                await adapter.remove(status.container_id)

    @staticmethod
    async def started(runtime: Runtime, spec: ContainerSpec) -> ContainerID:
        async with asyncio.timeout(DEADLINE_S):
            container_id = await runtime.create(spec)
            await runtime.start(container_id)
        return container_id

    @staticmethod
    async def ended(runtime: Runtime, container_id: ContainerID) -> ExitReason:
        async with asyncio.timeout(DEADLINE_S):
            return await runtime.wait(container_id)

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
        without_image = ContainerSpec(
            spec.program_id, spec.user_id, spec.build_id, missing_image, spec.publish_port, spec.state_dir
        )
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
        """A started container runs, on its publish port."""
        (status,) = await runtime.list_owned()
        assert status.is_running
        assert status.publish_port is not None
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

    async def test_start_on_held_port(self, runtime: Runtime, make_spec: MakeSpec, hold_port: HoldPort) -> None:
        """A stranger on the publish port gives PortHeld with its number; the container remains, not running."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        with hold_port(spec.publish_port), pytest.raises(PortHeld) as caught:
            await runtime.start(container_id)
        assert int(caught.value.port) == int(spec.publish_port)  # type: ignore[call-overload]
        (status,) = await runtime.list_owned()
        assert not status.is_running

    async def test_start_once_the_port_is_free(
        self, runtime: Runtime, make_spec: MakeSpec, hold_port: HoldPort
    ) -> None:
        """The same container starts when the stranger has gone."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        with hold_port(spec.publish_port), pytest.raises(PortHeld):
            await runtime.start(container_id)
        await runtime.start(container_id)
        (status,) = await runtime.list_owned()
        assert status.is_running

    async def test_port_of_another_container(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A port that a running container has is held too."""
        first, second = make_spec(FOREVER), make_spec(FOREVER)
        await self.started(runtime, first)
        same_port = ContainerSpec(
            second.program_id,
            second.user_id,
            second.build_id,
            second.image_id,
            first.publish_port,
            second.state_dir,
        )
        container_id = await runtime.create(same_port)
        with pytest.raises(PortHeld):
            await runtime.start(container_id)

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

    # logs

    async def test_logs_keep_order_and_streams(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Every line comes once, in order within its stream, marked with the stream and a time in UTC."""
        container_id = await self.started(runtime, make_spec(SPEAKS))
        await self.ended(runtime, container_id)
        lines = await collected(runtime.logs(container_id, LogQuery()))
        assert texts(lines, LogStream.STDOUT) == ["one", "three"]
        assert texts(lines, LogStream.STDERR) == ["two", "four"]
        assert len(lines) == 4
        assert [line.at for line in lines] == sorted(line.at for line in lines)
        assert all(line.at.utcoffset() == timedelta() for line in lines)

    async def test_logs_of_one_stream(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A tail counts only the lines of the streams asked for, followed or not."""
        container_id = await self.started(runtime, make_spec(SPEAKS))
        await self.ended(runtime, container_id)
        for follow in (False, True):
            query = LogQuery(tail=2, follow=follow, streams=frozenset({LogStream.STDERR}))
            assert texts(await collected(runtime.logs(container_id, query))) == ["two", "four"]

    async def test_logs_tail(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A tail gives the newest lines, none for 0, all for None."""
        script = Script(output=tuple((LogStream.STDOUT, str(n)) for n in range(300)), exit_code=0)
        container_id = await self.started(runtime, make_spec(script))
        await self.ended(runtime, container_id)
        for tail, first in ((None, 0), (2, 298), (0, 300), (1000, 0)):
            lines = await collected(runtime.logs(container_id, LogQuery(tail=tail)))
            assert texts(lines) == [str(n) for n in range(first, 300)]

    async def test_logs_since(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """``since`` gives the lines of that moment and later."""
        container_id = await self.started(runtime, make_spec(SPEAKS))
        await self.ended(runtime, container_id)
        lines = await collected(runtime.logs(container_id, LogQuery()))
        since = lines[2].at
        expected = [line.text for line in lines if line.at >= since]
        assert texts(await collected(runtime.logs(container_id, LogQuery(since=since)))) == expected
        later = LogQuery(since=lines[-1].at + timedelta(seconds=1))
        assert not await collected(runtime.logs(container_id, later))

    async def test_followed_logs_end_with_the_container(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Following gives what is there, what comes, and ends when the process does."""
        script = Script(output=SPEAKS.output, exit_code=0, pause_before_exit=PAUSE)
        container_id = await self.started(runtime, make_spec(script))
        async with asyncio.timeout(DEADLINE_S):
            lines = await collected(runtime.logs(container_id, LogQuery(follow=True)))
        assert sorted(texts(lines)) == sorted(["one", "two", "three", "four"])

    async def test_followed_stream_with_tail(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Following one stream with a tail loses and repeats nothing, and leaves the other stream out."""
        script = Script(output=SPEAKS.output, exit_code=0, pause_before_exit=PAUSE)
        container_id = await self.started(runtime, make_spec(script))
        query = LogQuery(tail=100, follow=True, streams=frozenset({LogStream.STDOUT}))
        async with asyncio.timeout(DEADLINE_S):
            assert texts(await collected(runtime.logs(container_id, query))) == ["one", "three"]

    async def test_followed_logs_come_at_once(self, runtime: Runtime, running: ContainerID) -> None:
        """A line is given while the container runs, and closing the iterator ends it."""
        assert (await self.first_line(runtime, running)).text == "here"
        (status,) = await runtime.list_owned()
        assert status.is_running

    async def test_followed_logs_of_what_does_not_run(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Following a container that was not started ends at once, with nothing."""
        container_id = await runtime.create(make_spec(FOREVER))
        async with asyncio.timeout(DEADLINE_S):
            assert not await collected(runtime.logs(container_id, LogQuery(follow=True)))

    async def test_long_line_is_one_line(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A line of 64 KiB comes whole, and the next one after it."""
        long = "x" * (64 * 1024)
        script = Script(output=((LogStream.STDOUT, long), (LogStream.STDOUT, "next")), exit_code=0)
        container_id = await self.started(runtime, make_spec(script))
        await self.ended(runtime, container_id)
        lines = texts(await collected(runtime.logs(container_id, LogQuery())))
        assert [len(line) for line in lines] == [len(long), len("next")]

    async def test_logs_of_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist has no logs; the first iteration says so."""
        lines = runtime.logs(UNKNOWN, LogQuery())
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await anext(lines)

    async def first_line(self, runtime: Runtime, container_id: ContainerID) -> LogLine:
        lines = runtime.logs(container_id, LogQuery(follow=True))
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await anext(lines)
        finally:
            await lines.aclose()

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

    async def test_compose_file_names_what_runs(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """The Compose file names container, image, port and state folder."""
        spec = make_spec(FOREVER)
        text = await runtime.compose_file(spec)
        for part in (
            f"hersh-program-{spec.program_id}",
            f"hersh-program-{spec.build_id}",
            f"127.0.0.1:{spec.publish_port}:8080",
            str(spec.state_dir),
        ):
            assert part in text

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
