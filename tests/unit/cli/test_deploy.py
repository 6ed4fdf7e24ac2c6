"""deploy: what it sends, what it shows while it waits, and how it ends."""

import asyncio
import getpass
from pathlib import Path

import httpx
import pytest

from hershy.cli import deploy as deploy_module
from hershy.cli import output
from hershy.client import _resuming

from .conftest import ID, PROGRAM, FakeHost, Hershy, build_event, state_event

START = f"POST /programs/{ID}/start"
EVENTS = f"GET /programs/{ID}/events"
SHOW = f"GET /programs/{ID}"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    (tmp_path / "main.py").write_text("pass\n")
    return tmp_path


def test_deploy_registers_and_starts_and_prints_id_and_url(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """The id on the first line, the URL on the second."""
    assert hershy("deploy", str(directory), "--user", "alice") == 0
    assert hershy.out == f"{ID}\nhttp://localhost:19001\n"
    assert host.asked == ["POST /programs", START]
    assert host.bodies[0]["user_id"] == "alice"
    assert host.bodies[0]["dockerfile"] == "FROM x\n"
    assert host.bodies[0]["src_files"] == {"main.py": "pass\n"}


def test_deploy_sends_every_option(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """Values may hold '='; options repeat."""
    options = ["--build-arg", "BASE=a", "--env", "K=V=W", "--env", "E=", "--label", "team=a", "--restart", "always"]
    assert hershy("deploy", str(directory), "--no-start", *options) == 0
    assert host.asked == ["POST /programs"]
    body = host.bodies[0]
    assert body["build_args"] == {"BASE": "a"}
    assert body["env"] == {"K": "V=W", "E": ""}
    assert (body["labels"], body["restart_policy"]) == ({"team": "a"}, "always")
    assert body.keys().isdisjoint({"resources", "health_check", "ttl_s", "idle_timeout_s", "egress"}), (
        "left to the Host"
    )
    how = ["--memory", "512m", "--cpus", "0.5", "--pids", "64", "--health", "--ttl", "1h30m", "--idle-timeout", "90s"]
    how += ["--egress", "none", "--state-size", "100m", "--state-entries", "500", "--scratch", "8m"]
    assert hershy("deploy", str(directory), "--no-start", *how) == 0
    body = host.bodies[1]
    sizes = {
        "memory_bytes": 512 * 1024 * 1024,
        "state_bytes": 100 * 1024 * 1024,
        "state_entries": 500,
        "scratch_bytes": 8 * 1024 * 1024,
    }
    assert body["resources"] == {**sizes, "cpus": 0.5, "pids": 64}
    assert (body["health_check"], body["ttl_s"], body["idle_timeout_s"]) == (True, 5400, 90)
    assert body["egress"] == "none"
    assert hershy("deploy", str(directory), "--no-start", "--health-path", "/ping", "--memory", "1G") == 0
    assert host.bodies[2]["health_check"] == {"path": "/ping"}
    assert host.bodies[2]["resources"] == {"memory_bytes": 1024 * 1024 * 1024}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--memory", it) for it in ("much", "5t", "", "m")),
        *(("--ttl", it) for it in ("soon", "5", "", "1h 30m", "-1h")),
        ("--idle-timeout", "1y"),
        ("--restart", "sometimes"),
        ("--egress", "some"),
        ("--label", "team"),
    ],
)
def test_a_wrong_value_is_exit_2(hershy: Hershy, host: FakeHost, directory: Path, option: str, value: str) -> None:
    """Named with its option; nothing is registered."""
    assert hershy("deploy", str(directory), option, value) == 2
    assert option in hershy.err
    assert host.asked == []


@pytest.mark.parametrize(
    ("name", "user"),
    [("alice", "alice"), ("DOM\\al ice", "DOM-al-ice"), ("_svc_", "svc"), ("??", "user"), ("x" * 80, "x" * 63)],
)
def test_the_user_defaults_to_the_system_s_made_valid(monkeypatch: pytest.MonkeyPatch, name: str, user: str) -> None:
    """A UserID allows less than user names do."""
    monkeypatch.setattr(getpass, "getuser", lambda: name)
    assert deploy_module._user_name() == user


