"""What is mounted over the places that an image, or a runtime by itself, would leave open to a program."""

from hershy.errors import RuntimeFailure
from hershy.programs.domain.security import STATE_MOUNT

from .policy import ImageFacts

SCRATCH = "/tmp"  # noqa: S108 -- a path inside the container
SHARED_MEMORY = "/dev/shm"  # noqa: S108 -- likewise
SCRATCH_MODE = 0o1777


def scratch_places(image: ImageFacts, scratch_bytes: int) -> tuple[str, ...]:
    """Where a file system in memory is mounted that can be written, if any was asked for.

    A working directory in one of them as well, because gVisor finds none in a file system that is empty.
    """
    if not scratch_bytes:
        return ()
    places = {SCRATCH, SHARED_MEMORY}
    return tuple(sorted(places | _working_dir_in(places, image)))


def masked_places(image: ImageFacts, scratch_bytes: int = 0) -> tuple[str, ...]:
    """Where an empty, read-only file system is mounted.

    An image's volumes, because each would be writable and unbounded. ``/tmp``, because gVisor puts a writable
    file system there of its own accord; under every runtime, so that a program meets the same thing everywhere.
    A working directory in one of these, as with ``scratch_places``.

    Raises RuntimeFailure for a volume inside ``/state``: mounted over, it would be a part that cannot be written.
    """
    for volume in image.volumes:
        if is_below(volume, STATE_MOUNT):
            raise RuntimeFailure(
                f"the image declares VOLUME {volume!r:.80}, a part of {STATE_MOUNT}, which is a volume already",
                remedy="leave the instruction out: what is written there is kept without it",
            )
    writable = {STATE_MOUNT, *scratch_places(image, scratch_bytes)}
    masks = {SCRATCH, *image.volumes} - writable
    return tuple(sorted(masks | (_working_dir_in(masks, image) - writable)))


def is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/")


def _working_dir_in(places: set[str], image: ImageFacts) -> set[str]:
    return {image.working_dir} if any(is_below(image.working_dir, place) for place in places) else set()
