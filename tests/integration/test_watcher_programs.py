"""The example programs on real Hosts: twelve containers at once, six under runc and six under gVisor."""

import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import docker
import httpx
import pytest

from hershy.builds.directory import read_directory
from hershy.client import Client, ExitInfo, ProgramInfo

from .host_process import HostProcess, serving

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
WATCHER_IMAGE = "hershy-base-watcher:local"
PATIENCE = timedelta(seconds=120)
PATIENCE_S = PATIENCE.total_seconds()
FLEET = ("simple_counter", "watcher_server", "trading_long", "counter_a", "counter_b", "counter_c")
ENVIRONMENT = {"trading_long": {"SPEED": "600"}, "watcher_server": {"DURATION": "100000"}}

COUNTS = {"varSigCount", "userSigCount", "watcherSigCount", "totalPending", "recentSignals", "timestamp"}
LOGS = {"effectLogs", "reduceLogs", "watchErrorLogs", "contextLogs", "stateFaultLogs"}
FIELDS_OF_ENDPOINTS = {
    "status": {"state", "isRunning", "watcherID", "uptime", "lastUpdate"},
    "state": {"currentState", "previousState"},
    "logs": LOGS,
    "logs?type=effect&limit=3": LOGS,
    "signals": COUNTS,
    "watching": {"watchedVars", "count", "timestamp"},
    "memoCache": {"entries", "count", "timestamp"},
    "varState": {"variables", "count", "timestamp"},
    "config": {"config", "timestamp"},
}
WATCHED = {
    "simple_counter": {"tick"},
    "watcher_server": {"tick"},
    "trading_long": {"btc_price", "eth_price", "report"},
}
ANSWERS = {
    ("help", "h"): "COMMANDS\n",
    ("status", "s"): "STATUS\n",
    ("stats", "st"): "STATISTICS\n",
    ("detailed", "d"): "STATISTICS\n",
    ("portfolio", "p"): "PORTFOLIO at 2025-",
    ("trades", "t"): "TRADES: the last ",
    ("trades20", "t20"): "TRADES: the last ",
    ("trades50", "t50"): "TRADES: the last ",
    ("pause", "pa"): "trading is paused",
    ("resume", "re"): "trading ",
    ("rebalance", "r"): "rebalanced",
    ("prices", "pr"): "PRICES\n",
}


@pytest.fixture(scope="module")
def watcher_image() -> str:
    """An image with ``hershy.watcher`` of this checkout, made when that has changed."""
    subprocess.run([ROOT / "scripts" / "watcher-image.sh"], check=True, timeout=600)
    return WATCHER_IMAGE


@dataclass
class Fleet:
    """Example programs on one Host, by name."""

    runtime: str
    host: HostProcess
    client: Client
    image: str
    ids: dict[str, str] = field(default_factory=dict)

    def begin(self, name: str, example: str, environment: Mapping[str, str]) -> str:
        """Start an example, each time as another build, so that no test meets the image of another run."""
        sources = read_directory(EXAMPLES / example)
        program = self.client.create_program(
            f"fleet-{self.runtime}",
            sources.dockerfile,
            {**sources.src_files, "nonce.txt": secrets.token_hex(8)},
            build_args={"BASE": self.image},
            env=environment,
        )
        self.ids[name] = program.program_id
        self.client.start(program.program_id)
        return program.program_id

    def ready(self, name: str) -> ProgramInfo:
        return self.client.wait_for(self.ids[name], "Ready", PATIENCE)

    def logs(self, name: str) -> str:
        return self.client.logs(self.ids[name], tail=2000).logs

    def await_log(self, name: str, text: str) -> None:
        until(lambda: text in self.logs(name), lambda: f"{text!r} in the log:\n{self.logs(name)[-3000:]}")

    def state_file(self, name: str, file: str) -> str:
        path = self.host.storage / self.ids[name] / "state" / file
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def stop(self, name: str) -> ProgramInfo:
        self.client.stop(self.ids[name])
        return self.client.wait_for(self.ids[name], "Stopped", PATIENCE)


