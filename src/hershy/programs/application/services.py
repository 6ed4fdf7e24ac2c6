"""What the application needs of the world."""

from dataclasses import dataclass

from hershy.builds.builder import Builder
from hershy.core.clock import Clock
from hershy.programs.ports.event_bus import EventBus
from hershy.programs.ports.proxy import Proxy
from hershy.programs.ports.repository import Repository
from hershy.programs.ports.runtime import Runtime
from hershy.programs.ports.storage import Storage

from .images import Images
from .output.archive import LogArchive
from .policy import HostPolicy
from .port_leases import Leases


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
    port_leases: Leases
    images: Images
    log_archive: LogArchive
    limits: HostPolicy
