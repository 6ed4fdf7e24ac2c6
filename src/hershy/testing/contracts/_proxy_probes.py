"""What every Proxy's probes keep."""

from datetime import timedelta

import pytest

from hershy.core.clock import Clock
from hershy.core.endpoint import Endpoint
from hershy.programs.ports.proxy import Proxy

from ._proxy_base import A_MOMENT, PATIENCE, ProxyContractBase, route_of
from .proxy_program import ContractProgram


@pytest.mark.asyncio
class ProxyProbes(ProxyContractBase):
    async def test_probe(self, proxy: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """Any status completes an exchange; no route is needed."""
        for program.status in (200, 404, 500, 302):
            assert await proxy.probe(endpoint, PATIENCE) is True

    async def test_probe_without_answer(self, proxy: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """A program that accepts but does not answer in time is not ready."""
        program.status = None
        for path in (None, "/watcher/status"):
            assert await proxy.probe(endpoint, timedelta(seconds=0.2), path) is False

    async def test_probe_of_a_path(self, proxy: Proxy, program: ContractProgram, endpoint: Endpoint) -> None:
        """Only 200 to 399 passes; the path is asked for as it was given, and a redirect is not followed."""
        for status, passes in ((200, True), (302, True), (399, True), (400, False), (404, False), (503, False)):
            program.status = status
            assert await proxy.probe(endpoint, PATIENCE, "/watcher/status") is passes
        assert await proxy.probe(endpoint, PATIENCE, "/a%2Fb?deep=1")
        assert {it.method for it in program.received} == {"GET"}
        assert {it.target for it in program.received} == {"/watcher/status", "/a%2Fb?deep=1"}

    async def test_probe_of_a_path_needs_no_body(
        self, proxy: Proxy, program: ContractProgram, endpoint: Endpoint
    ) -> None:
        """The head of an answer whose body never ends, or breaks off, is enough."""
        for path in ("/stream", "/broken"):
            assert await proxy.probe(endpoint, PATIENCE, path) is True

    async def test_probe_of_a_path_that_cannot_be_sent(
        self, proxy: Proxy, program: ContractProgram, endpoint: Endpoint
    ) -> None:
        """It fails like any other; nothing is sent."""
        for path in ("", "no-slash", "/line\r\nbreak", "http://elsewhere/"):
            assert await proxy.probe(endpoint, PATIENCE, path) is False
        assert not program.received

    async def test_probes_are_no_use(self, routed: Proxy, clock: Clock, endpoint: Endpoint) -> None:
        """A program that is only probed becomes idle."""
        before = route_of(routed)
        await clock.sleep(A_MOMENT)
        for path in (None, "/watcher/status"):
            assert await routed.probe(endpoint, PATIENCE, path)
        assert route_of(routed) == before
