"""The part of the Runtime contract that is about logs."""

import asyncio
from datetime import timedelta

import pytest

from hershy.core.ids import ContainerID
from hershy.errors import ContainerNotFound
from hershy.programs.ports.runtime import LogQuery, LogStream, Runtime

from ._runtime_base import (
    DEADLINE_S,
    FOREVER,
    PAUSE,
    SPEAKS,
    UNKNOWN,
    MakeSpec,
    RuntimeContractBase,
    Script,
    collected,
    texts,
)


@pytest.mark.asyncio
class RuntimeLogsContract(RuntimeContractBase):
    """Which lines come, in which order, and when following them ends."""

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

    async def test_followed_logs_end_with_a_removal(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A container that is removed while it is followed ends that, with all lines there were and no error."""
        queries = (LogQuery(follow=True), LogQuery(follow=True, streams=frozenset({LogStream.STDERR})))
        container_id = await self.started(runtime, make_spec(Script(output=SPEAKS.output)))
        following = [asyncio.ensure_future(collected(runtime.logs(container_id, query))) for query in queries]
        await self.first_line(runtime, container_id)
        await self.settle()
        await runtime.remove(container_id)
        async with asyncio.timeout(DEADLINE_S):
            both, one = await asyncio.gather(*following)
        assert sorted(texts(both)) == sorted(["one", "two", "three", "four"])
        assert texts(one) == ["two", "four"]

    async def test_followed_logs_since(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Following from the moment of a line on gives that line too, and none before that moment."""
        script = Script(output=SPEAKS.output, exit_code=0, pause_before_exit=PAUSE)
        container_id = await self.started(runtime, make_spec(script))
        await self.ended(runtime, container_id)
        lines = await collected(runtime.logs(container_id, LogQuery()))
        query = LogQuery(since=lines[-1].at, follow=True)
        again = await collected(runtime.logs(container_id, query))
        assert sorted(texts(again)) == sorted(line.text for line in lines if line.at >= lines[-1].at)

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

    async def test_what_is_cut_is_marked(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """A line of more than 64 KiB ends in an ellipsis instead of the rest."""
        script = Script(output=((LogStream.STDOUT, "x" * (64 * 1024 + 1)), (LogStream.STDOUT, "next")), exit_code=0)
        container_id = await self.started(runtime, make_spec(script))
        await self.ended(runtime, container_id)
        cut, following = texts(await collected(runtime.logs(container_id, LogQuery())))
        assert (cut, following) == ("x" * (64 * 1024 - 1) + "\N{HORIZONTAL ELLIPSIS}", "next")

    async def test_a_tail_counts_lines_however_long(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Lines that an engine keeps in pieces are one each, followed or not, of one stream or both."""
        output = [(LogStream.STDERR, "e" * 50_000), *((LogStream.STDOUT, str(n) * 40_000) for n in range(4))]
        script = Script(output=tuple(output), exit_code=0, pause_before_exit=PAUSE)
        container_id = await self.started(runtime, make_spec(script))
        await self.ended(runtime, container_id)
        for tail in (1, 3):
            for follow in (False, True):
                for streams in (frozenset(LogStream), frozenset({LogStream.STDOUT})):
                    query = LogQuery(tail=tail, follow=follow, streams=streams)
                    lines = texts(await collected(runtime.logs(container_id, query)), LogStream.STDOUT)
                    assert lines == [str(n) * 40_000 for n in range(4 - tail, 4)]

    async def test_followed_with_a_tail_nothing_is_lost(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """While a program goes on writing to both streams, each line after the tail comes once."""
        output = [(stream, str(n)) for n in range(200) for stream in LogStream]
        container_id = await self.started(
            runtime, make_spec(Script(output=tuple(output), pause_before_exit=PAUSE, exit_code=0))
        )
        async with asyncio.timeout(DEADLINE_S):
            lines = await collected(runtime.logs(container_id, LogQuery(tail=1, follow=True)))
        for stream in LogStream:
            numbers = [int(text) for text in texts(lines, stream)]
            assert numbers == list(range(200 - len(numbers), 200))

    async def test_logs_of_unknown_container(self, runtime: Runtime) -> None:
        """A container that does not exist has no logs; the first iteration says so."""
        lines = runtime.logs(UNKNOWN, LogQuery())
        with pytest.raises(ContainerNotFound, match=str(UNKNOWN)):
            await anext(lines)
