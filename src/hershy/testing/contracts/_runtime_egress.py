"""The Runtime contract of containers without egress: reached at their publish port like any other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.errors import PortHeld
from hershy.programs.domain.egress import Egress
from hershy.programs.ports.runtime import ContainerSpec, Runtime

from ._runtime_base import Answers, HoldPort, MakeSpec, RuntimeContractBase, Script

SERVES = Script(serves=True)
PATIENCE = timedelta(seconds=20)
BRIEFLY = timedelta(milliseconds=200)


def unplugged(spec: ContainerSpec) -> ContainerSpec:
    return replace(spec, egress=Egress.NONE)


@pytest.mark.asyncio
class RuntimeEgressContract(RuntimeContractBase):
    async def test_without_egress_it_is_reached(self, runtime: Runtime, make_spec: MakeSpec, answers: Answers) -> None:
        """Its publish port answers from its start to its stop."""
        spec = unplugged(make_spec(SERVES))
        container_id = await runtime.create(spec)
        assert not await answers(spec.publish_port, BRIEFLY)
        await runtime.start(container_id)
        assert await answers(spec.publish_port, PATIENCE)
        await runtime.stop(container_id, timedelta())
        assert not await answers(spec.publish_port, BRIEFLY)

    async def test_start_twice_without_egress(self, runtime: Runtime, make_spec: MakeSpec, answers: Answers) -> None:
        """Starting what runs changes nothing, and it is still reached."""
        spec = unplugged(make_spec(SERVES))
        container_id = await self.started(runtime, spec)
        await runtime.start(container_id)
        assert await answers(spec.publish_port, PATIENCE)

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
        assert {it.publish_port for it in specs} <= await runtime.published_ports()

    async def test_held_port_without_egress(
        self, runtime: Runtime, make_spec: MakeSpec, hold_port: HoldPort, answers: Answers
    ) -> None:
        """A stranger on the publish port gives PortHeld; once that has gone, the same container starts."""
        spec = unplugged(make_spec(SERVES))
        container_id = await runtime.create(spec)
        with hold_port(spec.publish_port), pytest.raises(PortHeld) as caught:
            await runtime.start(container_id)
        assert str(caught.value.port) == str(spec.publish_port)
        (status,) = await runtime.list_owned()
        assert not status.is_running
        await runtime.start(container_id)
        assert await answers(spec.publish_port, PATIENCE)

    async def test_port_of_a_container_without_egress_is_held(self, runtime: Runtime, make_spec: MakeSpec) -> None:
        """Nobody else gets its port while it runs, with egress or without."""
        first = unplugged(make_spec(SERVES))
        await self.started(runtime, first)
        for spec in (make_spec(SERVES), unplugged(make_spec(SERVES))):
            container_id = await runtime.create(replace(spec, publish_port=first.publish_port))
            with pytest.raises(PortHeld):
                await runtime.start(container_id)

    async def test_port_is_free_after_an_exit(self, runtime: Runtime, make_spec: MakeSpec, answers: Answers) -> None:
        """What ended by itself has given up its port by the time its end is told."""
        ended = unplugged(make_spec(Script(exit_code=3)))
        container_id = await self.started(runtime, ended)
        assert (await self.ended(runtime, container_id)).code == 3
        following = replace(unplugged(make_spec(SERVES)), publish_port=ended.publish_port)
        await self.started(runtime, following)
        assert await answers(following.publish_port, PATIENCE)

    async def test_a_successor_takes_it_up(
        self, runtime: Runtime, successor: Runtime, make_spec: MakeSpec, answers: Answers
    ) -> None:
        """A container without egress outlives its adapter, and is reached again when another is told to start it."""
        spec = unplugged(make_spec(SERVES))
        container_id = await self.started(runtime, spec)
        assert await answers(spec.publish_port, PATIENCE)
        await runtime.aclose()
        (status,) = await successor.list_owned()
        assert (status.container_id, status.is_running) == (container_id, True)
        assert not await answers(spec.publish_port, BRIEFLY)
        await successor.start(container_id)
        assert await answers(spec.publish_port, PATIENCE)

    async def test_a_successor_finds_the_port_held(
        self, runtime: Runtime, successor: Runtime, make_spec: MakeSpec, hold_port: HoldPort
    ) -> None:
        """A stranger who took the port meanwhile gives PortHeld; the container goes on running."""
        spec = unplugged(make_spec(SERVES))
        container_id = await self.started(runtime, spec)
        await runtime.aclose()
        with hold_port(spec.publish_port), pytest.raises(PortHeld):
            await successor.start(container_id)
        (status,) = await successor.list_owned()
        assert status.is_running
