"""What is read from the engine: log frames, exits, errors, findings."""

from collections.abc import Set
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiodocker.exceptions import DockerError
from hypothesis import given
from hypothesis import strategies as st

from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, OwnerID
from hershy.errors import (
    AlreadyExists,
    ContainerNotFound,
    ContractViolation,
    EngineUnavailable,
    HershyError,
    ImageNotFound,
    PortHeld,
    RuntimeFailure,
)
from hershy.programs.ports.runtime import LogStream
from hershy_adapters.docker._container import exits as _exits
from hershy_adapters.docker._container.exits import exit_reason
from hershy_adapters.docker._container.kernel_log import was_killed_for_memory
from hershy_adapters.docker._diagnosis import findings
from hershy_adapters.docker._errors import translate, translated
from hershy_adapters.docker._network.bridge import INTER_CONTAINER, require_isolation
from hershy_adapters.docker._output.log_decoder import MAX_LINE_BYTES, LogDecoder
from hershy_adapters.docker._output.moments import for_engine, nanoseconds
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

STAMP = b"2026-11-20T16:23:25.788727749Z"
AT = datetime(2026, 11, 20, 16, 23, 25, 788727, tzinfo=UTC)


def frame(text: bytes, stream: int = 1, stamp: bytes = STAMP) -> bytes:
    data = stamp + b" " + text
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def test_frames_become_lines() -> None:
    """Each frame has its stream, its time and its text."""
    out, err = LogDecoder().feed(frame(b"one\n") + frame(b"two \xff\n", stream=2))
    assert (out.at, out.stream, out.text) == (AT, LogStream.STDOUT, "one")
    assert (err.stream, err.text) == (LogStream.STDERR, "two \N{REPLACEMENT CHARACTER}")


@given(st.lists(st.integers(1, 40), max_size=20))
def test_any_cut_of_the_stream_gives_the_same_lines(cuts: list[int]) -> None:
    """Where the connection cuts the stream does not matter."""
    data = frame(b"one\n") + frame(b"par", 2) + frame(b"two\n") + frame(b"tial\n", 2)
    decoder, texts = LogDecoder(), []
    for size in cuts:
        piece, data = data[:size], data[size:]
        texts += [line.text for line in decoder.feed(piece)]
    texts += [line.text for line in decoder.feed(data)]
    assert texts == ["one", "two", "partial"]
    assert decoder.rest() == []


def test_long_lines_are_joined_and_cut() -> None:
    """The parts of a long line make one line, as long as the bound at most, with the time of its first part."""
    decoder = LogDecoder()
    part = b"x" * 16384
    assert not decoder.feed(b"".join(frame(part) for _ in range(5)))
    (line,) = decoder.feed(frame(b"end\n", stamp=b"2026-11-20T16:23:26.000000000Z"))
    assert (len(line.text), line.at) == (MAX_LINE_BYTES, AT)
    (following,) = decoder.feed(frame(b"next\n"))
    assert following.text == "next"


def test_a_cut_within_a_character() -> None:
    """The mark stands where the last whole character ends."""
    (line,) = LogDecoder().feed(frame(b"a" + "\N{EURO SIGN}".encode() * MAX_LINE_BYTES + b"\n"))
    assert line.text.endswith("\N{EURO SIGN}\N{HORIZONTAL ELLIPSIS}")
    assert "\N{REPLACEMENT CHARACTER}" not in line.text


def test_lines_that_were_read_before_do_not_come_again() -> None:
    """By stream, and by the time at which a line began."""
    decoder = LogDecoder(after={LogStream.STDOUT: nanoseconds(AT) + 727})
    later = b"2026-11-20T16:23:26.000000000Z"
    fed = frame(b"old\n", stamp=b"2026-11-20T16:23:25.788727727Z") + frame(b"err\n", 2) + frame(b"new\n", stamp=later)
    assert [line.text for line in decoder.feed(fed)] == ["err", "new"]
    assert set(decoder.latest) == {LogStream.STDOUT, LogStream.STDERR}


def test_unfinished_line_comes_at_the_end() -> None:
    """What a program wrote without a line end is not lost."""
    decoder = LogDecoder()
    assert not decoder.feed(frame(b"last words"))
    assert [line.text for line in decoder.rest()] == ["last words"]


