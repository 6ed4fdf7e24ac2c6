"""BuildKit's cache of the engine, kept within bounds: everybody's who builds there, since layers have no owner."""

import json
import math
from collections.abc import Mapping
from datetime import timedelta

import aiohttp

from .._engine import CONNECT_TIMEOUT_S, Engine
from .._errors import translated

TRIM_TIMEOUT_S = 600.0
"""Layers are removed one by one, and the engine answers when all have gone."""


async def trim_build_cache(engine: Engine, most_bytes: int, unused_for: timedelta) -> int:
    """See ``Builder.trim_cache``. The engine takes the two bounds together as *both*, so it is asked for each."""
    age = f"{math.ceil(unused_for.total_seconds())}s"
    return sum(
        [
            await _prune(engine, {"filters": json.dumps({"until": {age: True}})}),
            await _prune(engine, {"keep-storage": str(most_bytes)}),
        ]
    )


async def _prune(engine: Engine, parameters: Mapping[str, str]) -> int:
    """Without ``all`` the engine leaves what an image shares with the cache."""
    timeout = aiohttp.ClientTimeout(total=TRIM_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S)
    with translated("trimming", "the build cache"):
        answer = await engine.client._query_json("build/prune", method="POST", params=parameters, timeout=timeout)
    return int(answer["SpaceReclaimed"])
