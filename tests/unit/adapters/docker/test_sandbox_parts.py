"""Parts of the Docker sandbox that need no engine: what is said to a bootstrap, what is heard, who owns what."""

import ast
import asyncio
import contextlib
import dataclasses
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hershy.core.ids import OwnerID
from hershy.errors import ConfigurationError
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy_adapters.docker._container.account import NOTHING_OF
from hershy_adapters.docker._container.policy import ContainerPolicy, ImageFacts
from hershy_adapters.docker._sandbox.config import Bootstrap, Shape, create_config, differences
from hershy_adapters.docker._sandbox.owner_lock import FOLDER, OwnerLock
from hershy_adapters.docker._sandbox.transcript import Phase, Transcript
from hershy_adapters.docker._sandbox.wire import READY, Answer, for_python, for_shell, read_answer

NONCE = "0123456789abcdef" * 2
OUT, ERR = 1, 2
SHAPE = Shape.made("python:3.12", Bootstrap.PYTHON, SandboxLimits())
ENCLOSURE = ContainerPolicy("runsc", OwnerID("0" * 16))
FACTS = ImageFacts(user="", volumes=("/data",))


def running(most: int = 100, archive: int = 0) -> Transcript:
    transcript = Transcript()
    transcript.feed(OUT, READY)
    transcript.expect(NONCE.encode(), most, archive)
    return transcript


def fed_in_pieces(transcript: Transcript, stream: int, data: bytes, size: int) -> None:
    for at in range(0, len(data), size):
        transcript.feed(stream, data[at : at + size])


ANSWER = NONCE.encode() + b"code 0\n\n" + NONCE.encode()


@given(
    out=st.binary(max_size=50),
    err=st.binary(max_size=50),
    size=st.integers(1, 40),
    err_first=st.booleans(),
)
def test_output_and_answer_are_told_apart_however_they_are_cut_into_frames(
    out: bytes, err: bytes, size: int, err_first: bool
) -> None:
    """What the code wrote comes back byte for byte, and what the bootstrap says behind it too."""
    transcript = running()
    streams = [(OUT, out + ANSWER), (ERR, err + NONCE.encode())]
    for stream, data in reversed(streams) if err_first else streams:
        assert transcript.phase is not Phase.COMPLETE
        fed_in_pieces(transcript, stream, data, size)
    assert transcript.phase is Phase.COMPLETE
    assert transcript.output == (out, err, False)
    assert read_answer(transcript.answer, ()) == Answer(0)


@given(out=st.binary(max_size=200), err=st.binary(max_size=200), size=st.integers(1, 64))
def test_output_beyond_the_limit_is_cut_to_it_exactly(out: bytes, err: bytes, size: int) -> None:
    """Both streams together come to no more than the limit, and it is said when something was cut."""
    transcript = running(most=100)
    fed_in_pieces(transcript, OUT, out + ANSWER, size)
    fed_in_pieces(transcript, ERR, err + NONCE.encode(), size)
    said_out, said_err, is_cut = transcript.output
    if len(out) + len(err) <= 100:
        assert (said_out, said_err, is_cut) == (out, err, False)
    else:
        assert is_cut
        assert transcript.phase is Phase.OVERFLOWN
        assert len(said_out) + len(said_err) <= 100
        assert out.startswith(said_out) or said_out.startswith(out)


def test_a_flood_is_noticed_before_it_is_held() -> None:
    """Nothing is taken any more once there is too much."""
    transcript = running(most=100)
    for _ in range(1000):
        transcript.feed(OUT, b"x" * 1000)
    assert transcript.phase is Phase.OVERFLOWN
    assert transcript.output == (b"x" * 100, b"", True)


def test_an_answer_without_end_is_bounded() -> None:
    """Code that has found the nonce cannot fill the Host's memory with it."""
    transcript = running()
    transcript.feed(OUT, NONCE.encode() + b"code 0\n\n")
    for _ in range(1000):
        transcript.feed(OUT, b"x" * 1000)
    assert transcript.phase is Phase.COMPLETE
    assert len(transcript.answer) < 300_000


def test_a_stream_that_ends_without_an_answer_is_broken() -> None:
    """As when the whole container is killed."""
    transcript = running()
    transcript.feed(OUT, b"so far")
    transcript.end()
    assert transcript.phase is Phase.BROKEN
    assert transcript.output == (b"so far", b"", False)


def test_a_sandbox_that_writes_before_its_job_is_of_no_use() -> None:
    """Nobody has asked it for anything."""
    transcript = Transcript()
    transcript.feed(OUT, READY)
    transcript.feed(OUT, b"?")
    assert transcript.phase is Phase.BROKEN


def test_last_words_tell_why_a_sandbox_never_became_ready() -> None:
    """Standard error first."""
    transcript = Transcript()
    transcript.feed(ERR, b"python3: not found\n")
    transcript.end()
    assert transcript.last_words == "python3: not found"


