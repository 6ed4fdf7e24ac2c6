"""What a program's last lines are explained by."""

import pytest

from hershy.programs.domain.last_words import explanation, with_last_words


@pytest.mark.parametrize(
    "line",
    [
        "sl = self._semlock = _multiprocessing.SemLock(",
        "FileNotFoundError: [Errno 2] No such file or directory: '/psm_9452654d'",
        "PermissionError: [Errno 13] Permission denied: '/psm_8fc54d71'",
        "sh: 1: cannot create /tmp/x: Read-only file system",
        "Error: /tmp/x: EROFS",
        "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/']",
        "initdb: could not open /dev/shm/PostgreSQL.1",
    ],
)
def test_what_scratch_would_have_let_through(line: str) -> None:
    """The option is named."""
    assert "--scratch" in explanation(["Traceback", line, "the end"])


@pytest.mark.parametrize(
    "line",
    [
        "sh: 1: cannot create /app.log: Read-only file system",
        "sh: 1: cannot create /app.log: Permission denied",
        "OSError: [Errno 30] Read-only file system: '/app'",
        "chown: changing ownership of '/etc/passwd': Operation not permitted",
        "sqlite3.OperationalError: unable to open database file",
        "Error: EACCES: permission denied, open '/app/x'",
    ],
)
def test_what_only_the_state_takes(line: str) -> None:
    """The one writable place is named."""
    assert "only /state can be written" in explanation([line])


@pytest.mark.parametrize("line", ["ValueError: no", "FileNotFoundError: config.yml", "/tmp is fine", ""])
def test_what_is_the_programs_own(line: str) -> None:
    """Other errors are left to speak for themselves."""
    assert explanation([line]) == ""
    assert "in its container" not in with_last_words("program exited", [line])


def test_no_output() -> None:
    """Nothing is added to the words."""
    assert with_last_words("program exited with code 1", ()) == "program exited with code 1"