def test_a_user_without_a_name_deploys_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A uid may have no entry in the user database."""

    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert deploy_module._user_name() == "user"


def test_wait_listens_before_it_starts_and_shows_everything(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """Nothing can be missed between start and subscription; progress is on stderr, the result on stdout.

    The URL is the one it has by then: a held port has been exchanged.
    """
    host.events = [state_event("Building"), build_event("Step 1/1 : FROM x"), state_event("Ready")]
    host.answers[SHOW] = PROGRAM | {"state": "Ready", "proxy_url": "http://localhost:19007"}
    assert hershy("deploy", str(directory), "--wait") == 0
    assert host.asked == ["POST /programs", EVENTS, START, SHOW]
    assert hershy.out == f"{ID}\nhttp://localhost:19007\n"
    building, step, ready = hershy.err.splitlines()
    assert building.endswith("s  Building")
    assert step == "          | Step 1/1 : FROM x"
    assert ready.endswith("s  Ready")


def test_wait_json_prints_one_document(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """The program as it is once Ready."""
    host.events = [state_event("Ready")]
    assert hershy("deploy", str(directory), "--wait", "--json") == 0
    assert hershy.document["state"] == "Ready"
    assert host.asked[-1] == SHOW


@pytest.mark.parametrize("state", ["Error", "Stopped"])
def test_a_program_that_does_not_become_ready_is_exit_1(
    hershy: Hershy, host: FakeHost, directory: Path, state: str
) -> None:
    """With the program's error on stderr, and its document on stdout when asked for."""
    host.events = [state_event("Building"), state_event(state, "the build broke")]
    assert hershy("deploy", str(directory), "--wait") == 1
    assert hershy.err.endswith(f"hershy: program {ID} is {state}: the build broke\n")
    assert hershy.out == ""
    host.started.clear()
    host.answers[SHOW] = PROGRAM | {"state": state}
    assert hershy("deploy", str(directory), "--wait", "--json") == 1
    assert hershy.document["state"] == state


def test_a_wait_that_takes_too_long_is_exit_1_and_names_the_remedy(
    hershy: Hershy, host: FakeHost, directory: Path
) -> None:
    """The program goes on; the message says how to stop it."""
    host.events, host.stays_open = [state_event("Building")], True
    assert hershy("deploy", str(directory), "--wait", "--timeout", "0.05") == 1
    assert f"did not become Ready within 0.05 s; it goes on\n  -> to stop it: hershy stop {ID}\n" in hershy.err


def test_ctrl_c_while_waiting_says_that_the_program_goes_on(
    hershy: Hershy, host: FakeHost, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 130 and how to stop it."""

    def interrupt(main: object) -> None:
        main.close()  # type: ignore[attr-defined]
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupt)
    assert hershy("deploy", str(directory), "--wait") == 130
    assert hershy.err == f"no longer waiting; {ID} goes on. To stop it: hershy stop {ID}\n"


def test_events_that_were_lost_are_made_up_for(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """Ready may have been among them: a new stream begins with the present state."""
    host.events = ['event: lost\ndata: {"count": 3}\n\n', build_event("never read")]
    assert hershy("deploy", str(directory), "--wait", "--json") == 0
    assert host.asked.count(EVENTS) == 2
    assert "3 lines were dropped" in hershy.err


def test_a_host_started_anew_while_waited_for(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """The end of the stream is not the end of the program: the next Host tells the rest."""
    host.events = [state_event("Building")]
    assert hershy("deploy", str(directory), "--wait") == 0
    assert host.asked.count(EVENTS) == 2
    assert hershy.err.endswith("Ready\n")


def test_a_host_that_stays_away_while_waited_for_is_exit_1(
    hershy: Hershy, host: FakeHost, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it has been tried often enough."""
    monkeypatch.setattr(_resuming, "FIRST_DELAY_S", 0)
    host.events = [state_event("Building")]
    answer = host.__call__

    def gone(request: httpx.Request) -> httpx.Response:
        if EVENTS in host.asked and request.url.path.endswith("/events"):
            raise httpx.ConnectError("connection refused")
        return answer(request)

    hershy.host = gone  # type: ignore[assignment]
    assert hershy("deploy", str(directory), "--wait") == 1
    assert "no Host answers" in hershy.err


@pytest.mark.parametrize(
    "options", [("--no-start", "--wait"), ("--env", "=x"), ("--restart", "perhaps"), ("--timeout", "-1")]
)
def test_wrong_options_are_exit_2(hershy: Hershy, host: FakeHost, directory: Path, options: tuple[str, ...]) -> None:
    """Nothing was registered."""
    assert hershy("deploy", str(directory), *options) == 2
    assert host.asked == []


def test_a_refused_program_is_exit_1(hershy: Hershy, host: FakeHost, directory: Path) -> None:
    """The Host's message reaches the user."""
    host.refusals["POST /programs"] = (413, "the body is larger than 16 MiB")
    assert hershy("deploy", str(directory)) == 1
    assert hershy.err == "hershy: the body is larger than 16 MiB\n"


def test_results_are_json_or_an_error() -> None:
    """A value that JSON cannot carry is a bug and says so."""
    with pytest.raises(TypeError, match="PosixPath has no form in JSON"):
        output.document({"path": Path("/")})
