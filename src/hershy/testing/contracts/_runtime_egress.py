"""The Runtime contract of containers without egress: reached at their endpoint like any other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.programs.domain.egress import Egress
from hershy.programs.ports.runtime import ContainerSpec, Runtime

from ._runtime_base import Answers, MakeSpec, RuntimeContractBase, Script

SERVES = Script(serves=True)
PATIENCE = timedelta(seconds=20)
BRIEFLY = timedelta(milliseconds=200)


def unplugged(spec: ContainerSpec) -> ContainerSpec:
    return replace(spec, egress=Egress.NONE)


@pytest.mark.asyncio
class RuntimeEgressContract(RuntimeContractBase):
    async def test_without_egress_it_is_reached(self, runtime: Runtime, make_spec: MakeSpec, answers: Answers) -> None:
        """Its endpoint answers from its start to its stop."""
        container_id = await runtime.create(unplugged(make_spec(SERVES)))
        endpoint = await runtime.start(container_id)
        assert await answers(endpoint, PATIENCE)
        await runtime.stop(container_id, timedelta())
        assert not await answers(endpoint, BRIEFLY)

    async def test_start_twice_without_egress(self, runtime: Runtime, make_spec: MakeSpec, answers: Answers) -> None:
        """Starting what runs changes nothing, and it is still reached."""
        container_id = await self.started(runtime, unplugged(make_spec(SERVES)))
        assert await answers(await runtime.start(container_id), PATIENCE)

    async def test_egress_is_told(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Each container is listed with its egress and its publish port, before it is started and after."""
        specs = [make_spec(SERVES), unplugged(make_spec(SERVES))]
        made = [await runtime.create(spec) for spec in specs]
        for _ in range(2):
            statuses = {it.program_id: it for it in await runtime.list_owned()}
            found = [(statuses[it.program_id].egress, statuses[it.program_id].publish_port) for it in specs]
            assert found == [(it.egress, it.publish_port) for it in specs]
            for container_id in made:
                await runtime.start(container_id)
