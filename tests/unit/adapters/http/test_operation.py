"""What an operator asks a Host: is it alive, is it ready, what has it done."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dependency_injector import providers
from prometheus_client.parser import text_string_to_metric_families

from hershy.core.exits import ExitKind
from hershy.errors import RepositoryUnavailable
from hershy.programs.domain.journal import JournalEntry
from hershy.programs.domain.restart import RestartMode, RestartPolicy
from hershy.programs.domain.state import ProgramState
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http._calls import operation as _operation
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.repository import InMemoryRepository


async def scraped(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and its labels' values."""
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_alive(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """As long as it serves, whatever it lacks."""
    hershy_twins.runtime.machine.is_down = True
    response = await client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    hershy_twins.runtime.machine.is_down = False


async def test_ready(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """While engine and repository answer; without the engine 503, which says so in the shape of every refusal too."""
    response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "checks": {"engine": "ok", "repository": "ok"}},
    )
    hershy_twins.runtime.machine.is_down = True
    await hershy_twins.clock.sleep(timedelta(milliseconds=10))
    response = await client.get("/readyz")
    body = response.json()
    assert response.status_code == 503
    assert body == {
        "status": "unavailable",
        "checks": {"engine": "the container engine does not answer", "repository": "ok"},
        "error": "Service Unavailable",
        "code": 503,
        "message": "engine: the container engine does not answer",
    }
    hershy_twins.runtime.machine.is_down = False
    await hershy_twins.clock.sleep(timedelta(minutes=1))
    assert (await client.get("/readyz")).status_code == 200


class TroubledRepository(InMemoryRepository):
    """Fails, or hangs, when asked for the journal; counts how often."""

    error: Exception | None = None
    gate: asyncio.Event | None = None
    asked = 0

    async def journal(self, *args: Any, **kwargs: Any) -> Sequence[JournalEntry]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        if self.gate is not None:
            await self.gate.wait()
        return await super().journal(*args, **kwargs)


@pytest.fixture
async def troubled() -> AsyncIterator[tuple[TroubledRepository, httpx.AsyncClient]]:
    container = twin_container()
    repository = TroubledRepository()
    container.repository.override(providers.Object(repository))
    async with open_twins(container) as twins:
        transport = AsgiTransport(create_app(twins.host))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield repository, client


@pytest.mark.parametrize("error", [RepositoryUnavailable("the disk is full"), OSError("the disk is full")])
async def test_the_repository_fails(troubled: tuple[TroubledRepository, httpx.AsyncClient], error: Exception) -> None:
    """Not ready, with its own words."""
    repository, client = troubled
    repository.error = error
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["checks"]["repository"]) == (503, "the disk is full")


