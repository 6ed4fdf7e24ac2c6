"""Kept connections to programs, of which none is used again on which the program has said more than it was asked."""

import select
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace


class Connector(aiohttp.TCPConnector):
    """The client hands out whatever is still open: an answer too many, come after the one before it was over, would be
    taken for the answer to the next request, and so on for ever.
    """

    def __init__(self, keepalive_timeout: float) -> None:
        super().__init__(limit=0, keepalive_timeout=keepalive_timeout)
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert protocol is not None
            if protocol not in self._used:
                self._used.add(protocol)
                return connection
            if not _has_spoken(protocol):
                return connection
            connection.close()


def _has_spoken(protocol: ResponseHandler) -> bool:
    """Whether anything, an end included, has come since the last answer: read already, or waiting in the kernel."""
    if protocol.should_close or protocol.transport is None:
        return True
    poll = select.poll()
    poll.register(protocol.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))
