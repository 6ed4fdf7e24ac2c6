"""Jobs, limits and results of sandboxes: which values there can be."""

from datetime import timedelta
from typing import Any

import pytest

from hershy.core.resources import MIB
from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import MAX_CODE_BYTES, MAX_INPUT_BYTES, SandboxJob, SandboxLimits
from hershy.sandbox.domain.result import Outcome, PythonError, SandboxResult, explanation

CODE = "x = 1"


def test_job_of_code() -> None:
    """Code lies beside the files, as main.py; texts are UTF-8."""
    job = SandboxJob(CODE, files={"data/ü.txt": "ü", "lib.py": b"y = 2"}, stdin="ß", args=["a", ""])
    assert job.contents == {"main.py": b"x = 1", "data/ü.txt": "ü".encode(), "lib.py": b"y = 2"}
    assert job.python_sources == {"main.py": "x = 1", "lib.py": "y = 2"}
    assert job.input == "ß".encode()
    assert job.args == ("a", "")


def test_job_of_a_command() -> None:
    """It has no main.py of hershy's, so that one of the caller's own is in nobody's way."""
    job = SandboxJob(command=["python3", "main.py"], files={"main.py": b"\xff"})
    assert job.contents == {"main.py": b"\xff"}
    assert job.python_sources == {"main.py": "\ufffd"}
    assert job.command == ("python3", "main.py")


def test_empty_code_is_code() -> None:
    """There is nothing to run, and that is all right."""
    assert SandboxJob("").contents == {"main.py": b""}


def test_jobs_are_copies() -> None:
    """What the caller does with his lists afterwards changes no job, nor can the job's own be changed."""
    files: dict[str, bytes | str] = {"a": b"1"}
    env, args, collect = {"A": "1"}, ["a"], ["a"]
    job = SandboxJob(CODE, files=files, env=env, args=args, collect=collect)
    files["a"], files["b"] = b"2", b"2"
    env["A"] = "2"
    args.append("b")
    collect.append("b")
    assert (dict(job.files), dict(job.env), job.args, job.collect) == ({"a": b"1"}, {"A": "1"}, ("a",), ("a",))
    with pytest.raises(TypeError):
        job.env["A"] = "2"  # type: ignore[index]
    with pytest.raises(TypeError):
        job.files["a"] = b""  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "code or command is required, one of the two"),
        ({"code": CODE, "command": ["ls"]}, "code or command is required, one of the two"),
        ({"command": ["ls"], "args": ["-l"]}, "args: a command brings its own"),
        ({"command": "ls -l"}, "command: must be a list of texts, not one"),
        ({"code": CODE, "args": "one"}, "args: must be a list of texts, not one"),
        ({"code": CODE, "collect": "out"}, "collect: must be a list of texts, not one"),
        ({"code": CODE, "args": ["a\0b"]}, "args: 'a.x00b' holds a NUL"),
        ({"code": CODE, "args": ["\ud800"]}, "args holds a lone surrogate"),
        ({"code": CODE, "args": ["a"] * 1_001}, "args: at most 1000 entries, not 1001"),
        ({"code": CODE, "collect": ["a"] * 101}, "collect: at most 100 entries, not 101"),
        ({"code": CODE, "env": {"A=B": "x"}}, "env: 'A=B'"),
        ({"code": CODE, "env": {"": "x"}}, "env: ''"),
        ({"code": CODE, "env": {"A": "secret\0"}}, "env: 'A'"),
        ({"code": CODE, "env": {str(i): "" for i in range(257)}}, "env: at most 256 entries"),
        ({"code": "\ud800"}, "code holds a lone surrogate"),
        ({"code": CODE, "stdin": "\ud800"}, "stdin holds a lone surrogate"),
        ({"code": CODE, "files": {"a": "\ud800"}}, "files.*'a'.* holds a lone surrogate"),
        ({"code": "x" * (MAX_CODE_BYTES + 1)}, "code: at most 1048576 bytes"),
        ({"code": CODE, "files": {"main.py": ""}}, "files: main.py is the place of code"),
        ({"code": CODE, "files": {"main.py/a": ""}}, "files: 'main.py' is both a file and the folder"),
        ({"command": ["ls"], "files": {"a": "", "a/b": ""}}, "files: 'a' is both a file and the folder"),
        ({"code": CODE, "image": "sha256:" + "a" * 64}, "image: .* is an id; give the image a name"),
        ({"code": CODE, "image": "no image!"}, "no image!"),
    ],
)
def test_jobs_that_cannot_be(given: dict[str, Any], message: str) -> None:
    """They are refused when they are made, naming the field, and no variable's value."""
    with pytest.raises(InvalidValue, match=message) as caught:
        SandboxJob(**given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../b", "./a", "a//b", "a/", "a\\b", "a\nb", "x" * 256])
def test_paths_stay_in_the_working_directory(path: str) -> None:
    """Of files handed in, and of those to be collected."""
    with pytest.raises(InvalidValue, match="files: "):
        SandboxJob(CODE, files={path: b""})
    with pytest.raises(InvalidValue, match="collect: "):
        SandboxJob(CODE, collect=[path])


def test_everything_can_be_collected() -> None:
    """A single dot stands for it, for files handed in it stands for nothing."""
    assert SandboxJob(CODE, collect=["."]).collect == (".",)
    with pytest.raises(InvalidValue, match="files: "):
        SandboxJob(CODE, files={".": b""})


def test_what_is_handed_in_has_room() -> None:
    """Code, files and input fit into the working directory together, in whole pages, or the job cannot be."""
    room = SandboxLimits(work_bytes=64 * 1024)
    SandboxJob(CODE, files={"a": b"x" * 28_672}, stdin=b"x" * 32_768, limits=room)
    for more in ({"files": {"a": b"x" * 28_673}, "stdin": b"x" * 32_768}, {"files": {str(i): b"x" for i in range(16)}}):
        with pytest.raises(InvalidValue, match="more than 65536 bytes together do not fit into /work"):
            SandboxJob(CODE, limits=room, **more)


def test_what_is_handed_in_has_an_end() -> None:
    """However large the working directory is."""
    with pytest.raises(InvalidValue, match=f"more than {MAX_INPUT_BYTES} bytes together"):
        SandboxJob(CODE, stdin=bytes(MAX_INPUT_BYTES), limits=SandboxLimits(work_bytes=1024 * MIB))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"timeout": timedelta(milliseconds=99)}, "limits: timeout must be at least 0.1 s"),
        ({"cpus": 0}, "limits: cpus must be a number of at least"),
        ({"cpus": float("nan")}, "limits: cpus"),
        ({"cpus": True}, "limits: cpus"),
        ({"memory_bytes": 16 * MIB - 1}, "limits: memory_bytes must be a number of at least 16777216"),
        ({"memory_bytes": 64.5 * MIB}, "limits: memory_bytes"),
        ({"pids": 0}, "limits: pids"),
        ({"open_files": 0}, "limits: open_files"),
        ({"output_bytes": 0}, "limits: output_bytes"),
        ({"work_bytes": 65_535}, "limits: work_bytes"),
        ({"files_bytes": 0}, "limits: files_bytes"),
    ],
)
def test_limits_that_cannot_be(given: dict[str, Any], message: str) -> None:
    """They are refused when they are made, naming the limit."""
    with pytest.raises(InvalidValue, match=message):
        SandboxLimits(**given)


