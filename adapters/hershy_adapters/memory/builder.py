"""InMemoryBuilder: builds take virtual time, print lines and fail on demand; nothing is executed."""

from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from hershy.builds.builder import Builder, BuildOutput, BuildRequest
from hershy.builds.dockerfile import Instruction
from hershy.builds.dockerignore import DOCKERIGNORE, included
from hershy.builds.spec import DOCKERFILE, BuildSpec
from hershy.core.adapter import AdapterContext
from hershy.core.clock import Clock
from hershy.core.diagnosis import Requirement
from hershy.core.ids import BuildID, ImageID
from hershy.errors import BuildError, EngineUnavailable
from hershy_adapters._names import image_name
from hershy_adapters._shared_build import SharedBuilds, taken

from ._build_step import BuildStage, announced, steps_of

TAIL_LINES = 30


class _Failure(NamedTuple):
    message: str
    tail: Sequence[str]


class InMemoryBuilder(Builder):
    """Reads the Dockerfile, and fails where a real builder would for its syntax or a missing ``COPY`` source.

    ``RUN`` steps act on ``echo``, ``sleep``, ``exit`` and ``false`` (``RUN exit 1`` fails); all other commands
    succeed silently. A build takes ``build_time`` on the clock, spread over its steps, and the sleeps in them. An
    image is as large as its context.
    """

    def __init__(self, clock: Clock, build_time: timedelta = timedelta(seconds=2)) -> None:
        self._clock = clock
        self._build_time = build_time
        self._shared = SharedBuilds(clock)
        self._images: dict[BuildID, tuple[ImageID, str]] = {}  # each with the digest of its specification
        self._next_failures: deque[_Failure] = deque()
        self._failures: dict[BuildID, _Failure] = {}
        self._cached: list[tuple[float, int]] = []  # when each was built, in the clock's seconds, and its bytes
        self.builds = 0
        """How many builds were begun; an image found, or a build joined, is none."""
        self.is_engine_up = True
        """False makes every call raise EngineUnavailable, and what is being built fail at its next step."""

    def fail_next(self, message: str, tail: Sequence[str] = ()) -> None:
        """Make the next build print ``tail`` in its last step and fail. Called twice, the next two."""
        self._next_failures.append(_Failure(message, tuple(tail)))

    def fail_build(self, build_id: BuildID, message: str, tail: Sequence[str] = ()) -> None:
        """Make every build of this BuildID fail so, until ``mend_build``."""
        self._failures[build_id] = _Failure(message, tuple(tail))

    def mend_build(self, build_id: BuildID) -> None:
        """Take ``fail_build`` back. Idempotent."""
        self._failures.pop(build_id, None)

    def has_image(self, image_id: ImageID) -> bool:
        return any(image_id == held for held, _ in self._images.values())

    @property
    def cache_bytes(self) -> int:
        """What builds have left for the next: of each as much as its context."""
        return sum(size for _, size in self._cached)

    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        return await self._shared.run(request, output, partial(self._find_or_make, request))

    async def find(self, build_id: BuildID) -> ImageID | None:
        self._require_engine()
        found = self._images.get(build_id)
        return found and found[0]

    async def remove(self, build_id: BuildID) -> None:
        self._require_engine()
        self._images.pop(build_id, None)

    async def trim_cache(self, most_bytes: int, unused_for: timedelta) -> int:
        self._require_engine()
        before = self.cache_bytes
        oldest = self._clock.monotonic() - unused_for.total_seconds()
        self._cached = [it for it in self._cached if it[0] >= oldest]
        while self.cache_bytes > most_bytes:
            del self._cached[0]
        return before - self.cache_bytes

    async def diagnose(self) -> Sequence[Requirement]:
        if not self.is_engine_up:
            return [Requirement("in-memory builder", ok=False, detail="its engine is down", remedy="set is_engine_up")]
        return [Requirement("in-memory builder", ok=True, detail="needs nothing from this machine")]

    async def aclose(self) -> None:
        await self._shared.aclose()

    async def _find_or_make(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        spec, build_id = request.spec, request.spec.build_id
        found = await self.find(build_id)
        if found is not None:
            if self._images[build_id][1] != spec.digest:
                raise taken(build_id)
            output(f"{image_name(build_id)} exists and is not built again")
            return found
        self.builds += 1
        failure = self._next_failures.popleft() if self._next_failures else self._failures.get(build_id)
        await self._make(spec, output, failure)
        self._cached.append((self._clock.monotonic(), spec.size))
        if spec.size > request.policy.max_image_bytes:
            raise BuildError(f"the image has {spec.size} bytes; at most {request.policy.max_image_bytes}")
        image_id = ImageID(f"sha256:{spec.digest}")
        self._images[build_id] = image_id, spec.digest
        output(f"Successfully built {image_id.value[7:19]}")
        output(f"Successfully tagged {image_name(build_id)}:latest")
        return image_id

    async def _make(self, spec: BuildSpec, output: BuildOutput, failure: _Failure | None) -> None:
        printed: deque[str] = deque(maxlen=TAIL_LINES)
        try:
            steps = steps_of(spec.dockerfile)
            context = included(spec.src_files, spec.src_files.get(DOCKERIGNORE, ""))
            stage = BuildStage([*context, DOCKERFILE], spec.build_args)
            for number, step in enumerate(steps, start=1):
                printed.clear()
                outputs = [output, printed.append]
                _tell(outputs, f"Step {number}/{len(steps)} : {announced(step)}")
                await self._perform(step, stage, outputs, self._build_time / len(steps))
        except BuildError as error:
            raise BuildError(str(error), printed) from error
        if failure is not None:
            for line in failure.tail:
                output(line)
            raise BuildError(failure.message, failure.tail)

    async def _perform(
        self, step: Instruction, stage: BuildStage, outputs: Sequence[BuildOutput], takes: timedelta
    ) -> None:
        await self._clock.sleep(takes)
        self._require_engine()
        for happening in stage.perform(step):
            if isinstance(happening, timedelta):
                await self._clock.sleep(happening)
                self._require_engine()
            else:
                _tell(outputs, happening)

    def _require_engine(self) -> None:
        if not self.is_engine_up:
            raise EngineUnavailable(
                "the in-memory builder's engine is down", remedy="set is_engine_up to bring it back"
            )


def _tell(outputs: Sequence[BuildOutput], line: str) -> None:
    for output in outputs:
        output(line)


def create(context: AdapterContext) -> InMemoryBuilder:
    return InMemoryBuilder(context.clock)
