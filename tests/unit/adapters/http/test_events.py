"""What happens to programs, as server-sent events: nothing missed, nothing twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from dependency_injector import providers

from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.event_bus import EventsLost
from hershy.testing.twins import Twins, open_twins, twin_container
from hershy_adapters._asgi import AsgiTransport
from hershy_adapters.http.app import create_app
from hershy_adapters.memory.repository import InMemoryRepository

PATIENCE_S = 10
UNKNOWN = "alice-build-0123456789ab-00000000"


class Events:
    """Reads server-sent events one by one."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str | None, str, dict[str, Any]]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while "event" not in fields:
                fields = await self.block()
        return fields.get("id"), fields["event"], json.loads(fields["data"])

    async def block(self) -> dict[str, str]:
        """The fields up to the next blank line."""
        fields: dict[str, str] = {}
        while line := await anext(self._lines):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields


async def test_events_of_a_program(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """The present state first, then every change and build line in order, ending with its deletion."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = Events(response)
        number, name, data = await events.next()
        assert (number, name, data["state"]) == ("1", "state", "Created")
        assert set(data) == {*("id", "program_id", "at", "event", "state", "detail", "error_msg", "actor")}
        await hershy_twins.host.start(program.id)
        states, lines, numbers = [], [], []
        while "Ready" not in states:
            number, name, data = await events.next()
            if name == "state":
                numbers.append(int(number or 0))
                states.append(data["state"])
            else:
                assert (name, number) == ("build", None)
                lines.append(data["line"])
        assert states == ["Building", "Built", "Starting", "Running", "Ready"]
        assert any("FROM scratch" in line for line in lines)
        assert numbers == sorted(numbers)
        await hershy_twins.host.delete(program.id)
        while name != "deleted":
            _, name, data = await events.next()
        assert data["program_id"] == str(program.id)
        with pytest.raises(StopAsyncIteration):
            await events.next()


async def test_events_of_all(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Every program's events, from the moment the stream is open."""
    async with client.stream("GET", "/events") as response:
        events = Events(response)
        waiting = asyncio.ensure_future(events.next())
        # The subscription begins after the headers, unseen from here; virtual time passes when all the rest waits.
        await hershy_twins.clock.sleep(timedelta(seconds=1))
        program = await hershy_twins.create(user="bob")
        _, name, data = await waiting
        assert (name, data["program_id"], "previous" in data) == ("state", str(program.id), False)


async def test_callers_are_told_when_to_come_back(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A stream begins with the time to wait before reconnecting; that of all also with the id to come back with."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        assert await Events(response).block() == {"retry": "2000"}
    async with client.stream("GET", "/events") as response:
        assert await Events(response).block() == {"retry": "2000", "id": "1"}


@pytest.mark.parametrize("of_all", [False, True])
@pytest.mark.parametrize("how", ["header", "query"])
async def test_resume(client: httpx.AsyncClient, hershy_twins: Twins, how: str, *, of_all: bool) -> None:
    """Whatever happened while the connection was down is told, once, in order; then what happens next."""
    host = hershy_twins.host
    program, other = await hershy_twins.create(), await hershy_twins.create()
    url = "/events" if of_all else f"/programs/{program.id}/events"
    told: list[tuple[int, str]] = []

    async def listen(state: str) -> None:
        seen = str(told[-1][0] if told else 0)
        resuming: Any = {"headers": {"Last-Event-ID": seen}} if how == "header" else {"params": {"last_event_id": seen}}
        async with client.stream("GET", url, **resuming) as response:
            events = Events(response)
            while not told or told[-1][1] != state:
                number, name, data = await events.next()
                if name == "state":
                    told.append((int(number or 0), data["state"]))

    await host.start(program.id)
    await listen("Built")
    await host.wait_for(program.id, ProgramState.READY)
    await host.start(other.id)
    await host.wait_for(other.id, ProgramState.READY)
    await host.stop(program.id)
    await listen("Stopped")
    assert told == [(it.id, it.state) for it in await host.journal(None if of_all else program.id)]


async def test_resume_of_a_deleted_program(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Who has not seen its end is told of it; who has, and who comes without an id, finds no such program."""
    program = await hershy_twins.create()
    url = f"/programs/{program.id}/events"
    await hershy_twins.host.delete(program.id)
    async with client.stream("GET", url, headers={"Last-Event-ID": "1"}) as response:
        events = Events(response)
        told = [await events.next(), await events.next()]
        with pytest.raises(StopAsyncIteration):
            await events.next()
    assert [(name, data["event"]) for _, name, data in told] == [("state", "delete requested"), ("deleted", "deleted")]
    last = told[-1][0]
    assert last is not None
    assert (await client.get(url, headers={"Last-Event-ID": last})).status_code == 404
    assert (await client.get(url)).status_code == 404
    assert (await client.get(f"/programs/{UNKNOWN}/events?last_event_id=0")).status_code == 404


async def test_an_id_of_another_life(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A journal that has begun anew is followed from its present, not from an id it may reach one day."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events?last_event_id=99") as response:
        assert (await Events(response).next())[2]["state"] == "Created"
    async with client.stream("GET", "/events?last_event_id=99") as response:
        assert (await Events(response).block())["id"] == "1"


class DurableRepository(InMemoryRepository):
    """Outlives its Hosts, as a database does."""

    durable = True


@asynccontextmanager
async def host_on(world: Twins | None) -> AsyncIterator[tuple[Twins, httpx.AsyncClient]]:
    """A Host, and a client of it; on the repository, the storage and the machine of an earlier one, if given."""
    container = twin_container()
    container.repository.override(providers.Object(world.repository if world else DurableRepository()))
    if world is not None:
        for port in ("storage", "runtime", "builder", "clock", "proxy"):
            getattr(container, port).override(providers.Object(getattr(world, port)))
    async with open_twins(container) as twins:
        transport = AsgiTransport(create_app(twins.host))
        async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
            yield twins, client


@pytest.mark.parametrize("of_all", [False, True])
async def test_resume_across_a_restart_of_the_host(*, of_all: bool) -> None:
    """The next Host on the same repository goes on where the one before was left."""
    async with host_on(None) as (twins, client):
        program = await twins.create()
        url = "/events?last_event_id=0" if of_all else f"/programs/{program.id}/events"
        async with client.stream("GET", url) as response:
            seen, _, data = await Events(response).next()
            assert data["state"] == "Created"
        await twins.host.start(program.id)
        await twins.host.wait_for(program.id, ProgramState.READY)
    async with host_on(twins) as (twins, client):
        async with client.stream("GET", url, headers={"Last-Event-ID": str(seen)}) as response:
            events, told = Events(response), []
            while "Stopped" not in told:
                _, name, data = await events.next()
                told.append(data["state"] if name == "state" else name)
                if data.get("event") == "host restarted":
                    await twins.host.stop(program.id)
        assert told == ["Building", "Built", "Starting", "Running", "Ready", "Ready", "Stopping", "Stopped"]
        await twins.host.delete(program.id)


async def test_lost_events(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """A gap is told, with its size."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        events = Events(response)
        await events.next()
        hershy_twins.event_bus.publish(program.id, hershy_twins.clock.now(), EventsLost(7))
        _, name, data = await events.next()
        assert (name, data) == ("lost", {"count": 7})


async def test_subscription_released(client: httpx.AsyncClient, transport: AsgiTransport, hershy_twins: Twins) -> None:
    """A caller that goes away leaves no task behind."""
    program = await hershy_twins.create()
    async with client.stream("GET", f"/programs/{program.id}/events") as response:
        await Events(response).next()
        exchange = next(iter(transport.exchanges))
    async with asyncio.timeout(PATIENCE_S):
        await exchange
