"""The example program: what messages do, what survives a restart, and the shapes of its answers."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SOURCE = Path(__file__).parents[3] / "examples" / "tally" / "tally.py"


@pytest.fixture(scope="module")
def tally() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tally_example", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def exits() -> list[int]:
    return []


@pytest.fixture
def program(tally: ModuleType, tmp_path: Path, exits: list[int]) -> Any:
    return tally.Tally(tmp_path / "tally.json", on_exit=exits.append)


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("add 5", "total 5"),
        ("add -2", "total -2"),
        ("add 0.5", "total 0.5"),
        ("show", "total 0"),
        ("reset", "total 0"),
        ("exit 3", "exiting with 3"),
        ("add many", "not a number: many"),
        ("exit 256", "not understood; say: add NUMBER, show, reset, exit CODE"),
        ("dance", "not understood; say: add NUMBER, show, reset, exit CODE"),
    ],
)
def test_each_message_has_its_answer(program: Any, message: str, answer: str) -> None:
    """Known words act, others are answered with what is known."""
    assert program.handle(message) == answer


def test_the_total_survives_a_restart(tally: ModuleType, program: Any) -> None:
    """A new process on the same state goes on where the old one ended."""
    program.handle("add 5")
    program.handle("add 2")
    again = tally.Tally(program.path, on_exit=lambda code: None)
    assert again.snapshot() == {"total": 7, "messages": 2}


def test_exit_asks_for_the_code(program: Any, exits: list[int]) -> None:
    """The process ends with the code that was asked for."""
    program.handle("exit 3")
    assert exits == [3]


def test_messages_and_answers_are_logged(program: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """One line each on stdout."""
    program.handle("add 5")
    assert capsys.readouterr().out == "message 'add 5': total 5\n"


def test_a_message_is_answered_as_the_contract_has_it(tally: ModuleType, program: Any) -> None:
    """The contract's status, and the answer beside it."""
    body = json.dumps({"content": "add 5"}).encode()
    assert tally.answer_message(program, body) == (200, {"status": "message sent", "answer": "total 5"})


@pytest.mark.parametrize("body", [b'{"content": ""}', b'{"content": " "}', b"{}", b'{"content": 5}'])
def test_an_empty_message_is_refused(tally: ModuleType, program: Any, body: bytes) -> None:
    """With the words of the contract, and nothing counted."""
    assert tally.answer_message(program, body) == (400, {"error": "message content cannot be empty"})
    assert program.messages == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(tally: ModuleType, program: Any, body: bytes) -> None:
    """Hostile input ends in a 400."""
    assert tally.answer_message(program, body)[0] == 400


def test_the_watcher_api_has_the_contract_s_fields(tally: ModuleType, program: Any) -> None:
    """Names as they are fixed in the wire contract."""
    status = tally.answer_get(program, "/watcher/status")[1]
    assert set(status) == {"state", "isRunning", "watcherID", "uptime", "lastUpdate"}
    assert re.fullmatch(r"(\d+h)?(\d+m)?\d+(\.\d+)?(ms|s)", status["uptime"])
    assert {"currentState", "previousState"} <= set(tally.answer_get(program, "/watcher/state")[1])
    assert tally.answer_get(program, "/tally") == (200, {"total": 0, "messages": 0})
    assert tally.answer_get(program, "/nowhere")[0] == 404


def test_vars_show_the_program_s_own_environment(
    tally: ModuleType, program: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is named for it."""
    monkeypatch.setenv("TALLY_COLOUR", "blue")
    assert tally.answer_get(program, "/watcher/vars")[1]["TALLY_COLOUR"] == "blue"
    assert "PATH" not in tally.answer_get(program, "/watcher/vars")[1]


def test_logs_by_type_and_limit(tally: ModuleType, program: Any) -> None:
    """Five lists always; messages are effects; the newest are kept."""
    for number in range(3):
        program.handle(f"add {number}")
    logs = tally.answer_get(program, "/watcher/logs?type=effect&limit=2")[1]
    assert [entry["message"] for entry in logs["effectLogs"]] == ["add 1", "add 2"]
    assert set(logs) == {"effectLogs", "reduceLogs", "watchErrorLogs", "contextLogs", "stateFaultLogs"}
    assert tally.answer_get(program, "/watcher/logs?type=reduce")[1]["effectLogs"] == []
    assert tally.answer_get(program, "/watcher/logs?limit=0")[1]["effectLogs"] == []
    assert tally.answer_get(program, "/watcher/logs?type=other")[0] == 400
    assert tally.answer_get(program, "/watcher/logs?limit=x")[0] == 400


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.25, "250ms"), (5, "5s"), (330.5, "5m30.5s"), (3602, "1h0m2s")]
)
def test_durations_as_go_prints_them(tally: ModuleType, seconds: float, text: str) -> None:
    """The uptime's form is part of the contract."""
    assert tally.go_duration(seconds) == text