async def test_whoever_waits_for_a_phase_is_woken() -> None:
    """By the frame that brings it about."""
    transcript = running()
    waiting = asyncio.create_task(transcript.until_not(Phase.RUNNING))
    await asyncio.sleep(0)
    transcript.feed(OUT, ANSWER)
    assert await waiting is Phase.ANSWERING


def test_a_job_is_said_to_python_as_a_literal_and_bytes() -> None:
    """The nonce comes last: the code is forked before it is read."""
    job = SandboxJob("print()", files={"d/ü": b"\x00\xff"}, stdin="in", args=["a'b"], env={"A": "1"}, collect=["."])
    said = for_python(job, NONCE, syntax_only=False)
    size = int.from_bytes(said[:8], "big")
    head = ast.literal_eval(said[8 : 8 + size].decode())
    assert head["files"] == [("main.py", 7), ("d/ü", 2)]
    assert head["argv"] == ["a'b"]
    assert NONCE not in str(head)
    assert said[8 + size :] == b"print()\x00\xffin" + NONCE.encode()


def test_a_job_is_said_to_a_shell_as_an_archive() -> None:
    """Words with quotes and spaces stay words."""
    job = SandboxJob(
        command=["echo", "it's", "a b"], image="busybox", env={"A": "x y"}, files={"f": b"1"}, collect=["o p"]
    )
    line, _, packed = for_shell(job, NONCE).partition(b"\n")
    assert line == f"{len(packed)} {NONCE}".encode()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        texts = {it.name: archive.extractfile(it).read().decode() for it in archive}
    assert texts["f"] == "1"
    assert texts[f".hershy-{NONCE}/command"] == "export 'A=x y'\nexec echo 'it'\"'\"'s' 'a b'"
    assert texts[f".hershy-{NONCE}/collect"] == "'o p'"


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_an_answer_tells_of_an_uncaught_exception() -> None:
    """Its texts are encoded, so that none of them can end a line."""
    fields = " ".join(it.encode().hex() for it in ("run", "ValueError", "a\nb", "main.py"))
    answer = read_answer(f"code 1\nrss 10\nerror {fields} 7\nleft {b'big'.hex()}\n\n".encode(), ())
    assert (answer.error_type, answer.error_message, answer.error_file, answer.error_line) == (
        "ValueError",
        "a\nb",
        "main.py",
        7,
    )
    assert answer.left_out == ("big",)
    assert answer.peak_rss_bytes == 10_240


def test_only_files_that_were_asked_for_are_taken_from_an_answer() -> None:
    """Whatever an archive holds that the code may have forged: nothing above the folder, nothing absolute."""
    archive = packed(**{"out/a": b"1", "other": b"2", "../x": b"3", "/etc/y": b"4", "out/../../z": b"5"})
    assert read_answer(b"code 0\n\n" + archive, ["out"]).files == {"out/a": b"1"}


def test_links_in_an_answer_are_left_aside() -> None:
    """A result holds contents, and nothing that would be looked up on the caller's machine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo(f"link-{kind!r}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert read_answer(b"code 0\n\n" + buffer.getvalue(), ["."]).files == {}


def test_an_archive_that_breaks_off_gives_what_is_whole() -> None:
    """As when collecting takes too long."""
    archive = packed(a=b"1", b=b"x" * 5000)
    assert read_answer(b"code 0\n\n" + archive[:3000], ["."]).files["a"] == b"1"


@given(said=st.binary(max_size=300))
def test_no_forged_answer_raises_anything_unforeseen(said: bytes) -> None:
    """ValueError and LookupError are what the verdict expects of it."""
    with contextlib.suppress(ValueError, LookupError):
        read_answer(b"code 0\n" + said, ["."])


def account_of(shape: Shape = SHAPE) -> dict[str, object]:
    config = create_config(shape, FACTS, ENCLOSURE)
    host = config.pop("HostConfig")
    ulimits = [{"Name": it["Name"], "Hard": it["Hard"], "Soft": it["Soft"]} for it in host["Ulimits"]]
    return {
        "Config": config,
        "HostConfig": {**host, "Ulimits": ulimits, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]},
        "Mounts": [{"Type": "tmpfs", "Destination": "/data", "RW": False}],
        "NetworkSettings": {"Networks": {"none": {}}},
    }


def test_a_sandbox_as_it_was_asked_for_keeps_the_contract() -> None:
    """The readback finds nothing."""
    assert differences(account_of(), SHAPE, FACTS, ENCLOSURE) == []


LOOSENED = [
    ("HostConfig.NetworkMode", "bridge"),
    ("HostConfig.ReadonlyRootfs", False),
    ("HostConfig.CapDrop", []),
    ("HostConfig.SecurityOpt", ["seccomp=unconfined"]),
    ("HostConfig.IpcMode", "host"),
    ("HostConfig.CgroupnsMode", "host"),
    ("HostConfig.Memory", 0),
    ("HostConfig.MemorySwap", -1),
    ("HostConfig.NanoCpus", 0),
    ("HostConfig.PidsLimit", 0),
    ("HostConfig.Ulimits", []),
    ("HostConfig.Runtime", "runc"),
    ("HostConfig.Tmpfs", {"/work": "rw"}),
    ("HostConfig.Init", True),
    ("HostConfig.PortBindings", {"80/tcp": [{}]}),
    ("HostConfig.LogConfig", {"Type": "json-file"}),
    ("HostConfig.RestartPolicy", {"Name": "always"}),
    ("HostConfig.MaskedPaths", []),
    ("HostConfig.ReadonlyPaths", None),
    ("Config.User", "0:0"),
    ("Config.Entrypoint", ["sh"]),
    ("Config.Cmd", ["x"]),
    ("Config.StdinOnce", False),
    ("Config.Labels", {}),
    ("Mounts", []),
    ("Mounts", [{"Type": "bind", "Destination": "/data", "RW": True}]),
    ("NetworkSettings.Networks", {"bridge": {}}),
    *((f"HostConfig.{name}", ["x"]) for name in NOTHING_OF if name != "Tmpfs"),
]


@pytest.mark.parametrize(("field", "value"), LOOSENED, ids=[f"{it[0]}-{index}" for index, it in enumerate(LOOSENED)])
def test_every_loosened_field_is_found(field: str, value: object) -> None:
    """By its name, as the engine's API has it."""
    account = account_of()
    *parents, name = field.split(".")
    node: dict[str, object] = account
    for parent in parents:
        node = node[parent]  # type: ignore[assignment]
    node[name] = value
    assert any(it.field.startswith(field) for it in differences(account, SHAPE, FACTS, ENCLOSURE))


