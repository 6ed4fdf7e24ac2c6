"""One program's life on a Host of its own, told step by step, until the end or until it kills its process."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from hershy import BuildSpec, Host, Program, ProgramOptions, ProgramRequest, ProgramState, RestartPolicy, UserID
from hershy.access.authentication import Authenticator, issue
from hershy.programs.application.port_leases import PortLeases
from hershy.programs.domain.restart import RestartMode
from hershy.testing.faults.boundaries import Boundaries, Boundary, Phase
from hershy.wiring import HostContainer, Settings, open_host

READY, STOPPED = ProgramState.READY, ProgramState.STOPPED
PORTS_EACH = 8
LIFE_DEADLINE_S = 60
DEADLINE = timedelta(seconds=30)
FOR_EVER = RestartPolicy(RestartMode.ALWAYS, timedelta(milliseconds=50), max_restarts=50)

SCRIPT = """trap 'exit 0' TERM
mkdir -p /state/www
echo hello >/state/www/index.html
httpd -f -p 8080 -h /state/www &
while [ ! -e /state/die ]; do sleep 0.05; done
rm /state/die
echo dying
exit 3
"""

LIVES = {
    "short": ("open", "create", "start", "delete", "close"),
    "stopped": ("stop", "resume"),
    "disturbed": ("crash", "restart"),
}
"""Several lives, so that less must be lived through before a kill; and which chapters of it each is recorded for."""

OUTCOMES: dict[str, ProgramState | None] = {
    "create": ProgramState.CREATED,
    "start": READY,
    "stop": STOPPED,
    "resume": READY,
    "restart": READY,
    "delete": None,
}
"""Where each step of a life leads, None being gone."""


@dataclass(frozen=True)
class Strike:
    """Where to kill: at a boundary, or ``delay_s`` behind it, in the middle of the call."""

    boundary: Boundary
    delay_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.boundary} + {self.delay_s * 1000:.0f} ms" if self.delay_s else str(self.boundary)


@dataclass(frozen=True)
class Job:
    """One of ``LIVES`` to live. ``first_port`` begins a range of publish ports of its own.

    ``with_tokens``: the Host is asked for by a token's bearer, and a command makes another token beside it.
    """

    home: str
    life: str
    runtime: str
    image: str
    name: str
    first_port: int
    strike: Strike | None = None
    with_tokens: bool = False

    @property
    def root(self) -> Path:
        return Path(self.home) / "root"

    @property
    def told(self) -> Path:
        return Path(self.home) / "told"

    @property
    def passed(self) -> Path:
        return Path(self.home) / "passed"

    @property
    def build(self) -> BuildSpec:
        dockerfile = f'FROM {self.image}\nCOPY run.sh /run.sh\nCMD ["/bin/sh", "/run.sh"]\n'
        return BuildSpec(dockerfile, {"run.sh": SCRIPT, "name.txt": self.name})

    def container(self) -> Any:
        """The wiring that both the Host to be killed and the one after it use."""
        settings = Settings.load(
            runtime=self.runtime,
            repository="sql",
            token_store="sql",
            storage_root=self.root,
            stop_grace_s=2,
            readiness_timeout_s=30,
            engine_timeout_s=30,
        )
        container: Any = HostContainer(settings=settings)
        container.services.add_kwargs(port_leases=PortLeases(self.first_port, self.first_port + PORTS_EACH - 1))
        return container

    def dumped(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def loaded(cls, text: str) -> "Job":
        fields = json.loads(text)
        strike = fields.pop("strike")
        if strike is not None:
            boundary = Boundary(**{**strike["boundary"], "phase": Phase(strike["boundary"]["phase"])})
            strike = Strike(boundary, strike["delay_s"])
        return cls(**fields, strike=strike)


class Account:
    """What was asked for and acknowledged; in the kernel's hands when ``tell`` returns, whatever kills this process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def tell(self, **words: object) -> None:
        os.write(self._file, (json.dumps(words) + "\n").encode())

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.tell(asked=name)
        yield
        self.tell(acknowledged=name)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def live(job: Job) -> None:
    """Returns unless the job's strike is met on the way."""
    passed: list[tuple[Boundary, float]] = []

    def reached(boundary: Boundary) -> None:
        passed.append((boundary, time.monotonic()))
        if job.strike is not None and boundary == job.strike.boundary:
            if not job.strike.delay_s:
                kill()
            timer = threading.Timer(job.strike.delay_s, kill)
            timer.daemon = True
            timer.start()

    container = job.container()
    boundaries = Boundaries(reached, "open")
    boundaries.override(container)
    async with asyncio.timeout(LIFE_DEADLINE_S), open_host(container=container) as host:
        if job.with_tokens:
            await _use_tokens(job, container)
        await _live(host, job, Account(job.told), boundaries)
        boundaries.begin("close")
    job.passed.write_text(json.dumps([(asdict(boundary), at) for boundary, at in passed]))


async def _use_tokens(job: Job, container: Any) -> None:
    """Before anything is acknowledged: what is lost with the locks on the database is all that comes after."""
    _, text = await issue(container.token_store(), container.clock().now(), None)
    assert (await Authenticator(container.token_store(), container.clock()).principal(text)).is_admin
    command = [sys.executable, "-m", "hershy.cli.main", "token", "create", "--admin", "--storage", str(job.root)]
    beside = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    assert await beside.wait() == 0
    assert len(await container.token_store().list()) == 2


async def _live(host: Host, job: Job, account: Account, boundaries: Boundaries) -> None:
    boundaries.begin("create")
    with account.step("create"):
        options = ProgramOptions(restart_policy=FOR_EVER)
        program = await host.create(ProgramRequest(UserID("alice"), job.build, options))
    account.tell(created=str(program.id))
    # In the short life a stranger holds the first port, so that the program moves to the next: a state of its own.
    stranger = socket.create_server(("127.0.0.1", job.first_port)) if job.life == "short" else contextlib.nullcontext()
    with stranger:
        boundaries.begin("start")
        with account.step("start"):
            await host.start(program.id)
        ready = await _ready(host, program, account)
    match job.life:
        case "stopped":
            await _stop_and_resume(host, program, account, boundaries)
        case "disturbed":
            await _crash_and_restart(host, ready, job, account, boundaries)
    boundaries.begin("delete")
    with account.step("delete"):
        await host.delete(program.id)


async def _stop_and_resume(host: Host, program: Program, account: Account, boundaries: Boundaries) -> None:
    boundaries.begin("stop")
    with account.step("stop"):
        await host.stop(program.id)
    await host.wait_for(program.id, STOPPED, timeout=DEADLINE)
    boundaries.begin("resume")
    with account.step("resume"):
        await host.start(program.id)
    await _ready(host, program, account)


async def _crash_and_restart(host: Host, ready: Program, job: Job, account: Account, boundaries: Boundaries) -> None:
    boundaries.begin("crash")
    (job.root / str(ready.id) / "state" / "die").touch()
    await host.wait_for(ready.id, ProgramState.STARTING, timeout=DEADLINE)
    await _ready(host, ready, account)
    boundaries.begin("restart")
    with account.step("restart"):
        await host.restart(ready.id)
    await _ready(host, ready, account)


async def _ready(host: Host, program: Program, account: Account) -> Program:
    ready = await host.wait_for(program.id, READY, timeout=DEADLINE)
    account.tell(ready=str(ready.container_id), port=int(ready.publish_port))
    return ready