@pytest.mark.parametrize("data", [b"HTTP/1.1 500 no", frame(b"x")[:4] + b"\xff" * 4, frame(b"x\n", stamp=b"yesterday")])
def test_what_is_no_log_stream(data: bytes) -> None:
    """Bytes that are no log stream give an error, not memory without end."""
    with pytest.raises(RuntimeFailure, match="log stream"):
        LogDecoder().feed(data)


def test_moments_for_the_engine() -> None:
    """``since`` is exact, and so is the time of each stream's newest line."""
    assert for_engine(nanoseconds(AT)) == "1795191805.788727000"
    decoder = LogDecoder()
    decoder.feed(frame(b"x\n") + frame(b"y\n", 2, b"2026-11-20T16:23:25.7Z"))
    assert for_engine(decoder.latest[LogStream.STDOUT]) == "1795191805.788727749"
    assert for_engine(decoder.latest[LogStream.STDERR]) == "1795191805.700000000"
    decoder.feed(frame(b"z\n", stamp=b"2026-11-20T17:23:26+01:00"))
    assert for_engine(decoder.latest[LogStream.STDOUT]) == "1795191806.000000000"


def test_lines_of_an_earlier_time_are_left_out() -> None:
    """The moment itself is included, to the microsecond that callers see; what is older is not, wherever it stands."""
    decoder = LogDecoder(nanoseconds(AT))
    older = b"2026-11-20T16:23:25.788726999Z"
    lines = decoder.feed(frame(b"one\n") + frame(b"older\n", 2, older) + frame(b"ol", 2, older) + frame(b"two\n"))
    assert [line.text for line in lines] == ["one", "two"]
    assert decoder.feed(frame(b"der\n", 2)) == []


def test_end_that_the_engine_explains() -> None:
    """What came before the engine's error is given, and the error kept; nothing follows it."""
    error = b"Error grabbing logs: it broke"
    decoder = LogDecoder()
    lines = decoder.feed(frame(b"one\n") + bytes([3, 0, 0, 0]) + len(error).to_bytes(4, "big") + error)
    assert [line.text for line in lines] == ["one"]
    assert decoder.engine_error == error.decode()


RUNC = DockerRuntime.policy("runc", OwnerID("a" * 16), "hershy").killed_codes
RUNSC = GVisorRuntime.policy("runsc", OwnerID("a" * 16), "hershy").killed_codes


@pytest.mark.parametrize(
    ("state", "killed_codes", "reason"),
    [
        ({"Status": "running", "Running": True}, RUNC, None),
        ({"Status": "created", "ExitCode": 128}, RUNC, None),
        ({"Status": "exited", "ExitCode": 0}, RUNC, ExitReason(ExitKind.CODE, 0)),
        ({"Status": "exited", "ExitCode": 0, "OOMKilled": True}, RUNC, ExitReason(ExitKind.CODE, 0)),
        ({"Status": "exited", "ExitCode": 0, "OOMKilled": True}, RUNSC, ExitReason(ExitKind.CODE, 0)),
        ({"Status": "exited", "ExitCode": 3, "OOMKilled": True}, RUNSC, ExitReason(ExitKind.CODE, 3)),
        ({"Status": "exited", "ExitCode": 1, "OOMKilled": True}, RUNC, ExitReason(ExitKind.CODE, 1)),
        ({"Status": "exited", "ExitCode": 1, "OOMKilled": True}, RUNSC, ExitReason(ExitKind.OUT_OF_MEMORY, 1)),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, RUNC, ExitReason(ExitKind.OUT_OF_MEMORY, 137)),
        ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, RUNSC, ExitReason(ExitKind.OUT_OF_MEMORY, 137)),
        ({"Status": "exited", "ExitCode": 137}, RUNC, ExitReason(ExitKind.SIGNAL, 137)),
        ({"Status": "exited", "ExitCode": 1}, RUNSC, ExitReason(ExitKind.CODE, 1)),
        ({"Status": "exited", "ExitCode": 143}, RUNC, ExitReason(ExitKind.SIGNAL, 143)),
        ({"Status": "removing", "ExitCode": 137, "Dead": True}, RUNC, ExitReason(ExitKind.ENGINE_LOST)),
    ],
)
async def test_exit_reasons(state: dict[str, Any], killed_codes: Set[int], reason: ExitReason | None) -> None:
    """The engine's account of an exit becomes a typed reason; a child killed for its memory is not the program."""
    assert await exit_reason({"Id": "1" * 64, "State": state}, killed_codes) == reason


