"""Builder: a Dockerfile and sources become an image."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hershy.core.diagnosis import Requirement
from hershy.core.ids import BuildID, ImageID

from .policy import BuildPolicy
from .spec import BuildSpec

BuildOutput = Callable[[str], None]
"""Takes one line of build output, without its line end. Must not block and must not raise."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """``spec.build_id`` names the image; ``timeout`` is how long the caller waits, the whole build included.

    ``policy`` is the operator's: the same for all builds of one builder.
    """

    spec: BuildSpec
    timeout: timedelta = timedelta(minutes=10)
    policy: BuildPolicy = BuildPolicy()


class Builder(ABC):
    """Builds and keeps images named ``hersh-program-{build_id}``. Safe for concurrent use by one event loop."""

    @abstractmethod
    async def build(self, request: BuildRequest, output: BuildOutput) -> ImageID:
        """Return the image of this BuildID, building it only if the engine does not have it.

        Concurrent calls for one BuildID share one build: each gets all of its output (a late one the lines so
        far first, at most the last 10 000 or 8 MiB) and its result. Lines come while the build runs. An image
        that exists gives one line that says so. ``spec.digest`` decides whether it is this one: BuildID and name are
        short enough for somebody to find two specifications that share them.
        The context holds the Dockerfile and every source file that ``.dockerignore`` does not exclude; a file
        is executable if it begins with ``#!``.

        Raises BuildError (``tail``: the failing step's last output lines, at most 30) when ``request.policy`` forbids
        what is to be built (then nothing is begun), a step fails, the image is larger than the policy allows (then it
        is removed), the BuildID is taken by another specification or the builder is closed meanwhile,
        EngineUnavailable when the engine does not answer, DeadlineExceeded after ``request.timeout``. After an error
        no image of this specification is left behind. Cancelling, like a passed deadline, ends the build if no other
        caller waits for it, and returns once it has ended.
        """

    @abstractmethod
    async def find(self, build_id: BuildID) -> ImageID | None:
        """Return the image that has this BuildID's name, or None; which specification it is of, ``build`` compares.

        Raises EngineUnavailable.
        """

    @abstractmethod
    async def remove(self, build_id: BuildID) -> None:
        """Drop the image's name, and its layers if nothing else needs them. An absent image is no error.

        Raises EngineUnavailable, and RuntimeFailure when the engine refuses (a container still uses it).
        """

    @abstractmethod
    async def trim_cache(self, most_bytes: int, unused_for: timedelta) -> int:
        """Drop what is kept to make the next builds faster: what has not been used for so long, and, the longest unused
        first, what is above ``most_bytes``. Return how many bytes were freed.

        No image is touched, nor what an image needs; nor, where the cache is shared with others than hershy, anything
        but a cache. What a build under way uses stays. Raises EngineUnavailable, and RuntimeFailure.
        """

    @abstractmethod
    async def diagnose(self) -> Sequence[Requirement]:
        """Say what this adapter needs from the machine and whether it is there. Never raises for what it finds."""

    @abstractmethod
    async def aclose(self) -> None:
        """Cancel what is being built, wait for its end and release connections.

        Idempotent; releases also when it fails.
        """
