"""Fault doubles of the Proxy port, under a Host."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector import providers

from hershy.errors import ProgramFailed, ProgramTimeout, ProgramUnreachable
from hershy.programs.ports.proxy import Proxy, ProxyRequest
from hershy.testing.faults.proxy import FailingProxy, NeverReadyProxy, SlowProxy
from hershy.testing.twins import open_twins, twin_container
from hershy_adapters.memory.proxy import InMemoryProxy

GET = ProxyRequest("GET", "/watcher/status", ())


def with_proxy(wrap: Callable[[Proxy], Proxy]) -> Any:
    container = twin_container()
    container.proxy.override(providers.Singleton(lambda: wrap(InMemoryProxy(container.runtime(), container.clock()))))
    return container


async def test_failing() -> None:
    """Programs become Ready, and no request or WebSocket reaches them."""
    async with open_twins(with_proxy(FailingProxy)) as twins:
        program = await twins.ready()
        with pytest.raises(ProgramUnreachable):
            await twins.host.request(program.id, GET)
        with pytest.raises(ProgramUnreachable):
            await twins.host.connect_websocket(program.id, "/", (), ())


async def test_failing_as_told() -> None:
    """The error may be chosen."""
    async with open_twins(with_proxy(lambda inner: FailingProxy(inner, ProgramTimeout("late")))) as twins:
        program = await twins.ready()
        with pytest.raises(ProgramTimeout):
            await twins.host.request(program.id, GET)


async def test_slow() -> None:
    """Every request takes its time, and is answered."""
    container = with_proxy(lambda inner: SlowProxy(inner, container.clock(), timedelta(seconds=7)))
    async with open_twins(container) as twins:
        program = await twins.ready()
        began = twins.clock.monotonic()
        assert (await twins.host.request(program.id, GET)).status == 200
        await (await twins.host.connect_websocket(program.id, "/", (), ())).aclose()
        assert twins.clock.monotonic() - began >= 14


async def test_never_ready() -> None:
    """A program that never answers a probe fails at its readiness deadline."""
    async with open_twins(with_proxy(NeverReadyProxy)) as twins:
        with pytest.raises(ProgramFailed, match="no HTTP answer"):
            await twins.ready()