def test_limits_within_a_maximum() -> None:
    """A default above it is lowered, a limit of the caller's own refused, one below left alone."""
    maximum = SandboxLimits(pids=32, memory_bytes=128 * MIB)
    assert SandboxLimits(pids=10).within(maximum) == SandboxLimits(pids=10, memory_bytes=128 * MIB)
    with pytest.raises(InvalidValue, match="limits: pids may be at most 32 on this Host, not 33"):
        SandboxLimits(pids=33).within(maximum)
    with pytest.raises(InvalidValue, match="limits: timeout may be at most 0:00:10"):
        SandboxLimits(timeout=timedelta(seconds=11)).within(maximum)


# results


def test_result_as_text() -> None:
    """What is not UTF-8 is replaced; the bytes are there as they were."""
    result = SandboxResult(Outcome.FINISHED, "finished", 0, b"\xff\n", "ü".encode(), files={"a": b""})
    assert (result.stdout, result.stderr, result.raw_stdout) == ("\ufffd\n", "ü", b"\xff\n")
    assert result.is_success
    with pytest.raises(TypeError):
        result.files["b"] = b""  # type: ignore[index]


def test_only_what_has_finished_is_a_success() -> None:
    """Each other outcome is none, an error with output as little as a refusal."""
    assert [it for it in Outcome if SandboxResult(it, "").is_success] == [Outcome.FINISHED]


@pytest.mark.parametrize(
    ("outcome", "code", "exception", "message"),
    [
        (Outcome.FINISHED, 0, None, "finished"),
        (Outcome.ERROR, 3, None, "exited with code 3"),
        (Outcome.ERROR, 1, PythonError("KeyError", "'a'", "main.py", 7), "main.py, line 7: KeyError: 'a'"),
        (Outcome.ERROR, 1, PythonError("KeyError", "", "main.py", None), "main.py: KeyError"),
        (Outcome.ERROR, 1, PythonError("KeyError", "'a'", "", None), "KeyError: 'a'"),
        (
            Outcome.SYNTAX_ERROR,
            1,
            PythonError("SyntaxError", "bad", "main.py", 2),
            "main.py, line 2: SyntaxError: bad",
        ),
        (Outcome.SYNTAX_ERROR, 1, None, "the code is not Python"),
        (Outcome.TIMEOUT, None, None, "killed: ran longer than 2.5 s (limits.timeout)"),
        (Outcome.OUT_OF_MEMORY, None, None, "out of memory: took more than 64 MiB (limits.memory_bytes)"),
        (
            Outcome.OUTPUT_LIMIT,
            None,
            None,
            "killed: printed more than 1000 bytes (limits.output_bytes); the rest is cut",
        ),
        (Outcome.KILLED, 139, None, "killed by SIGSEGV"),
        (Outcome.KILLED, None, None, "killed: its container ended, and it with that"),
        (Outcome.REFUSED, None, None, "refused: scored too high"),
    ],
)
def test_explanation(outcome: Outcome, code: int | None, exception: PythonError | None, message: str) -> None:
    """One sentence per outcome, which names the limit where it was one."""
    limits = SandboxLimits(timeout=timedelta(seconds=2.5), memory_bytes=64 * MIB, output_bytes=1000)
    assert explanation(outcome, limits, code, exception) == message
