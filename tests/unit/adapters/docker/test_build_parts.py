"""The parts of DockerBuilder that need no engine: context, lines, failures, environment."""

import io
import tarfile
from pathlib import Path

import pytest

from hershy.builds.spec import BuildSpec
from hershy.errors import BuildError
from hershy_adapters.docker._build import buildx as _buildx
from hershy_adapters.docker._build.buildkit_output import FOLLOWED_STEPS, BuildKitOutput
from hershy_adapters.docker._build.buildx import Buildx
from hershy_adapters.docker._build.context import pack_context
from hershy_adapters.docker._build.lines import CUT_MARK, MAX_LINE_BYTES, LineSplitter


def split(*chunks: bytes) -> list[str]:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [*lines, *splitter.flush()]


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\ntw", b"o\n"], ["one", "two"]),
        ([b"no end"], ["no end"]),
        ([b"a\r\nb\r", b"\nc\n"], ["a", "b", "c"]),
        ([b"10%\r20%\r", b"100%\n"], ["100%"]),
        ([b"\x1b[31mred\x1b[0m \x1b]0;title\x07plain\n"], ["red plain"]),
        ([b"caf\xc3", b"\xa9\n"], ["café"]),
        ([b"bad\xff\n"], ["bad\N{REPLACEMENT CHARACTER}"]),
        ([b"tab\there\x00\x08\n"], ["tab\there"]),
        ([b"\n\n"], ["", ""]),
        ([b"z" * MAX_LINE_BYTES + b"\nnext\n"], ["z" * MAX_LINE_BYTES, "next"]),
        ([b"z" * 5000, b"z" * 5000, b"z\nnext\n"], ["z" * MAX_LINE_BYTES + CUT_MARK, "next"]),
        ([b"z" * 9000 + b"\r", b"short\n"], ["short"]),
    ],
)
def test_lines(chunks: list[bytes], lines: list[str]) -> None:
    """Chunks become whole, clean, bounded lines wherever they are cut."""
    assert split(*chunks) == lines


def test_lines_hold_little() -> None:
    """A line without end is not collected."""
    splitter = LineSplitter()
    for _ in range(100):
        assert not list(splitter.feed(b"z" * 65_536))
    assert [len(line) for line in splitter.flush()] == [MAX_LINE_BYTES + len(CUT_MARK)]


def failure(printed: list[str], code: int = 1) -> BuildError:
    progress = BuildKitOutput()
    for line in printed:
        progress.add(line)
    return progress.failure(code)


def entries(spec: BuildSpec) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(pack_context(spec))) as archive:
        return archive.getmembers()


def test_context_is_canonical() -> None:
    """The same files in another order give the same bytes."""
    files = {"b/c/d": "1", "a": "2", "b/x": "3"}
    assert pack_context(BuildSpec("FROM a", files)) == pack_context(BuildSpec("FROM a", dict(reversed(files.items()))))


def test_context_entries() -> None:
    """Folders come before what lies in them; owner, mode and time are the same always; scripts can be run."""
    found = entries(BuildSpec("FROM a", {"b/c/run": "#!/bin/sh\n", "b/x": "ü" * 200}))
    assert [(entry.name, entry.isdir(), oct(entry.mode)) for entry in found] == [
        ("Dockerfile", False, "0o644"),
        ("b", True, "0o755"),
        ("b/c", True, "0o755"),
        ("b/c/run", False, "0o755"),
        ("b/x", False, "0o644"),
    ]
    assert {(entry.uid, entry.gid, entry.mtime) for entry in found} == {(0, 0, 315_532_800)}
    assert found[-1].size == 400


def test_context_keeps_dockerfile() -> None:
    """Even .dockerignore cannot exclude the Dockerfile; folders left empty are not made."""
    found = entries(BuildSpec("FROM a", {"b/c": "1", ".dockerignore": "*\nDockerfile\n"}))
    assert [entry.name for entry in found] == ["Dockerfile", ".dockerignore"]


