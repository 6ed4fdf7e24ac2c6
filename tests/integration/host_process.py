"""``hershy serve`` as a process of its own, and commands against it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any

HERSHY = [sys.executable, "-m", "hershy.cli.main"]
DEADLINE_S = 120


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class HostProcess:
    """``hershy serve`` as a process of its own, and commands against it."""

    process: subprocess.Popen[str]
    url: str
    storage: Path

    def run(self, *arguments: str, expect: int = 0) -> Done:
        return run(*arguments, url=self.url, expect=expect)

    def wait_for(self, program_id: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            program: dict[str, Any] = self.run("status", program_id, "--json").document
            if program["state"] == state:
                return program
        raise AssertionError(f"{program_id} did not become {state}: {program}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_S)


def environment(url: str = "", **settings: str) -> dict[str, str]:
    """``settings`` by their names, in small letters."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("HERSHY_")}
    given = {f"HERSHY_{name.upper()}": value for name, value in settings.items()}
    return ours | ({"HERSHY_URL": url} if url else {}) | given


def run(*arguments: str, url: str = "", expect: int = 0, **settings: str) -> Done:
    env = environment(url, **settings)
    done = subprocess.run(
        [*HERSHY, *arguments], env=env, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert done.returncode == expect, f"hershy {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Done(done.returncode, done.stdout, done.stderr)


@contextmanager
def serving(runtime: str, storage: Path, /, **settings: str) -> Iterator[HostProcess]:
    """A Host on a free port, ended gracefully afterwards if it has not been before."""
    host = _serve(runtime, storage, settings)
    try:
        yield host
    finally:
        if host.process.poll() is None:
            host.end()
        assert host.process.stdout is not None
        host.process.stdout.close()


def _serve(runtime: str, storage: Path, settings: Mapping[str, str]) -> HostProcess:
    with (storage.parent / "host.log").open("w") as log:
        process = subprocess.Popen(
            [*HERSHY, "serve", "--runtime", runtime, "--port", "0", "--storage", str(storage), "--json"],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    ready, _, _ = select([process.stdout], [], [], DEADLINE_S)
    line = process.stdout.readline() if ready else ""
    if not line:
        process.kill()
        process.wait(DEADLINE_S)
        process.stdout.close()
        raise AssertionError(f"the Host did not start: {(storage.parent / 'host.log').read_text()}")
    return HostProcess(process, json.loads(line)["url"], storage)
