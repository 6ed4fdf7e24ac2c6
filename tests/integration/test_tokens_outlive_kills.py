"""A Host under ``--auth tokens`` beside commands and backups, killed: what it acknowledged is there, and in the backup.

Each command and each backup is a process that opens the running Host's database, and closes it again.
"""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from .host_process import DEADLINE_S, HostProcess, run, serving

ON_DISK = {"repository": "sql", "token_store": "sql", "storage": "filesystem"}
NOTICED_WITHIN_S = 1.0
ROUNDS = 2
BACKUP = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@contextmanager
def guarded(root: Path) -> Iterator[HostProcess]:
    with serving("memory", root, auth="tokens", **ON_DISK) as host:
        yield host


def token(root: Path, *arguments: str) -> str:
    return run("token", *arguments, "--storage", str(root), runtime="memory", **ON_DISK).out.strip()  # type: ignore[arg-type]


def call(host: HostProcess, text: str, method: str = "GET", **arguments: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {text}"}
    return httpx.request(method, f"{host.url}/programs", headers=headers, timeout=DEADLINE_S, **arguments)  # type: ignore[arg-type]


def register(host: HostProcess, text: str, user: str = "bob") -> str:
    answer = call(host, text, "POST", json={"user_id": user, "dockerfile": "FROM x"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["program_id"])


def registered(host: HostProcess, text: str) -> set[str]:
    answer = call(host, text)
    assert answer.status_code == 200, answer.text
    return {str(it["program_id"]) for it in answer.json()["programs"]}


def back_up(root: Path, to: Path) -> Path:
    """As ``sqlite3 … ".backup …"`` does it, in a process of its own."""
    command = [sys.executable, "-c", BACKUP, str(root / "hershy.db"), str(to)]
    subprocess.run(command, check=True, timeout=DEADLINE_S)
    return to


def column(database: Path, query: str) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {str(row[0]) for row in connection.execute(query)}


def id_of(text: str) -> str:
    return text.split("_")[1]


def let_it_be_noticed() -> None:
    time.sleep(NOTICED_WITHIN_S)  # what is promised is that it has been noticed after this time


def kill(host: HostProcess) -> None:
    host.process.send_signal(signal.SIGKILL)
    host.process.wait(DEADLINE_S)


def test_nothing_acknowledged_is_lost(root: Path, tmp_path: Path) -> None:
    """Registered stays registered, revoked revoked, and what was backed up is whole; after each of several kills."""
    admin = token(root, "create", "--admin")
    programs: set[str] = set()
    revoked: list[str] = []
    for number in range(ROUNDS):
        with guarded(root) as host:
            log = root / "hershy.db-wal"
            assert registered(host, admin) == programs
            inode = log.stat().st_ino
            assert [call(host, it).status_code for it in revoked] == [401] * len(revoked)
            programs.add(register(host, admin))
            backup = back_up(root, tmp_path / f"{number}.db")
            programs.add(register(host, admin))

            new = token(root, "create", "--admin")
            let_it_be_noticed()
            programs.add(register(host, new))
            token(root, "revoke", id_of(admin))
            let_it_be_noticed()
            assert call(host, admin).status_code == 401
            revoked.append(admin)
            last = back_up(root, tmp_path / f"{number}-last.db")
            assert registered(host, new) == programs
            assert log.stat().st_ino == inode, "a process that came and went has taken the log from the Host"
            kill(host)
        assert len(column(backup, "SELECT id FROM hershy_programs")) == len(programs) - 2
        assert column(last, "SELECT id FROM hershy_programs") == programs
        known = column(last, "SELECT id FROM hershy_tokens")
        assert known == {id_of(it) for it in (*revoked, new)}
        valid = column(last, "SELECT id FROM hershy_tokens WHERE revoked_at IS NULL")
        assert valid == {id_of(new)}
        admin = new
    with guarded(root) as host:
        assert registered(host, admin) == programs


def test_a_backup_is_restored(root: Path, tmp_path: Path) -> None:
    """As the documentation says, made while the Host runs: programs, their sources and tokens are those of then."""
    admin = token(root, "create", "--admin")
    restored = tmp_path / "restored"
    restored.mkdir(mode=0o700)
    with guarded(root) as host:
        program_id = register(host, admin)
        back_up(root, restored / "hershy.db")
        parts = [str(it) for it in (root / ".owner", *root.glob("*-build-*"))]
        subprocess.run(["cp", "-a", "--sparse=always", *parts, str(restored)], check=True, timeout=DEADLINE_S)
        register(host, admin)
        kill(host)
    with guarded(restored) as host:
        assert registered(host, admin) == {program_id}
        headers = {"Authorization": f"Bearer {admin}"}
        source = httpx.get(f"{host.url}/programs/{program_id}/source", headers=headers, timeout=DEADLINE_S)
        assert source.json()["files"] == {"Dockerfile": "FROM x"}