def test_shapes_differ_by_what_is_settled_when_a_container_is_made() -> None:
    """Not by what the Host itself enforces."""
    usual = Shape.of(SandboxJob("1"), "python:3.12")
    assert usual == Shape.of(SandboxJob("2", limits=SandboxLimits(output_bytes=5)), "python:3.12")
    for change in ({"memory_bytes": 2**26}, {"cpus": 0.5}, {"pids": 5}, {"open_files": 99}, {"work_bytes": 2**20}):
        assert usual != Shape.of(SandboxJob("1", limits=SandboxLimits(**change)), "python:3.12")


def test_only_a_command_of_another_image_does_without_python() -> None:
    """Its bootstrap is a shell's."""
    python, other = "python:3.12", "busybox"
    assert Shape.of(SandboxJob("1", image=other), python).bootstrap is Bootstrap.PYTHON
    assert Shape.of(SandboxJob(command=["x"]), python).bootstrap is Bootstrap.PYTHON
    assert Shape.of(SandboxJob(command=["x"], image=other), python).bootstrap is Bootstrap.SHELL


def test_a_lease_is_abandoned_when_its_holder_has_died(tmp_path: Path) -> None:
    """Then, and not before; and found once."""
    dead, alive, finder = (OwnerLock(tmp_path, "engine") for _ in range(3))
    dead.abandon()  # what the kernel does for a process that dies
    with finder.abandoned() as owners:
        assert owners == [dead.owner]
    with finder.abandoned() as owners:
        assert owners == []
    alive.release()
    finder.release()
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_what_could_not_be_reaped_is_found_again(tmp_path: Path) -> None:
    """A lease is forgotten only when its containers are gone."""
    dead, finder = OwnerLock(tmp_path, "engine"), OwnerLock(tmp_path, "engine")
    dead.abandon()
    with pytest.raises(RuntimeError), finder.abandoned() as owners:
        raise RuntimeError(owners)
    with finder.abandoned() as owners:
        assert owners == [dead.owner]
    finder.release()


def test_leases_of_another_engine_are_left_alone(tmp_path: Path) -> None:
    """Their containers could not be found here."""
    dead, finder = OwnerLock(tmp_path, "another"), OwnerLock(tmp_path, "engine")
    dead.abandon()
    with finder.abandoned() as owners:
        assert owners == []
    finder.release()


def test_releasing_twice_is_no_error(tmp_path: Path) -> None:
    """Closing is idempotent everywhere."""
    lease = OwnerLock(tmp_path, "engine")
    lease.release()
    lease.release()


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path: Path) -> None:
    """It names the setting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="HERSHY_STORAGE_ROOT"):
        OwnerLock(tmp_path / "file", "engine")


def test_the_bootstraps_refuse_to_run_outside_of_a_container() -> None:
    """They kill every process they see."""
    assert "os.getpid() != 1" in Bootstrap.PYTHON.argv[-1]
    assert "[ $$ = 1 ] || exit" in Bootstrap.SHELL.argv[-1]


def test_an_answer_is_frozen() -> None:
    """It is handed on as it was read."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Answer(0).code = 1  # type: ignore[misc]