async def test_the_repository_hangs(
    troubled: tuple[TroubledRepository, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer comes all the same, and questions don't pile up behind the one that hangs."""
    repository, _ = troubled
    repository.gate = asyncio.Event()

    class Asked:
        async def journal(self, *, limit: int) -> Sequence[JournalEntry]:
            return await repository.journal(limit=limit)

    check = _operation.RepositoryCheck(Asked(), deadline_s=0.001)  # type: ignore[arg-type]
    verdicts = await asyncio.gather(*(check.verdict() for _ in range(3)))
    assert verdicts == ["no answer within 0.001 s"] * 3
    assert await check.verdict() == verdicts[0]
    assert repository.asked == 1
    repository.gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    patient = _operation.RepositoryCheck(Asked(), deadline_s=10)  # type: ignore[arg-type]
    assert await patient.verdict() == "ok"


async def test_metrics_of_programs(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """States, transitions, builds, exits, restarts, deletions, and how long builds and starts take."""
    before = await scraped(client)
    assert before["hershy_programs", "Ready"] == 0, "every state is there from the beginning"
    assert before["hershy_exits_total", "out_of_memory"] == 0
    assert before["hershy_engine_up",] == 1
    always = RestartPolicy(RestartMode.ALWAYS)
    program = await hershy_twins.ready("FROM scratch\nRUN make", restart_policy=always)
    await hershy_twins.create("FROM base:1")
    await hershy_twins.runtime.exit(program.id, 3)
    async with hershy_twins.host.events(program.id) as published:
        while (await hershy_twins.host.get(program.id)).restarts.count == 0:
            await anext(published)
        during = await scraped(client)
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    await hershy_twins.host.stop(program.id)
    await hershy_twins.host.wait_for(program.id, ProgramState.STOPPED)
    assert during["hershy_event_subscribers",] == 1
    after = await scraped(client)
    assert after["hershy_programs", "Stopped"] == after["hershy_programs", "Created"] == 1
    assert after["hershy_publish_ports_leased",] == 2
    assert after["hershy_event_subscribers",] == 0
    assert after["hershy_transitions_total", "Created"] == 2
    assert after["hershy_transitions_total", "Ready"] == 2
    assert after["hershy_transitions_total", "Starting"] == 2
    assert after["hershy_exits_total", "code"] == after["hershy_exits_total", "requested"] == 1
    assert after["hershy_restarts_total",] == 1
    assert after["hershy_builds_total", "succeeded"] == after["hershy_build_seconds_count",] == 1
    assert after["hershy_start_to_ready_seconds_count",] == 1, "a restart by policy is no start"
    assert after["hershy_build_seconds_sum",] < after["hershy_start_to_ready_seconds_sum",] < 60
    await hershy_twins.host.delete(program.id)
    gone = await scraped(client)
    assert gone["hershy_deletions_total",] == 1
    assert gone["hershy_programs", "Stopped"] == 0


async def test_metrics_of_builds(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Failed and cancelled ones are told apart, and not measured."""
    failing = await hershy_twins.create("FROM base:1")
    hershy_twins.builder.fail_next("no such package")
    await hershy_twins.host.start(failing.id)
    await hershy_twins.host.wait_for(failing.id, ProgramState.ERROR)
    cancelled = await hershy_twins.create("FROM base:2\nRUN make")
    await hershy_twins.host.start(cancelled.id)
    await hershy_twins.host.stop(cancelled.id)
    await hershy_twins.host.wait_for(cancelled.id, ProgramState.STOPPED)
    samples = await scraped(client)
    assert samples["hershy_builds_total", "failed"] == samples["hershy_builds_total", "cancelled"] == 1
    assert samples["hershy_build_seconds_count",] == samples["hershy_start_to_ready_seconds_count",] == 0


async def test_metrics_while_the_engine_is_away(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """They are answered, and say so."""
    hershy_twins.runtime.machine.is_down = True
    await hershy_twins.clock.sleep(timedelta(milliseconds=10))
    assert (await scraped(client))["hershy_engine_up",] == 0
    hershy_twins.runtime.machine.is_down = False


async def test_metrics_of_requests(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """By route template, whatever callers put into paths and methods: the number of series is bounded."""
    program = await hershy_twins.ready()
    for n in range(50):
        await client.get(f"/programs/nobody-{n}")
        await client.get(f"/nothing/{n}")
        await client.request(f"M{n}", "/programs")
        await client.get(f"/programs/{program.id}/proxy/watcher/status?n={n}")
    await client.put("/programs")
    samples = await scraped(client)
    requests = {labels[1:]: value for labels, value in samples.items() if labels[0] == "hershy_http_requests_total"}
    assert requests == {
        ("GET", "/programs/{program_id}", "404"): 50,
        ("GET", "unmatched", "404"): 50,
        ("OTHER", "/programs", "405"): 50,
        ("PUT", "/programs", "405"): 1,
        ("GET", "/programs/{program_id}/proxy/{path}", "200"): 50,
    }
    assert samples["hershy_http_request_seconds_count", "GET", "/programs/{program_id}"] == 50


async def test_each_host_counts_for_itself(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Nothing is global: another Host in the process begins at nothing; two applications of one Host may be made."""
    await hershy_twins.create()
    create_app(hershy_twins.host)
    assert (await scraped(client))["hershy_transitions_total", "Created"] == 1
    async with open_twins() as other:
        transport = AsgiTransport(create_app(other.host))
        async with httpx.AsyncClient(transport=transport, base_url="http://other") as there:
            assert (await scraped(there))["hershy_transitions_total", "Created"] == 0


async def test_metrics_of_the_process(client: httpx.AsyncClient) -> None:
    """Memory and processor time of the Host itself."""
    samples = await scraped(client)
    assert samples["process_resident_memory_bytes",] > 0
    assert ("hershy_exits_total", ExitKind.ENGINE_LOST) in samples
