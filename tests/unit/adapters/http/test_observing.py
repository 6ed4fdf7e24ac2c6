"""The journal and the statistics of a program."""

from datetime import datetime, timedelta

import httpx

from hershy.programs.domain.state import ProgramState
from hershy.testing.twins import Twins

from .test_refusals import UNKNOWN, require_refusal

STATS = {
    *("program_id", "state", "cpu_cores", "cpu_seconds", "memory_bytes", "memory_limit_bytes", "pids"),
    *("network_rx_bytes", "network_tx_bytes", "state_bytes", "timestamp"),
}


async def test_journal(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What has happened, oldest first, in pages; also once the program is deleted."""
    program = await hershy_twins.ready()
    await hershy_twins.ready()
    url = f"/programs/{program.id}/journal"
    body = (await client.get(url)).json()
    assert set(body) == {"program_id", "entries", "count"}
    assert (body["program_id"], body["count"]) == (str(program.id), len(body["entries"]))
    events = [it["event"] for it in body["entries"]]
    assert (events[0], events[-1]) == ("registered", "readiness reached")
    assert set(body["entries"][0]) == {*("id", "program_id", "at", "event", "state", "detail", "error_msg", "actor")}
    assert body["entries"][1]["previous"] == "Created"
    third = body["entries"][2]["id"]
    page = (await client.get(url, params={"after": third, "limit": 2})).json()["entries"]
    assert page == body["entries"][3:5]
    assert (await client.get(url, params={"limit": 1})).json()["entries"] == body["entries"][-1:]
    await hershy_twins.host.delete(program.id)
    last = (await client.get(url)).json()["entries"][-1]
    assert (last["event"], "state" in last) == ("deleted", False)


async def test_exits_are_in_the_journal(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """Typed and in words, with the last log lines."""
    program = await hershy_twins.ready()
    await hershy_twins.runtime.exit(program.id, 3)
    async with hershy_twins.host.events(program.id) as published:
        while (await hershy_twins.host.get(program.id)).state is not ProgramState.ERROR:
            await anext(published)
    entry = (await client.get(f"/programs/{program.id}/journal")).json()["entries"][-1]
    assert entry["exit_reason"] == {"kind": "code", "code": 3}
    assert "program started" in entry["detail"]
    assert entry["error_msg"] == entry["detail"]


async def test_journal_refusals(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """One never heard of is a 404, a page that cannot be a 400."""
    for program_id in (UNKNOWN, "nobody"):
        require_refusal(await client.get(f"/programs/{program_id}/journal"), 404, program_id)
    program = await hershy_twins.create()
    for query in ("after=x", "after=-1", "limit=0", "limit=1001"):
        require_refusal(await client.get(f"/programs/{program.id}/journal?{query}"), 400, query.partition("=")[0])


async def test_stats(client: httpx.AsyncClient, hershy_twins: Twins) -> None:
    """What a running program uses; nothing of what only a container has, while there is none."""
    program = await hershy_twins.create()
    body = (await client.get(f"/programs/{program.id}/stats")).json()
    assert set(body) == {"program_id", "state", "state_bytes", "timestamp"}
    await hershy_twins.host.start(program.id)
    await hershy_twins.host.wait_for(program.id, ProgramState.READY)
    await hershy_twins.clock.sleep(timedelta(minutes=1))
    body = (await client.get(f"/programs/{program.id}/stats")).json()
    assert set(body) == STATS
    assert None not in body.values()
    assert body["state"] == "Ready"
    assert body["memory_limit_bytes"] == program.options.resources.memory_bytes
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    require_refusal(await client.get(f"/programs/{UNKNOWN}/stats"), 404)
