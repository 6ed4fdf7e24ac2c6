"""What holds code less well than hershy's defaults would: said aloud, whoever has chosen it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hershy.sandbox.domain.risk import DEFAULT_THRESHOLD
from hershy.sandbox.ports.sandbox import DEFAULT_IMAGE

if TYPE_CHECKING:
    from hershy.wiring import Settings

SAFEST = "runsc"


def of_settings(settings: "Settings", *, image: str, check: bool, threshold: int | None) -> Iterator[str]:
    """Sentences on a run in this process. ``image`` and ``threshold`` are those asked for, if any."""
    yield from _of_runtime(settings.adapter_name("sandbox"))
    origin = {it.name: it.source for it in settings.listed()}
    if not image and settings.sandbox.image != DEFAULT_IMAGE:
        yield f"Python code runs in {settings.sandbox.image} ({origin['sandbox_image']}), not in {DEFAULT_IMAGE}"
    if not check:
        yield "nobody looks at the code before it runs (--no-check)"
    elif threshold is not None:
        yield from _of_threshold(threshold, "--threshold")
    else:
        yield from _of_threshold(settings.sandbox.threshold, origin["sandbox_threshold"])


def of_a_host(runtime: str, threshold: int | None) -> Iterator[str]:
    """Sentences on a run at a Host, as its answer tells."""
    yield from _of_runtime(runtime)
    if threshold is not None:
        yield from _of_threshold(threshold, "there")


def _of_runtime(runtime: str) -> Iterator[str]:
    if runtime == "runc":
        yield f"runc holds the code, which shares the machine's kernel; {SAFEST} is the default"


def _of_threshold(threshold: int, source: str) -> Iterator[str]:
    if threshold > DEFAULT_THRESHOLD:
        yield f"code is refused from {threshold} points on ({source}); {DEFAULT_THRESHOLD} is the default"
