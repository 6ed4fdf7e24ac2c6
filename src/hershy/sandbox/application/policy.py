"""What the operator lets runs have."""

from dataclasses import dataclass, fields, replace
from datetime import timedelta

from hershy.builds.image_names import ANY, AllowedImages, ImageName
from hershy.builds.policy import OWN_IMAGES
from hershy.core.field_types import require_types
from hershy.core.resources import MIB
from hershy.errors import InvalidValue
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits
from hershy.sandbox.domain.risk import DEFAULT_THRESHOLD, require_threshold

MOST = SandboxLimits(
    timeout=timedelta(minutes=5),
    cpus=64,
    memory_bytes=4 * 1024 * MIB,
    pids=4096,
    open_files=65_536,
    output_bytes=16 * MIB,
    work_bytes=1024 * MIB,
    files_bytes=64 * MIB,
)

_LIMITS = fields(SandboxLimits)


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """``threshold``: the score at which code is refused, unless a caller sets another or does without.

    ``check_required``: callers can only be stricter. ``limits`` is what a run has where it asks for nothing else, and
    ``max_limits`` the most it may ask for. ``allowed_images``: as AllowedImages; ``python_image``, which code is run in
    that names none, always is, images of programs never. ``at_once`` runs are under way at one time,
    ``at_once_per_user`` of them for one user's token, and ``queue`` more may wait.
    """

    threshold: int = DEFAULT_THRESHOLD
    check_required: bool = False
    limits: SandboxLimits = SandboxLimits()
    max_limits: SandboxLimits = MOST
    allowed_images: tuple[str, ...] = (ANY,)
    python_image: str = ""
    at_once: int = 16
    at_once_per_user: int = 8
    queue: int = 64

    def __post_init__(self) -> None:
        require_threshold(self.threshold)
        require_types("sandbox policy", self)
        AllowedImages(self.allowed_images)
        for name in ("at_once", "at_once_per_user", "queue"):
            if getattr(self, name) < (name != "queue"):
                raise InvalidValue(f"sandbox policy: {name} is too low")

    def admit(self, job: SandboxJob) -> SandboxJob:
        """The job with its limits within the operator's. Raises InvalidValue, naming the field."""
        if job.image:
            self._require_allowed(ImageName.parse(job.image))
        return replace(job, limits=self._limits_of(job))

    def threshold_for(self, *, check: bool, threshold: int | None) -> int | None:
        """The score at which code is refused; None for never. Raises InvalidValue."""
        wanted = self.threshold if threshold is None else require_threshold(threshold)
        if self.check_required:
            if not check:
                raise InvalidValue("check: this Host runs no code unchecked")
            return min(wanted, self.threshold)
        return wanted if check else None

    @property
    def usual_limits(self) -> SandboxLimits:
        """Those of a run that asks for none, and so of the containers that are kept warm."""
        most = self.max_limits
        return SandboxLimits(**{it.name: min(getattr(self.limits, it.name), getattr(most, it.name)) for it in _LIMITS})

    def _limits_of(self, job: SandboxJob) -> SandboxLimits:
        """A limit that has its default value is one that was not asked for."""
        job.limits.within(self.max_limits)
        asked = {it.name: getattr(job.limits, it.name) for it in _LIMITS if getattr(job.limits, it.name) != it.default}
        return replace(self.usual_limits, **asked)

    def _require_allowed(self, image: ImageName) -> None:
        if str(image).startswith(OWN_IMAGES):
            raise InvalidValue(f"image: {image} belongs to a program")
        is_own = bool(self.python_image) and image == ImageName.parse(self.python_image)
        if not is_own and not AllowedImages(self.allowed_images).allows(image):
            raise InvalidValue(f"image: {image} is not among those that this Host runs (sandbox_allowed_images)")
