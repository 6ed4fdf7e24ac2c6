"""The OpenAPI document."""

import re
from typing import Any

import httpx


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
        ("get", "/debug/proxy/{program_id}"),
        ("get", "/programs/{program_id}/proxy/{path}"),
        ("post", "/programs/{program_id}/proxy/{path}"),
    }
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in schemas
    start = document["paths"]["/programs/{program_id}/start"]["post"]["responses"]
    assert set(start) == {"200", "404", "409", "503"}
    assert "Refused" in schemas
    assert "422" not in str(document["paths"])
    assert schemas["NewProgram"]["required"] == ["user_id", "dockerfile"]


async def test_parameters(client: httpx.AsyncClient) -> None:
    """Queries are described under the names they have on the wire."""
    document = (await client.get("/openapi.json")).json()
    parameters = document["paths"]["/programs/{program_id}/logs"]["get"]["parameters"]
    assert {it["name"] for it in parameters} == {"program_id", "tail", "stream", "follow"}


async def test_docs_page(client: httpx.AsyncClient) -> None:
    """The page that shows the document works."""
    response = await client.get("/docs")
    assert response.status_code == 200
    assert re.search(r"openapi\.json", response.text)
