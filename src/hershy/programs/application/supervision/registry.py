"""The programs this Host supervises, by id: where readers look, without asking the repository."""

from collections import Counter
from collections.abc import Iterator, Sequence

from hershy.core.ids import ProgramID, UserID
from hershy.errors import ProgramNotFound
from hershy.programs.domain.program import Program
from hershy.programs.ports.repository import ProgramFilter

from ..services import Services
from .effect_handlers import EffectHandlers
from .supervisor import Supervisor


class Registry:
    """In order of registration."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._handlers = EffectHandlers(services)
        self._supervisors: dict[ProgramID, Supervisor] = {}
        self._by_user: Counter[UserID] = Counter()

    def __iter__(self) -> Iterator[Supervisor]:
        """Those there are now; programs may come and go meanwhile."""
        return iter(tuple(self._supervisors.values()))

    def __len__(self) -> int:
        return len(self._supervisors)

    def count_of(self, user_id: UserID) -> int:
        return self._by_user[user_id]

    def supervise(self, program: Program) -> Supervisor:
        supervisor = Supervisor(program, self._services, self._handlers, forget=self._forget)
        self._supervisors[program.id] = supervisor
        self._by_user[program.user_id] += 1
        return supervisor

    def find(self, program_id: ProgramID) -> Supervisor | None:
        return self._supervisors.get(program_id)

    def get(self, program_id: ProgramID) -> Supervisor:
        """Raises ProgramNotFound."""
        supervisor = self._supervisors.get(program_id)
        if supervisor is None:
            raise ProgramNotFound(program_id)
        return supervisor

    def list(self, matching: ProgramFilter) -> Sequence[Program]:
        return [it.program for it in self._supervisors.values() if matching.matches(it.program)]

    def clear(self) -> None:
        self._supervisors.clear()
        self._by_user.clear()

    def _forget(self, program_id: ProgramID) -> None:
        supervisor = self._supervisors.pop(program_id)
        self._by_user[supervisor.program.user_id] -= 1
