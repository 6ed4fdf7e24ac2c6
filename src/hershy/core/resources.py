"""How much of the machine one program may use."""

from dataclasses import dataclass

from .bounds import lowered, require_at_least

MIB = 1024 * 1024

LOWEST = {
    "cpus": 0.01,
    "memory_bytes": 6 * MIB,
    "pids": 1,
    "open_files": 16,
    "log_bytes": 64 * 1024,
    "state_bytes": MIB,
    "state_entries": 16,
    "scratch_bytes": 0,
}
"""6 MiB of memory is the least the engine itself accepts."""


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """Bounds of one container. Swap is always off, so ``memory_bytes`` is all there is.

    ``cpus`` counts cores (0.5 is half of one); ``log_bytes`` bounds what the engine keeps of its output,
    ``state_bytes`` what it may keep in ``/state``, and ``state_entries`` in how many files, folders and links: by
    default as many as the default of ``state_bytes`` has blocks of 4 KiB. ``scratch_bytes`` is what may be written into
    each of ``/tmp`` and ``/dev/shm``, which are memory, count as such, and are gone with the container; with 0 nothing
    can be written there.
    """

    cpus: float = 1.0
    memory_bytes: int = 256 * MIB
    pids: int = 256
    open_files: int = 1024
    log_bytes: int = 16 * MIB
    state_bytes: int = 1024 * MIB
    state_entries: int = 262_144
    scratch_bytes: int = 0

    def __post_init__(self) -> None:
        require_at_least("resources", self, LOWEST)

    def within(self, maximum: "ResourceLimits") -> "ResourceLimits":
        """These limits, where a default above the operator's ``maximum`` is lowered to it.

        Raises InvalidValue, naming the field, where a limit of the caller's own is above.
        """
        return lowered("resources", self, maximum)
