"""What the application needs of the world, and the operator's limits on it."""

from dataclasses import dataclass
from datetime import timedelta

from hershy.domain.resources import MIB, ResourceLimits
from hershy.ports.builder import Builder
from hershy.ports.clock import Clock
from hershy.ports.event_bus import EventBus
from hershy.ports.proxy import Proxy
from hershy.ports.repository import Repository
from hershy.ports.runtime import Runtime
from hershy.ports.storage import Storage

from .images import Images
from .port_leases import PortLeases


@dataclass(frozen=True, slots=True)
class HostLimits:
    """Deadlines of the states that must not last, and the most a program may ask for.

    ``stop_grace`` is the time between SIGTERM and SIGKILL; ``engine`` bounds what else the engine is asked to do.
    """

    build: timedelta = timedelta(minutes=10)
    readiness: timedelta = timedelta(seconds=60)
    stop_grace: timedelta = timedelta(seconds=10)
    engine: timedelta = timedelta(seconds=60)
    max_resources: ResourceLimits = ResourceLimits(
        cpus=64, memory_bytes=64 * 1024 * MIB, pids=32_768, open_files=1_048_576, log_bytes=1024 * MIB
    )


@dataclass(frozen=True, slots=True)
class Services:
    """The wired adapters, and what the application keeps beside them for the whole Host."""

    builder: Builder
    runtime: Runtime
    proxy: Proxy
    repository: Repository
    storage: Storage
    clock: Clock
    event_bus: EventBus
    ports: PortLeases
    images: Images
    limits: HostLimits
