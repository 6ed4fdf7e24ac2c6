"""Periodic probing of a program that is Ready."""

from hershy.core.endpoint import Endpoint
from hershy.programs.domain import events as on
from hershy.programs.domain.program import Program

from ..services import Services


def endpoint_of(program: Program) -> Endpoint:
    assert program.endpoint is not None, "the reducer looks only for what has started"
    return program.endpoint


async def watch_health(
    services: Services, program: Program, is_healthy: bool
) -> on.HealthCheckFailed | on.HealthRestored:
    """Probe every ``interval`` until health changes: a single pass restores it, ``failures`` misses in a row end it."""
    check = program.options.health_check
    assert check is not None, "the reducer watches only what asked for it"
    missed = 0
    while True:
        await services.clock.sleep(check.interval)
        if await services.proxy.probe(endpoint_of(program), check.timeout, check.path):
            missed = 0
            if not is_healthy:
                return on.HealthRestored(program.epoch)
        else:
            missed += 1
            if is_healthy and missed >= check.failures:
                limit = f"within {check.timeout.total_seconds():g} s"
                detail = f"{missed} health checks in a row had no answer of 200 to 399 {limit} to GET {check.path}"
                return on.HealthCheckFailed(program.epoch, detail)
