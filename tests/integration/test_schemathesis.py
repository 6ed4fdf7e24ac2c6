"""The OpenAPI document against a running server: no 5xx, and no answer that is not described."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .host_process import serving

EXAMPLES = 20
STREAMS = ["program_events", "all_events"]
"""They answer for as long as the caller listens; their framing has tests of its own."""
PROXY = r"/proxy/\{path\}$"
"""What is behind it is the program's to describe."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Left out: that every described body is accepted and every other refused. A schema cannot say all the rules of the
domain."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving("memory", tmp_path_factory.mktemp("host") / "storage") as host:
        yield host.url


def test_answers_are_as_described(url: str) -> None:
    """Whatever is asked, of a program that exists or not, the answer's status, type and shape are in the document."""
    document = schemathesis.openapi.from_url(f"{url}/openapi.json")
    asked = document.exclude(operation_id=STREAMS).exclude(path_regex=PROXY)
    operations = [it.ok() for it in asked.get_all_operations()]
    assert len(operations) >= 15
    for operation in operations:
        _ask(operation, url)


def _ask(operation: Any, url: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        _require_described_answer(case, url)

    ask()


def _require_described_answer(case: Any, url: str) -> None:
    program_id = _program(url) if _asks_for_program(case) else None
    if program_id is not None:
        case.path_parameters["program_id"] = program_id
    if "follow" in (case.query or {}):
        case.query["follow"] = False  # it goes on for as long as the program runs
    response = case.call(timeout=10)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        refused = json.loads(response.content)
        assert {"error", "code", "message"} == set(refused) - {"detail", "remedy"}
        assert refused["code"] == response.status_code
    if program_id is not None:
        httpx.delete(f"{url}/programs/{program_id}")


def _asks_for_program(case: Any) -> bool:
    """Every other time: the length of what was made up is as good as a coin, and the same each time it is tried."""
    made_up = str((case.path_parameters or {}).get("program_id", ""))
    return bool(made_up) and len(made_up) % 2 == 0


def _program(url: str) -> str:
    created = httpx.post(f"{url}/programs", json={"user_id": "alice", "dockerfile": "FROM scratch"})
    assert created.status_code == 201
    return str(created.json()["program_id"])
