"""A name that the Host would not know is refused by the client already, with nothing sent."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import httpx
import pytest

from hershy.client import AsyncClient, Client, NewProgram
from hershy.core.resources import ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.restart import RestartPolicy
from hershy.sandbox.domain.job import SandboxLimits
from hershy.wire import DESCRIBED, require_known, schemas

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"resources": {"memory": 1}}, "resources.memory: unknown field; did you mean memory_bytes?"),
    ({"restart_policy": {"max_restart": 1}}, "restart_policy.max_restart: unknown field; did you mean max_restarts?"),
    ({"restart_policy": {"window": 1}}, "restart_policy.window: unknown field; did you mean window_s?"),
    ({"health_check": {"timeout": 1}}, "health_check.timeout: unknown field; did you mean timeout_s?"),
]
LIMITS = "limits.timeout: unknown field; did you mean timeout_s?"


def refuse_to_send(request: httpx.Request) -> httpx.Response:
    raise AssertionError("something was sent")


TRANSPORT = httpx.MockTransport(refuse_to_send)


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_of_a_program(given: dict[str, Any], message: str) -> None:
    """Blocking, and several at once."""
    with Client("http://host.test", transport=TRANSPORT) as client, pytest.raises(InvalidValue) as refused:
        client.create_program("a", "FROM x", **given)
    assert str(refused.value) == message
    with pytest.raises(InvalidValue, match="unknown field"):
        NewProgram("a", "FROM x", **given)


@pytest.mark.parametrize(("given", "message"), WRONG)
async def test_of_a_program_async(given: dict[str, Any], message: str) -> None:
    """The client for asyncio alike."""
    async with AsyncClient("http://host.test", transport=TRANSPORT) as client:
        with pytest.raises(InvalidValue) as refused:
            await client.create_program("a", "FROM x", **given)
    assert str(refused.value) == message


async def test_of_a_run() -> None:
    """Limits of code that runs once, with both clients."""
    with Client("http://host.test", transport=TRANSPORT) as client, pytest.raises(InvalidValue) as refused:
        client.run_code("x = 1", limits={"timeout": 3})
    assert str(refused.value) == LIMITS
    async with AsyncClient("http://host.test", transport=TRANSPORT) as client:
        with pytest.raises(InvalidValue, match="did you mean timeout_s"):
            await client.run_code("x = 1", limits={"timeout": 3})


@pytest.mark.parametrize(
    ("of", "body", "name"),
    [
        (ResourceLimits, "NewProgram", "resources"),
        (RestartPolicy, "NewProgram", "restart_policy"),
        (HealthCheck, "NewProgram", "health_check"),
        (SandboxLimits, "NewRun", "limits"),
    ],
)
def test_both_sides_know_the_same_names(of: type[Any], body: str, name: str) -> None:
    """What the client lets pass the Host takes, and the other way round."""
    described = schemas(*DESCRIBED)
    (reference,) = (it["$ref"] for it in described[body]["properties"][name]["anyOf"] if "$ref" in it)
    taken = set(described[reference.rpartition("/")[2]]["properties"])
    assert taken == {f"{it.name}_s" if it.type is timedelta else it.name for it in fields(of)}
    for key in taken:
        require_known(name, {key: 1}, of)
    with pytest.raises(InvalidValue, match=f"{name}.colour: unknown field"):
        require_known(name, {"colour": 1}, of)
