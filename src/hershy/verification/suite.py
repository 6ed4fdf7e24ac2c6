"""All tries, in order: those from inside, those that need somebody outside to look, those that end a program."""

from collections.abc import AsyncGenerator

from hershy.client import AsyncClient

from .programs import LIMITS, STRANGER, Probes
from .rows import Row
from .shares import taken
from .surroundings import own_kernel, reached

GVISOR_RUNTIME = "runsc"
_SEEN_FROM_OUTSIDE = {
    *("connect", "name-of-address", "processes", "memory", "fill-state", "many-entries", "fill-log", "processor"),
}
_GIVEN = {
    "open-files": {"limit": LIMITS["open_files"]},
    "large-file": {"limit": LIMITS["state_bytes"]},
}


async def tried(client: AsyncClient, host_port: int, base: str, runtime: str) -> AsyncGenerator[Row, None]:
    """Every row, as it comes. Close it (``aclose``) to have its programs removed before its end."""
    probes = Probes(client, base)
    async with probes.deployed() as probe, probes.deployed() as neighbour:
        if runtime == GVISOR_RUNTIME:
            yield own_kernel(probe)
        for name in await probes.names(probe):
            if name not in _SEEN_FROM_OUTSIDE:
                yield await probe.ask(name, **_GIVEN.get(name, {}))
        async for row in reached(probe, neighbour, host_port):
            yield row
        async with probes.deployed(user=STRANGER) as stranger:
            yield await probe.ask("name-of-address", address=stranger.address)
        async for row in taken(probes, neighbour):
            yield row
