"""How runs end that keep within their limits, and what is told of them."""

import pytest

from hershy.errors import ImageNotFound
from hershy.sandbox.domain.result import Outcome, PythonError
from hershy.sandbox.ports.sandbox import Sandbox

from . import _sandbox_samples as samples
from ._sandbox_base import Run, SandboxContractBase

_OURS = ("bootstrap", "<string>", "hershy")


@pytest.mark.asyncio
class SandboxOutcomesContract(SandboxContractBase):
    async def test_finished(self, run: Run) -> None:
        """Code that comes to its end has finished, with what it wrote to each stream apart."""
        result = await run(samples.STREAMS)
        assert (result.outcome, result.exit_code, result.message) == (Outcome.FINISHED, 0, "finished")
        assert (result.stdout, result.stderr) == ("to stdout\n", "to stderr\n")
        assert result.is_success
        assert not result.output_is_cut
        assert result.exception is None
        assert (result.files, result.files_left_out, result.risk) == ({}, (), None)

    @pytest.mark.parametrize(
        ("sample", "stdout"),
        [(samples.UNICODE, "zażółć 🐍\n"), (samples.NO_LINE_END, "no line end"), (samples.SILENT, "")],
        ids=["unicode", "no line end", "nothing"],
    )
    async def test_output_is_as_it_was_written(self, run: Run, sample: samples.Sample, stdout: str) -> None:
        """Not a byte more or less."""
        result = await run(sample)
        assert result.raw_stdout == stdout.encode()
        assert result.raw_stderr == b""

    async def test_runtime_is_told(self, run: Run, sandbox: Sandbox) -> None:
        """A result says what held the code."""
        assert (await run(samples.SILENT)).runtime == sandbox.runtime

    @pytest.mark.parametrize(
        ("sample", "code"),
        [(samples.EXITS_WITH_3, 3), (samples.EXITS_WITH_WORDS, 1), (samples.EXITS_WITH_137, 137)],
        ids=["3", "words", "137"],
    )
    async def test_exit_code(self, run: Run, sample: samples.Sample, code: int) -> None:
        """An exit of its own is an error, by its code; none of them is taken for a signal or an exception."""
        result = await run(sample)
        assert (result.outcome, result.exit_code, result.exception) == (Outcome.ERROR, code, None)
        assert str(code) in result.message

    async def test_output_before_an_exit_is_kept(self, run: Run) -> None:
        """What was written is there, and what sys.exit says is on standard error."""
        assert (await run(samples.EXITS_WITH_3)).stdout == "before\n"
        assert (await run(samples.EXITS_WITH_WORDS)).stderr == "last words\n"

    async def test_uncaught_exception(self, run: Run) -> None:
        """Type, message and line are told; the traceback is that of the code alone."""
        result = await run(samples.VALUE_ERROR)
        assert (result.outcome, result.exit_code) == (Outcome.ERROR, 1)
        assert result.exception == PythonError("ValueError", "not today", "main.py", 2)
        assert "ValueError: not today" in result.message
        assert result.stdout == "before\n"
        assert "main.py" in result.stderr
        assert result.stderr.rstrip().endswith("ValueError: not today")
        assert not [it for it in _OURS if it in result.stderr]

    async def test_exception_in_a_file_of_the_callers(self, run: Run) -> None:
        """It is told of the file where it passed last."""
        result = await run(samples.ERROR_IN_A_MODULE, files=samples.HELPER)
        assert result.exception == PythonError("KeyError", "'nothing'", "helper.py", 2)

    async def test_exception_in_a_library(self, run: Run) -> None:
        """It is told of the caller's own line that led there."""
        result = await run(samples.LIBRARY_ERROR)
        assert result.exception is not None
        assert (result.exception.type, result.exception.file, result.exception.line) == (
            "JSONDecodeError",
            "main.py",
            3,
        )

    async def test_import_error(self, run: Run) -> None:
        """A module that is not there is an error like any other."""
        result = await run(samples.IMPORT_ERROR)
        assert result.outcome is Outcome.ERROR
        assert result.exception == PythonError("ModuleNotFoundError", "No module named 'no_such_module'", "main.py", 1)

    async def test_no_input(self, run: Run) -> None:
        """Without input there is an end of input, not a wait for it."""
        result = await run(samples.NO_INPUT)
        assert result.exception is not None
        assert result.exception.type == "EOFError"

    async def test_syntax_error(self, run: Run) -> None:
        """What is not Python is told with its line, and nothing of it has run."""
        result = await run(samples.NOT_PYTHON)
        assert result.outcome is Outcome.SYNTAX_ERROR
        assert result.exception is not None
        assert (result.exception.type, result.exception.file, result.exception.line) == ("SyntaxError", "main.py", 2)
        assert "main.py, line 2: SyntaxError" in result.message
        assert result.stdout == ""
        assert "SyntaxError" in result.stderr

    async def test_syntax_error_at_run_time(self, run: Run) -> None:
        """Code that runs, and raises a SyntaxError, is Python all the same."""
        result = await run(samples.LATE_SYNTAX_ERROR)
        assert result.outcome is Outcome.ERROR
        assert result.exception is not None
        assert (result.exception.type, result.exception.line) == ("SyntaxError", 2)

    async def test_syntax_only(self, run: Run) -> None:
        """Looked at for its syntax, code does not run; it has finished if it is Python."""
        good = await run(samples.EXITS_WITH_3, syntax_only=True)
        assert (good.outcome, good.stdout) == (Outcome.FINISHED, "")
        bad = await run(samples.NOT_PYTHON, syntax_only=True)
        assert bad.outcome is Outcome.SYNTAX_ERROR
        assert bad.exception is not None
        assert bad.exception.line == 2

    @pytest.mark.parametrize(
        ("sample", "code", "signal"),
        [(samples.KILLS_ITSELF, 137, "SIGKILL"), (samples.CRASHES, 139, "SIGSEGV")],
        ids=["SIGKILL", "SIGSEGV"],
    )
    async def test_killed_by_a_signal(self, run: Run, sample: samples.Sample, code: int, signal: str) -> None:
        """A signal that no limit sent is a crash of the code's own."""
        result = await run(sample)
        assert (result.outcome, result.exit_code) == (Outcome.KILLED, code)
        assert signal in result.message

    # commands

    async def test_command(self, run: Run) -> None:
        """In place of code, a command of the image for Python."""
        result = await run(samples.COMMAND)
        assert (result.outcome, result.stdout) == (Outcome.FINISHED, "42\n")

    async def test_failing_command(self, run: Run) -> None:
        """It fails by its exit code; nothing is known of exceptions."""
        result = await run(samples.FAILING_COMMAND)
        assert (result.outcome, result.exit_code, result.stderr) == (Outcome.ERROR, 4, "bad\n")
        assert result.exception is None

    async def test_command_that_is_not_there(self, run: Run) -> None:
        """A shell's own code says so, and standard error says what."""
        result = await run(samples.NO_COMMAND)
        assert (result.outcome, result.exit_code) == (Outcome.ERROR, 127)
        assert "no-such-command" in result.stderr

    async def test_command_of_another_image(self, run: Run, plain_image: str) -> None:
        """An image without Python is handed the same things, and gives them back."""
        result = await run(
            samples.SHELL,
            image=plain_image,
            stdin=b"\0\xff\r\n",
            env={"COLOUR": "it's $blue"},
            files={"data/in.txt": "in a file"},
            collect=["out.txt"],
        )
        assert (result.outcome, result.exit_code) == (Outcome.ERROR, 4)
        assert result.raw_stdout == b"\0\xff\r\nit's $blue\nin a file"
        assert result.raw_stderr == b"warned\n"
        assert result.files == {"out.txt": b"left\n"}

    async def test_command_of_another_image_that_is_not_there(self, run: Run, plain_image: str) -> None:
        """The same as with the image for Python."""
        result = await run(samples.NO_COMMAND, image=plain_image)
        assert (result.outcome, result.exit_code) == (Outcome.ERROR, 127)

    async def test_image_that_is_not_there(self, run: Run, missing_image: str) -> None:
        """ImageNotFound names it, for code and commands."""
        for sample in (samples.SILENT, samples.COMMAND):
            with pytest.raises(ImageNotFound, match=missing_image):
                await run(sample, image=missing_image)
