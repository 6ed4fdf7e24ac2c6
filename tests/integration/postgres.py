"""A PostgreSQL server of the tests' own: a fresh cluster on a Unix socket, run by an unprivileged user."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

PASSWORD = "p@ss/w:rd %41"
"""One that must be quoted in a URL."""
DEADLINE_S = 60
_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))


class PostgresServer:
    """Listens in ``folder`` alone. ``stop`` and ``start`` it as often as needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # fsync guards against a power cut, which no test here brings about; without it, recovery takes no time.
        settings = ["-c", "listen_addresses=", "-c", "fsync=off"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [_binary("postgres"), "-D", self._data, "-k", self._folder, *settings],
                stdout=log,
                stderr=log,
                **_unprivileged(),
            )
        deadline = time.monotonic() + DEADLINE_S
        while subprocess.run([_binary("pg_isready"), "-q", "-h", self._folder], timeout=DEADLINE_S).returncode:
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def stop(self) -> None:
        """At once, as if it had crashed: connections are cut."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGQUIT)
            process.wait(DEADLINE_S)

    def initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self._folder, password):
                shutil.chown(path, _user(), _user())
        # A language that sorts otherwise than by code points, so that a missing collation is seen.
        language = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--encoding=UTF8"]
        access = ["--auth=scram-sha-256", f"--pwfile={password}", "--username=postgres"]
        done = subprocess.run(
            [_binary("initdb"), "-D", self._data, "--no-sync", *language, *access],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            **_unprivileged(),
        )
        assert done.returncode == 0, done.stderr

    def new_database(self) -> str:
        """The URL of an empty one."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return self.url(name)

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql://postgres:{quote(password, safe='')}@/{database}?host={self._folder}"

    def sql(self, statement: str, database: str) -> str:
        """What psql prints for a statement."""
        done = subprocess.run(
            [_binary("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, self.url(database)],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def session(self, database: str) -> Iterator[Callable[[str], str]]:
        """Of psql: what is called with statements returns the first line that they print. Ended on leaving."""
        command = [_binary("psql"), "-XAtq", self.url(database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:

            def run(statements: str) -> str:
                assert psql.stdin is not None
                assert psql.stdout is not None
                print(statements, file=psql.stdin, flush=True)
                return psql.stdout.readline().strip()

            yield run

    def log(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")

    @property
    def _data(self) -> Path:
        return self._folder / "data"


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix="hershy-pg-"))  # not pytest's: a socket's path must be short
    server = PostgresServer(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _binary(name: str) -> Path:
    assert _BINARIES, "no PostgreSQL server in /usr/lib/postgresql; run scripts/packages.sh"
    return _BINARIES[-1].with_name(name)


def _user() -> str:
    return "postgres"  # made by the package


def _unprivileged() -> dict[str, str]:
    """initdb and the server refuse to be root's."""
    return {"user": _user(), "group": _user(), "cwd": "/"} if os.geteuid() == 0 else {}