KILL = (
    "6,54443,13316409767,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset={id},mems_allowed=0,"
    "oom_memcg=/docker/{id},task_memcg=/docker/{id},task=python3,pid=16533,uid=65532\n"
)


async def test_kill_that_the_engine_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's log tells of a kill in this container, and of this container only."""
    log = tmp_path / "kmsg"
    log.write_text("6,1,1,-;eth0: renamed\n" + KILL.format(id="1" * 64))
    assert was_killed_for_memory(ContainerID("1" * 64), log)
    assert not was_killed_for_memory(ContainerID("2" * 64), log)
    assert not was_killed_for_memory(ContainerID("1" * 64), tmp_path / "no such log")
    monkeypatch.setattr(_exits, "was_killed_for_memory", lambda container_id: container_id == ContainerID("1" * 64))
    for code, number, kind in (
        (137, "1", ExitKind.OUT_OF_MEMORY),
        (137, "2", ExitKind.SIGNAL),
        (3, "1", ExitKind.CODE),
    ):
        account = {"Id": number * 64, "State": {"Status": "exited", "ExitCode": code}}
        assert await exit_reason(account, RUNC) == ExitReason(kind, code)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (900, "Cannot connect to Docker Engine", EngineUnavailable),
        (404, "No such container: abc", ContainerNotFound),
        (404, "No such image: sha256:1", ImageNotFound),
        (404, "network hershy not found", RuntimeFailure),
        (409, "can not get logs from container which is dead or marked for removal", ContainerNotFound),
        (409, 'Conflict. The container name "/x" is already in use by container "y"', AlreadyExists),
        (500, "driver failed: Bind for 127.0.0.1:19001 failed: port is already allocated", PortHeld),
        (500, "userland proxy: listen tcp4 127.0.0.1:19001: bind: address already in use", PortHeld),
        (500, "listen tcp 127.0.0.1:19001: bind: permission denied", RuntimeFailure),
    ],
)
def test_errors_of_the_engine(status: int, message: str, error: type[HershyError]) -> None:
    """The engine's words become the one error that fits, naming what was attempted."""
    translation = translate(DockerError(status, message), "starting", "abc")
    assert type(translation) is error
    if isinstance(translation, PortHeld):
        assert translation.port == 19001


def test_cause_is_kept() -> None:
    """A translated error still has the engine's own."""
    original = DockerError(500, "boom")
    with pytest.raises(RuntimeFailure, match="starting abc: boom") as caught, translated("starting", "abc"):
        raise original
    assert caught.value.__cause__ is original


GOOD_INFO: dict[str, Any] = {
    "ServerVersion": "26.1",
    "Runtimes": {"runc": {}, "runsc": {}},
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
}


@pytest.mark.parametrize(
    ("change", "name", "required"),
    [
        ({"Runtimes": {"runc": {}}}, "runtime runsc", True),
        ({"SecurityOptions": []}, "seccomp", True),
        ({"SwapLimit": False}, "resource limits", False),
    ],
)
def test_findings(change: dict[str, Any], name: str, required: bool) -> None:
    """What is missing is named, with a remedy; the rest is well."""
    assert all(finding.ok for finding in findings(GOOD_INFO, "runsc", "mend it"))
    missing = [it for it in findings(GOOD_INFO | change, "runsc", "mend it") if not it.ok]
    assert [(finding.name, finding.required) for finding in missing] == [(name, required)]
    assert missing[0].remedy


def test_an_engine_without_a_profile_of_its_own_will_do() -> None:
    """Every container brings hershy's; the engine need only be able to apply it."""
    unconfined = {"SecurityOptions": ["name=seccomp,profile=unconfined"]}
    assert all(finding.ok for finding in findings(GOOD_INFO | unconfined, "runsc", "mend it"))


@pytest.mark.parametrize(
    "network",
    [
        {},
        {"Driver": "bridge", "Internal": False, "Options": {}},
        {"Driver": "bridge", "Internal": False, "Options": {INTER_CONTAINER: "true"}},
        {"Driver": "macvlan", "Internal": False, "Options": {INTER_CONTAINER: "false"}},
    ],
)
def test_network_that_does_not_isolate(network: dict[str, Any]) -> None:
    """A network of our name that lets programs reach each other is refused, with what to do."""
    with pytest.raises(ContractViolation, match="docker network rm hershy"):
        require_isolation("hershy", network)
