"""Options that would have no effect, and variables that mean nothing, are told to whoever gave them."""

from pathlib import Path

import pytest

from hershy.wiring.settings import variables

from .conftest import ID, FakeHost, Hershy


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(variables, "_told", set())


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    (tmp_path / "token").write_text("x")
    return str(tmp_path / "token")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("deploy", ".", "--timeout", "5"), ("--timeout", "without --wait")),
        (("deploy", ".", "--label", "a=1", "--label", "a=2"), ("--label", "a is given twice")),
        (("ls", "--label", "a=1", "--label", "a=2"), ("--label", "a is given twice")),
        (("status", ID, "--json", "--tail", "5"), ("--tail", "with --json")),
        (("run", "--force", "it.py"), ("--force", "without --out")),
        (("run", "--threshold", "5", "--no-check", "it.py"), ("--threshold", "with --no-check")),
        *(
            (("--url", "http://h", command, *more), ("--url", f"before {command}"))
            for command, *more in (("serve",), ("doctor",), ("verify",), ("token", "ls"))
        ),
    ],
)
def test_an_option_without_effect(
    hershy: Hershy, host: FakeHost, tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """Exit 2 naming it and what it is at odds with; nothing is asked of a Host."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert hershy(*arguments) == 2
    told = " ".join(hershy.err.replace("│", " ").split())
    for part in parts:
        assert part in told
    assert host.asked == []


@pytest.mark.parametrize("command", [("serve",), ("doctor",), ("token", "ls"), ("run", "--local", "it.py")])
def test_a_token_where_no_host_is_called(hershy: Hershy, token_file: str, command: tuple[str, ...]) -> None:
    """Exit 2: nobody would be shown it."""
    assert hershy("--token-file", token_file, *command) == 2
    assert "--token-file" in hershy.err


def test_serve_refuses_a_variable_that_means_nothing(hershy: Hershy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2 with the nearest that does, before anything is started."""
    monkeypatch.setenv("HERSHY_RUNTIMES", "runc")
    assert hershy("serve", "--runtime", "memory") == 2
    told = " ".join(hershy.err.replace("│", " ").split())
    assert "HERSHY_RUNTIMES: unknown variable; did you mean HERSHY_RUNTIME?" in told
    assert hershy.out == ""


def test_other_commands_warn_of_it_once(hershy: Hershy, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may merely have inherited it."""
    monkeypatch.setenv("HERSHY_RUNTIMES", "runc")
    assert hershy("ls", "--json") == 0
    assert hershy.err == "hershy: warning: HERSHY_RUNTIMES: unknown variable; did you mean HERSHY_RUNTIME?\n"
    assert hershy.document["count"] == 1
    assert hershy("ls", "--json") == 0
    assert hershy.err == ""
