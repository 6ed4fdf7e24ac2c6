"""What every LocalRuntime adapter keeps besides: publish ports of this machine, with egress and without."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest

from hershy.core.endpoint import Endpoint
from hershy.core.ids import PublishPort
from hershy.errors import InvalidValue, PortHeld
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import ContainerSpec

from ._runtime_base import FOREVER, Answers, MakeSpec, Script
from ._runtime_egress import BRIEFLY, PATIENCE, SERVES, unplugged
from .runtime import RuntimeContract

HoldPort = Callable[[PublishPort], AbstractContextManager[None]]


def port_of(spec: ContainerSpec) -> PublishPort:
    assert spec.publish_port is not None, "make_spec gives each program a port"
    return spec.publish_port


def endpoint_of(spec: ContainerSpec) -> Endpoint:
    return port_of(spec).endpoint


@pytest.mark.asyncio
class LocalRuntimeContract(RuntimeContract):
    """The whole contract of a local runtime. Override these fixtures too:

    * ``hold_port``: a context manager in which a stranger holds a port of this machine.
    * ``successor``: another adapter of the same owner and engine, as the Host after this one has.
    """

    async def test_the_endpoint_is_that_of_the_port(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """Callers who know the port reach the program by it."""
        spec = make_spec(FOREVER)
        assert await runtime.start(await runtime.create(spec)) == endpoint_of(spec)

    async def test_no_container_without_a_port(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """Nobody could reach it."""
        with pytest.raises(InvalidValue, match="publish port"):
            await runtime.create(replace(make_spec(FOREVER), publish_port=None))
        assert not await runtime.list_owned()

    async def test_nothing_answers_before_the_start(
        self, runtime: LocalRuntime, make_spec: MakeSpec, answers: Answers
    ) -> None:
        """A created container without egress is not reached yet."""
        spec = unplugged(make_spec(SERVES))
        await runtime.create(spec)
        assert not await answers(endpoint_of(spec), BRIEFLY)

    async def test_whether_a_port_is_free(
        self, runtime: LocalRuntime, make_spec: MakeSpec, hold_port: HoldPort
    ) -> None:
        """Not while a stranger listens on it, nor while a container publishes it, with egress or without."""
        plain, closed = make_spec(FOREVER), unplugged(make_spec(FOREVER))
        for spec in (plain, closed):
            assert await runtime.is_port_free(port_of(spec))
            with hold_port(port_of(spec)):
                assert not await runtime.is_port_free(port_of(spec))
            container_id = await self.started(runtime, spec)
            assert not await runtime.is_port_free(port_of(spec))
            await runtime.remove(container_id)
            assert await runtime.is_port_free(port_of(spec))

    async def test_ports_with_and_without_egress_are_told(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """Whoever passes connections on."""
        specs = [make_spec(SERVES), unplugged(make_spec(SERVES))]
        for spec in specs:
            await self.started(runtime, spec)
        assert {port_of(it) for it in specs} <= set(await runtime.published_ports())

    async def test_published_ports(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """The ports of running containers are told, and no longer once they have ended."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        await runtime.start(container_id)
        assert spec.publish_port in await runtime.published_ports()
        await runtime.stop(container_id, timedelta())
        await runtime.remove(container_id)
        assert spec.publish_port not in await runtime.published_ports()

    async def test_start_on_held_port(self, runtime: LocalRuntime, make_spec: MakeSpec, hold_port: HoldPort) -> None:
        """A stranger on the publish port gives PortHeld with its number; the container remains, not running."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        with hold_port(port_of(spec)), pytest.raises(PortHeld) as caught:
            await runtime.start(container_id)
        assert str(caught.value.port) == str(spec.publish_port)
        (status,) = await runtime.list_owned()
        assert not status.is_running

    async def test_start_once_the_port_is_free(
        self, runtime: LocalRuntime, make_spec: MakeSpec, hold_port: HoldPort
    ) -> None:
        """The same container starts when the stranger has gone."""
        spec = make_spec(FOREVER)
        container_id = await runtime.create(spec)
        with hold_port(port_of(spec)), pytest.raises(PortHeld):
            await runtime.start(container_id)
        await runtime.start(container_id)
        (status,) = await runtime.list_owned()
        assert status.is_running

    async def test_port_of_another_container(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """A port that a running container has is held too."""
        first, second = make_spec(FOREVER), make_spec(FOREVER)
        await self.started(runtime, first)
        container_id = await runtime.create(replace(second, publish_port=first.publish_port))
        with pytest.raises(PortHeld):
            await runtime.start(container_id)

    async def test_held_port_without_egress(
        self, runtime: LocalRuntime, make_spec: MakeSpec, hold_port: HoldPort, answers: Answers
    ) -> None:
        """A stranger on the publish port gives PortHeld; once that has gone, the same container starts."""
        spec = unplugged(make_spec(SERVES))
        container_id = await runtime.create(spec)
        with hold_port(port_of(spec)), pytest.raises(PortHeld) as caught:
            await runtime.start(container_id)
        assert str(caught.value.port) == str(spec.publish_port)
        (status,) = await runtime.list_owned()
        assert not status.is_running
        await runtime.start(container_id)
        assert await answers(endpoint_of(spec), PATIENCE)

    async def test_port_of_a_container_without_egress_is_held(self, runtime: LocalRuntime, make_spec: MakeSpec) -> None:
        """Nobody else gets its port while it runs, with egress or without."""
        first = unplugged(make_spec(SERVES))
        await self.started(runtime, first)
        for spec in (make_spec(SERVES), unplugged(make_spec(SERVES))):
            container_id = await runtime.create(replace(spec, publish_port=first.publish_port))
            with pytest.raises(PortHeld):
                await runtime.start(container_id)

    async def test_port_is_free_after_an_exit(
        self, runtime: LocalRuntime, make_spec: MakeSpec, answers: Answers
    ) -> None:
        """What ended by itself has given up its port by the time its end is told."""
        ended = unplugged(make_spec(Script(exit_code=3)))
        container_id = await self.started(runtime, ended)
        assert (await self.ended(runtime, container_id)).code == 3
        following = replace(unplugged(make_spec(SERVES)), publish_port=ended.publish_port)
        await self.started(runtime, following)
        assert await answers(endpoint_of(following), PATIENCE)

    async def test_a_successor_takes_it_up(
        self, runtime: LocalRuntime, successor: LocalRuntime, make_spec: MakeSpec, answers: Answers
    ) -> None:
        """A container without egress outlives its adapter, and is reached again when another is told to start it."""
        spec = unplugged(make_spec(SERVES))
        container_id = await self.started(runtime, spec)
        assert await answers(endpoint_of(spec), PATIENCE)
        await runtime.aclose()
        (status,) = await successor.list_owned()
        assert (status.container_id, status.is_running) == (container_id, True)
        assert not await answers(endpoint_of(spec), BRIEFLY)
        await successor.start(container_id)
        assert await answers(endpoint_of(spec), PATIENCE)

    async def test_a_successor_finds_the_port_held(
        self, runtime: LocalRuntime, successor: LocalRuntime, make_spec: MakeSpec, hold_port: HoldPort
    ) -> None:
        """A stranger who took the port meanwhile gives PortHeld; the container goes on running."""
        spec = unplugged(make_spec(SERVES))
        container_id = await self.started(runtime, spec)
        await runtime.aclose()
        with hold_port(port_of(spec)), pytest.raises(PortHeld):
            await successor.start(container_id)
        (status,) = await successor.list_owned()
        assert status.is_running