def until(holds: Callable[[], bool], what: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {PATIENCE_S} s: {what()}")
        time.sleep(0.1)  # a container's files and logs can only be looked at again


@pytest.fixture(scope="module")
def fleets(watcher_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Fleet]]:
    """Both fleets, which run at the same time."""
    with ExitStack() as stack:
        fleets = {}
        for runtime in ("runc", "runsc"):
            storage = tmp_path_factory.mktemp(runtime) / "storage"
            host = stack.enter_context(serving(runtime, storage))
            client = stack.enter_context(Client(host.url, timeout=timedelta(seconds=30)))
            fleets[runtime] = Fleet(runtime, host, client, watcher_image)
        for fleet in fleets.values():
            for name in FLEET:
                example = "simple_counter" if name.startswith("counter_") else name
                fleet.begin(name, example, ENVIRONMENT.get(name, {}))
        yield fleets
        for fleet in fleets.values():
            for program_id in fleet.ids.values():
                fleet.client.delete(program_id)


@pytest.fixture(params=["runc", "runsc"])
def fleet(request: pytest.FixtureRequest, fleets: dict[str, Fleet]) -> Fleet:
    return fleets[str(request.param)]


def test_six_programs_are_ready_at_once(fleet: Fleet, engine: docker.DockerClient) -> None:
    """Each in a container of the runtime that was asked for."""
    for program in [fleet.ready(name) for name in FLEET]:
        assert engine.api.inspect_container(program.container_id)["HostConfig"]["Runtime"] == fleet.runtime
    states = {program.program_id: program.state for program in fleet.client.list()}
    assert [states[fleet.ids[name]] for name in FLEET] == ["Ready"] * 6


def test_every_program_has_a_port_of_its_own(fleets: dict[str, Fleet]) -> None:
    """Also beside those of another Host on the same machine, and its own Watcher answers there."""
    programs = {(fleet.runtime, name): fleet.ready(name) for fleet in fleets.values() for name in FLEET}
    urls = [program.proxy_url for program in programs.values()]
    assert len(set(urls)) == len(urls) == 12
    watchers = {httpx.get(f"{url}/watcher/status", timeout=30).json()["watcherID"] for url in urls}
    assert len(watchers) == 12


@pytest.mark.parametrize("name", WATCHED)
def test_every_endpoint_of_the_watcher_api(fleet: Fleet, name: str) -> None:
    """Directly, and through the Host's proxy, with the fields of the contract."""
    proxy_url = fleet.ready(name).proxy_url
    for base in (proxy_url, f"{fleet.host.url}/programs/{fleet.ids[name]}/proxy"):
        with httpx.Client(base_url=f"{base}/watcher/", timeout=30) as http:
            for endpoint, fields in FIELDS_OF_ENDPOINTS.items():
                answer = http.get(endpoint)
                assert answer.status_code == 200, f"{endpoint}: {answer.text}"
                assert fields <= answer.json().keys(), endpoint
            assert http.get("status").json()["isRunning"] is True
            assert set(http.get("watching").json()["watchedVars"]) == WATCHED[name]
            assert http.get("config").json()["config"].keys() >= {
                "serverPort",
                "signalChanCapacity",
                "maxLogEntries",
                "maxMemoEntries",
            }
            assert http.get("vars").status_code == 200
            assert http.get("logs", params={"type": "nonsense"}).status_code == 400
            empty = http.post("message", json={"content": ""})
            assert (empty.status_code, empty.json()["error"]) == (400, "message content cannot be empty")
            sent = http.post("message", json={"content": "status"})
            assert (sent.status_code, sent.json()["status"]) == (200, "message sent")


def test_every_trading_command_is_answered_in_the_log(fleet: Fleet) -> None:
    """By its name and its short form; what is not known is said to be so."""
    fleet.ready("trading_long")
    fleet.await_log("trading_long", "(rebalance)")
    for words, answer in ANSWERS.items():
        for word in words:
            fleet.client.message(fleet.ids["trading_long"], word)
            fleet.await_log("trading_long", f"> {word}\n{answer}")
    fleet.client.message(fleet.ids["trading_long"], "sell everything")
    fleet.await_log("trading_long", "> sell everything\nunknown command: 'sell everything'")


def test_the_strategies_trade(fleet: Fleet) -> None:
    """Compressed time: averages cross, and prices are stretched, within a minute."""
    fleet.ready("trading_long")
    fleet.await_log("trading_long", "(cross)")
    fleet.await_log("trading_long", "(volatility)")


