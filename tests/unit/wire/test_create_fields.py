"""One field of the create request is one field everywhere: library, wire, Host, both clients, command."""

import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, Unpack

import httpx
import pytest

from hershy.builds.spec import BuildSpec
from hershy.cli.main import main
from hershy.cli.session import Session
from hershy.client import AsyncClient, Client, DeployOptions, NewProgram
from hershy.programs.domain.program import ProgramOptions
from hershy.wire import DESCRIBED, ProgramInfo, schemas
from hershy.wire.plan import plan

OF_THE_PROGRAM = {"user_id"}
SECRET = {"env"}
OPTIONS = {
    "user_id": ["--user", "alice"],
    "build_args": ["--build-arg", "A=1"],
    "env": ["--env", "A=1"],
    "labels": ["--label", "a=1"],
    "resources": ["--cpus", "0.5"],
    "restart_policy": ["--restart", "always"],
    "health_check": ["--health"],
    "ttl_s": ["--ttl", "1h"],
    "idle_timeout_s": ["--idle-timeout", "1h"],
    "egress": ["--egress", "none"],
    "description": ["--description", "counts"],
}
"""An option of ``hershy deploy`` for each field that does not come from its directory."""


def test_the_library_takes_what_the_wire_has() -> None:
    """Every field is the user, part of the sources, or an option; and every one of those is a field."""
    library = {it.name for it in (*fields(BuildSpec), *fields(ProgramOptions)) if it.init}
    assert {it.name for it in fields(NewProgram)} == OF_THE_PROGRAM | library


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_clients_take_what_the_wire_has(client: type[Any]) -> None:
    """In the same order; all that is optional is left to the Host."""
    *parameters, options = list(inspect.signature(client.create_program).parameters.values())[1:]
    assert [*(it.name for it in parameters), *DeployOptions.__annotations__] == [it.name for it in fields(NewProgram)]
    assert {it.default for it in parameters[2:]} == {None}
    assert (options.kind, options.annotation) == (inspect.Parameter.VAR_KEYWORD, Unpack[DeployOptions])
    assert not DeployOptions.__required_keys__


def test_the_command_takes_what_the_wire_has(tmp_path: Path) -> None:
    """With every option given, every field is sent."""
    bodies: list[Any] = []

    def host(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        created = {"program_id": "a", "build_id": "b", "state": "Created", "proxy_url": ""}
        return httpx.Response(201, json=created | {"created_at": "2026-11-20T10:00:00Z"})

    (tmp_path / "Dockerfile").write_text("FROM x\n")
    options = [word for words in OPTIONS.values() for word in words]
    session = Session(transport=httpx.MockTransport(host))
    with pytest.raises(SystemExit) as exited:
        main(["deploy", str(tmp_path), "--no-start", *options], session=session)
    assert exited.value.code == 0
    assert set(bodies[0]) == set(plan(NewProgram)) == {*OPTIONS, "dockerfile", "src_files"}


def test_what_is_asked_for_is_shown() -> None:
    """Every option but secrets is a field of the program's view, under its own name."""
    options = set(plan(ProgramOptions)) - SECRET
    assert options <= set(plan(ProgramInfo))


def test_the_document_tells_of_it() -> None:
    """Every field is described, and no other."""
    assert set(schemas(*DESCRIBED)["NewProgram"]["properties"]) == set(plan(NewProgram))