def test_long_and_foreign_names() -> None:
    """Names beyond the old tar format's limits arrive whole."""
    path = "/".join(["ordner-ü" * 10] * 8)
    assert entries(BuildSpec("FROM a", {path: "x"}))[-1].name == path


def test_failure_without_a_step() -> None:
    """An error before any step keeps the last lines, whatever they are."""
    error = failure(["", "Dockerfile:2", "ERROR: failed to solve: unknown instruction: BLA"])
    assert str(error).startswith("unknown instruction: BLA")
    assert error.tail == ("Dockerfile:2", "ERROR: failed to solve: unknown instruction: BLA")


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        (
            'failed to compute cache key: failed to calculate checksum of ref cc-1::5p3l: "/a b/c.txt": not found',
            "file not found in build context or excluded by .dockerignore: a b/c.txt",
        ),
        (
            "lstat /var/lib/docker/tmp/buildkit-mount1339716699/x/nope: no such file or directory",
            "file not found in the image or stage that it is copied from: /x/nope",
        ),
        (
            'process "/bin/sh -c make && ls" did not complete successfully: exit code: 2',
            "RUN make && ls: ended with exit code 2",
        ),
        (
            "nope:1: failed to resolve source metadata for docker.io/library/nope:1: no such host",
            "image nope:1 is not on this machine and cannot be fetched: no such host",
        ),
        ("dockerfile parse error on line 2: unknown instruction: BLA",) * 2,
    ],
)
def test_the_cause_comes_first_in_the_author_s_words(engine: str, words: str) -> None:
    """Nothing of the engine's insides in the first line; its own words are in those that follow."""
    error = failure(["#6 [2/2] COPY x y", f"#6 ERROR: {engine}", f"ERROR: failed to solve: {engine}"])
    assert str(error).splitlines() == [words, "#6 [2/2] COPY x y", f"#6 ERROR: {engine}"]


def test_failure_without_words() -> None:
    """A tool that says nothing is reported with its exit code."""
    assert "ended with 137" in str(failure([], 137))


def test_failing_step_among_others() -> None:
    """Only the failing step's lines are in the tail, the last 30 of them, whatever others print after it."""
    printed = [f"#{step} 0.1 {number}" for number in range(100) for step in (5, 51)]
    later = [f"#51 0.2 {number}" for number in range(1000)]
    error = failure([*printed, "#5 ERROR: exit code: 1", *later, "#51 CANCELED", "ERROR: exit code: 1"])
    assert len(error.tail) == 30
    assert {line.split()[0] for line in error.tail} == {"#5"}
    assert error.tail[-1] == "#5 ERROR: exit code: 1"


def test_many_steps() -> None:
    """Lines are kept of a bounded number of steps, and the failing one is among them."""
    steps = [f"#{number} [{number}/500] RUN x" for number in range(500)]
    progress = BuildKitOutput()
    for line in [*steps, "#499 ERROR: exit code: 1"]:
        progress.add(line)
    assert len(progress._steps) == FOLLOWED_STEPS
    assert progress.failure(1).tail == (steps[-1], "#499 ERROR: exit code: 1")


def test_environment_of_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the Host's environment the tool gets what it needs to reach the engine, and a configuration of its own."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:token@proxy.invalid")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certificates")
    environment = Buildx("docker-buildx", "tcp://engine:2376")._environment("/empty")
    assert environment["DOCKER_HOST"] == "tcp://engine:2376"
    assert environment["DOCKER_CERT_PATH"] == "/certificates"
    assert environment["HOME"] == environment["DOCKER_CONFIG"] == "/empty"
    assert not {"HTTPS_PROXY", "AWS_SECRET_ACCESS_KEY"} & environment.keys()


def test_find_buildx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tool is found as a plugin of the docker command, and not where there is none."""
    monkeypatch.setattr(_buildx, "PLUGIN_FOLDERS", (str(tmp_path),))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert _buildx.find_buildx() is None
    binary = tmp_path / "docker-buildx"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    assert _buildx.find_buildx() == str(binary)