def test_ticks_advance_and_a_manual_tick_counts(fleet: Fleet) -> None:
    """In the state file that the Host keeps for the program."""

    def counter() -> int:
        return int(fleet.state_file("watcher_server", "counter.txt") or 0)

    fleet.ready("watcher_server")
    until(lambda: counter() >= 1, lambda: "a first tick")
    before = counter()
    until(lambda: counter() >= before + 2, lambda: f"ticks after {before}")
    fleet.await_log("watcher_server", f"Counter: {before + 1} (state file updated)\n")
    before = counter()
    fleet.client.message(fleet.ids["watcher_server"], "tick 1000")
    until(lambda: counter() >= before + 1000, lambda: f"a thousand manual ticks after {before}")


def test_a_stop_is_graceful_and_the_state_survives(fleet: Fleet) -> None:
    """Cleanup's line is in the log, the exit code is 0, and counting goes on where it was."""
    first = fleet.ready("counter_a")
    fleet.await_log("counter_a", "Counter: 2\n")
    stopped = fleet.stop("counter_a")
    assert stopped.container_id is None
    assert "simple_counter ends; the count is " in fleet.logs("counter_a").splitlines()[-1]
    counted = int(fleet.state_file("counter_a", "counter.log").split()[-1])
    assert counted >= 2
    fleet.client.start(fleet.ids["counter_a"])
    assert fleet.ready("counter_a").container_id != first.container_id
    next_line = f" tick {counted + 1}\n"
    until(lambda: next_line in fleet.state_file("counter_a", "counter.log"), lambda: f"tick {counted + 1}")
    counts = [int(line.split()[-1]) for line in fleet.state_file("counter_a", "counter.log").splitlines()]
    assert counts == list(range(1, len(counts) + 1))


def test_a_portfolio_survives(fleet: Fleet) -> None:
    """No trade is lost or made twice by a stop and a start."""
    fleet.ready("trading_long")
    fleet.await_log("trading_long", "trade 2:")
    fleet.stop("trading_long")
    assert "trading_long ends: " in fleet.logs("trading_long").splitlines()[-1]
    trades = int(fleet.logs("trading_long").splitlines()[-1].split(":")[-1].split()[0])
    fleet.client.start(fleet.ids["trading_long"])
    fleet.ready("trading_long")
    fleet.await_log("trading_long", f"trade {trades + 1}: ")
    assert fleet.logs("trading_long").count(" trade 1: ") <= 1


def test_a_program_that_ends_by_itself_is_stopped(fleets: dict[str, Fleet]) -> None:
    """Ready before, then not Ready, and no error: it exited with 0, after its cleanup."""
    for fleet in fleets.values():
        fleet.begin("short_server", "watcher_server", {"DURATION": "4"})
    for fleet in fleets.values():
        fleet.ready("short_server")
    for fleet in fleets.values():
        ended = fleet.client.wait_for(fleet.ids["short_server"], "Stopped", PATIENCE)
        assert ended.exit_reason == ExitInfo("code", 0)
        assert ended.error_msg == ""
        assert "watcher_server ends; the counter is 4, after 0 manual ticks" in fleet.logs("short_server")


def test_the_tutorial(tmp_path: Path, fleets: dict[str, Fleet]) -> None:
    """Its program passes its test, and can be deployed, messaged, stopped, started and finished as it says."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL | re.MULTILINE):
        (tmp_path / name).write_text(content, encoding="utf-8")
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "."]
    tested = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "2 passed" in tested.stdout, tested.stdout + tested.stderr

    fleet = fleets["runsc"]
    with (tmp_path / "laps.py").open("a") as program:  # of all files the one that .dockerignore leaves in
        program.write(f"# {secrets.token_hex(8)}\n")
    deploy = ("deploy", str(tmp_path), "--user", "tutorial", "--build-arg", f"BASE={fleet.image}", "--wait", "--json")
    program_id = fleet.ids["laps"] = fleet.host.run(*deploy).document["program_id"]
    assert fleet.client.source(program_id).files.keys() == {"Dockerfile", ".dockerignore", "laps.py"}
    for laps in ("1 laps", "2 laps"):
        fleet.host.run("message", program_id, "lap")
        fleet.await_log("laps", f"lap {laps[0]}: ")
        fleet.stop("laps")
        assert f"{laps}, the fastest in " in fleet.logs("laps")
        fleet.client.start(program_id)
        fleet.ready("laps")
    fleet.host.run("message", program_id, "finish")
    assert fleet.client.wait_for(program_id, "Stopped", PATIENCE).exit_reason == ExitInfo("code", 0)
