"""What code is handed, what it leaves, and what it cannot do to either."""

import asyncio

import pytest

from hershy.core.clock import Clock
from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.sandbox.ports.sandbox import Sandbox

from . import _sandbox_samples as samples
from ._sandbox_base import Containers, Run, SandboxContractBase

_ALL_BYTES = bytes(range(256))


@pytest.mark.asyncio
class SandboxFilesContract(SandboxContractBase):
    # handed in

    @pytest.mark.parametrize(
        "stdin",
        [b"", "zażółć\n", _ALL_BYTES, b"\r\n\0" * 100_000],
        ids=["none", "text", "all bytes", "much"],
    )
    async def test_input(self, run: Run, stdin: bytes | str) -> None:
        """Whatever is on standard input comes through as it is, and ends."""
        result = await run(samples.ECHO, stdin=stdin)
        assert result.outcome is Outcome.FINISHED
        assert result.raw_stdout == (stdin.encode() if isinstance(stdin, str) else stdin)

    async def test_input_that_nobody_reads(self, run: Run) -> None:
        """It bothers nobody."""
        result = await run(samples.STREAMS, stdin=b"x" * 1_000_000)
        assert (result.outcome, result.stdout) == (Outcome.FINISHED, "to stdout\n")

    async def test_surroundings(self, run: Run) -> None:
        """The code is a script in /work, with its arguments, its variables, and files where they were asked for."""
        result = await run(
            samples.SURROUNDINGS,
            args=["one", "", "three 'and' \"more\"", "--help"],
            env={"COLOUR": "grün = $green"},
            files={"data/deep/in.txt": "in a file", "data/other.bin": _ALL_BYTES},
        )
        args = ["one", "", "three 'and' \"more\"", "--help"]
        assert result.outcome is Outcome.FINISHED, result.stderr
        assert result.stdout == f"__main__ main.py /work {args} grün = $green in a file\n"

    # left

    @pytest.mark.parametrize(
        ("collect", "expected"),
        [
            (["other.txt"], {"other.txt"}),
            (["out"], {"out/a.txt", "out/deep/b.bin"}),
            (["out/deep", "missing.txt", "other.txt"], {"out/deep/b.bin", "other.txt"}),
            (["."], {"main.py", "out/a.txt", "out/deep/b.bin", "other.txt"}),
            (["out", "out/a.txt", "."], {"main.py", "out/a.txt", "out/deep/b.bin", "other.txt"}),
            (["ou", "other"], set()),
            ([], set()),
        ],
        ids=["one", "folder", "several", "everything", "twice", "beginnings", "nothing"],
    )
    async def test_collected_files(self, run: Run, collect: list[str], expected: set[str]) -> None:
        """Files that are named, or lie in folders that are, come back as they are; what is missing is no error."""
        result = await run(samples.WRITES_FILES, collect=collect)
        assert result.outcome is Outcome.FINISHED
        assert set(result.files) == expected
        contents = {"out/a.txt": b"A", "out/deep/b.bin": _ALL_BYTES, "other.txt": b"other"}
        assert {path: it for path, it in result.files.items() if path in contents} == {
            path: it for path, it in contents.items() if path in expected
        }
        assert result.files_left_out == ()

    async def test_files_of_code_that_fails(self, run: Run) -> None:
        """They are of most interest."""
        result = await run(samples.WRITES_AND_FAILS, collect=["log.txt"])
        assert result.outcome is Outcome.ERROR
        assert result.files == {"log.txt": b"so far"}

    async def test_what_is_not_a_file(self, run: Run) -> None:
        """Links are not followed, and pipes not waited for."""
        result = await run(samples.LINKS, collect=["file", "folder", "pipe", "folder/passwd", "."])
        assert result.outcome is Outcome.FINISHED
        assert result.files.keys() - {"main.py"} == {"plain.txt"}

    async def test_files_that_are_too_large(self, run: Run) -> None:
        """They are named as left out; those for which there is room come."""
        limits = SandboxLimits(files_bytes=100_000)
        result = await run(samples.WRITES_SMALL_AND_LARGE, limits=limits, collect=["large.bin", "small.txt"])
        assert result.outcome is Outcome.FINISHED
        assert result.files == {"small.txt": b"small"}
        assert result.files_left_out == ("large.bin",)

    async def test_runs_share_nothing(self, run: Run) -> None:
        """Runs at the same time have a folder each, and so have runs one after the other."""
        names = [f"run {number}" for number in range(4)]
        jobs = (run(samples.KEEPS_ITS_NAME, args=[name], collect=["."]) for name in names)
        results = [*await asyncio.gather(*jobs), await run(samples.KEEPS_ITS_NAME, args=["last"], collect=["."])]
        assert [result.outcome for result in results] == [Outcome.FINISHED] * 5
        assert [set(result.files) for result in results] == [{"main.py", "mine.txt"}] * 5
        assert [result.files["mine.txt"].decode() for result in results] == [*names, "last"]

    # tricks

    async def test_daemons_end_with_the_code(
        self, run: Run, sandbox: Sandbox, containers: Containers, clock: Clock
    ) -> None:
        """Processes that outlive the code don't keep the run open, and are gone with it."""
        result = await run(samples.LEAVES_A_DAEMON)
        assert (result.outcome, result.stdout) == (Outcome.FINISHED, "done\n")

        async def is_gone() -> bool:
            return await containers() == sandbox.idle

        await self.eventually(clock, is_gone)

    async def test_closed_output(self, run: Run) -> None:
        """Code that closes its output is waited for as ever."""
        result = await run(samples.CLOSES_ITS_OUTPUT)
        assert (result.outcome, result.exit_code, result.stdout) == (Outcome.ERROR, 5, "before\n")

    async def test_small_writes(self, run: Run) -> None:
        """Twenty thousand writes of one byte are twenty thousand bytes."""
        result = await run(samples.SMALL_WRITES)
        assert (result.outcome, result.raw_stdout) == (Outcome.FINISHED, b"." * 20_000)

    async def test_both_streams_by_turns(self, run: Run) -> None:
        """Each stream is whole and in its order."""
        result = await run(samples.BOTH_STREAMS)
        assert result.stdout == "".join(f"out {i}\n" for i in range(500))
        assert result.stderr == "".join(f"err {i}\n" for i in range(500))

    async def test_output_that_pretends(self, run: Run) -> None:
        """Whatever is written is output, also when it looks like the words of those who run it."""
        result = await run(samples.PRETENDS)
        assert (result.outcome, result.exit_code) == (Outcome.ERROR, 7)
        assert result.raw_stdout == samples.FRAMING
        assert result.raw_stderr == samples.FRAMING

    async def test_walls(self, run: Run) -> None:
        """The code is not root, has no network, and writes nowhere but to its folder."""
        result = await run(samples.LOOKS_AROUND)
        assert result.outcome is Outcome.FINISHED, result.stderr
        assert result.stdout == "not root: True\nno network: True\nread-only: True\n"
