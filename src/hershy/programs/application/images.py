"""Images are shared by programs with one BuildID: built once, discarded with the last of them."""

import asyncio
from dataclasses import replace
from weakref import WeakValueDictionary

from hershy.builds.builder import Builder, BuildOutput, BuildRequest
from hershy.core.ids import BuildID, ImageID, ProgramID, UserID
from hershy.programs.ports.repository import ProgramFilter, Repository

from .build_queue import BuildQueue
from .policy import HostPolicy


class Images:
    """Keeps *discard* and *is it there?* of one BuildID apart.

    A program is registered before it looks for its image; so either discarding sees the registration and
    leaves the image, or the program looks after the image is gone and builds it.
    """

    def __init__(self, builder: Builder, repository: Repository, limits: HostPolicy) -> None:
        self._builder = builder
        self._policy = limits.build_policy
        self.queue = BuildQueue(limits)
        self._repository = repository
        self._locks: WeakValueDictionary[BuildID, asyncio.Lock] = WeakValueDictionary()

    async def find(self, build_id: BuildID) -> ImageID | None:
        async with self._lock(build_id):
            return await self._builder.find(build_id)

    async def ensure(self, request: BuildRequest, user: UserID, output: BuildOutput) -> ImageID:
        """Have the image built under the operator's policy in the user's turn; one that exists is not built again.

        Raises as ``Builder.build``, and QuotaExceeded where too many builds of the user's wait already.
        """
        async with self.queue.turn(user, output):
            async with self._lock(request.spec.build_id):
                pass  # whoever discards it at this moment has not seen this program registered; from now on all do
            return await self._builder.build(replace(request, policy=self._policy), output)

    async def discard_if_unused(self, build_id: BuildID, leaving: ProgramID) -> None:
        """Remove the image unless a program that stays is registered with it. Idempotent.

        Programs on their way out don't count, or the last two, deleted at once, would each leave it to the other.
        Raises RuntimeFailure while the container of one of them still uses it; that one removes it then.
        """
        async with self._lock(build_id):
            users = await self._repository.list(ProgramFilter(build_id=build_id))
            if all(user.id == leaving or user.is_being_deleted for user in users):
                await self._builder.remove(build_id)

    def _lock(self, build_id: BuildID) -> asyncio.Lock:
        return self._locks.setdefault(build_id, asyncio.Lock())
