"""Connections on which nothing is asked at the moment: the first to go when a server is full."""

import asyncio


class WithoutRequest:
    """New ones, ones whose headers have not ended, and ones kept after an answer; the longest without one goes first.

    Nobody can therefore keep others out by connections alone: it takes requests, which a user has a share of.
    """

    def __init__(self) -> None:
        self._transports: dict[asyncio.BaseTransport, None] = {}

    def add(self, transport: asyncio.BaseTransport) -> None:
        self._transports[transport] = None

    def discard(self, transport: asyncio.BaseTransport) -> None:
        self._transports.pop(transport, None)

    def close_one(self) -> bool:
        """Close the one that has been so longest; False if there is none."""
        if not self._transports:
            return False
        oldest = next(iter(self._transports))
        self.discard(oldest)
        oldest.close()
        return True
