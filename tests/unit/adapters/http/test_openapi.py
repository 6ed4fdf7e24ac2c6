"""The OpenAPI document."""

import re
from datetime import timedelta
from typing import Any

import httpx

from hershy.programs.domain.health import HealthCheck
from hershy.testing.twins import Twins


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(it) for it in value.values()))
    if isinstance(value, list):
        return set().union(*(references(it) for it in value))
    return set()


async def test_document(client: httpx.AsyncClient) -> None:
    """Every call of the wire contract is described, its refusals included, and nothing dangles."""
    document = (await client.get("/openapi.json")).json()
    calls = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert calls >= {
        ("post", "/programs"),
        ("get", "/programs"),
        ("get", "/programs/{program_id}"),
        ("delete", "/programs/{program_id}"),
        ("post", "/programs/{program_id}/start"),
        ("post", "/programs/{program_id}/stop"),
        ("post", "/programs/{program_id}/restart"),
        ("get", "/programs/{program_id}/logs"),
        ("get", "/programs/{program_id}/source"),
        ("get", "/programs/{program_id}/events"),
        ("get", "/events"),
        ("get", "/programs/{program_id}/journal"),
        ("get", "/programs/{program_id}/stats"),
        ("post", "/bulk/programs"),
        *(("post", f"/bulk/{what}") for what in ("start", "stop", "restart", "delete")),
        ("post", "/sandbox/runs"),
        ("post", "/sandbox/scores"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("get", "/debug/proxy/{program_id}"),
        ("get", "/programs/{program_id}/proxy/{path}"),
        ("post", "/programs/{program_id}/proxy/{path}"),
    }
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    start = document["paths"]["/programs/{program_id}/start"]["post"]["responses"]
    assert set(start) == {"200", "400", "401", "403", "404", "409", "421", "429", "503"}
    assert document["paths"]["/programs/{program_id}/start"]["post"]["security"] == [{}, {"token": []}]
    assert set(document["paths"]["/healthz"]["get"]["responses"]) == {"200", "400", "421"}
    assert "Refused" in schemas
    assert "422" not in str(document["paths"])
    assert schemas["NewProgram"]["required"] == ["user_id", "dockerfile"]
    for path, name in (
        ("/programs", "NewProgram"),
        ("/bulk/programs", "NewPrograms"),
        ("/bulk/stop", "Criteria"),
        ("/sandbox/runs", "NewRun"),
        ("/sandbox/scores", "NewScore"),
    ):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body == {"$ref": f"#/components/schemas/{name}"}


async def test_answers_are_as_described(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What is written by hand for speed has exactly the described fields, at every depth."""
    program = await hershy_twins.create(health_check=HealthCheck(), ttl=timedelta(hours=1))
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    view = (await client.get(f"/programs/{program.id}")).json()
    described = schemas["ProgramView"]
    assert set(described["required"]) <= set(view) < set(described["properties"])
    assert {"image_id", "container_id", "exit_reason"}.isdisjoint(view)
    assert "null" not in str(schemas["ProgramView"])
    for field, name in (
        ("resources", "ResourcesView"),
        ("restart_policy", "RestartPolicyView"),
        ("health_check", "HealthCheckView"),
    ):
        assert set(view[field]) == set(schemas[name]["properties"])


async def test_parameters(client: httpx.AsyncClient) -> None:
    """Queries are described under the names they have on the wire."""
    document = (await client.get("/openapi.json")).json()
    parameters = document["paths"]["/programs/{program_id}/logs"]["get"]["parameters"]
    assert {it["name"] for it in parameters} == {"program_id", "tail", "since", "stream", "follow"}


async def test_docs_page(client: httpx.AsyncClient) -> None:
    """The page that shows the document works."""
    response = await client.get("/docs")
    assert response.status_code == 200
    assert re.search(r"openapi\.json", response.text)
