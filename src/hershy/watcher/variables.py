"""The watched variables: what their sources have said and the managed function has not yet seen.

Only variables with something new (*dirty* ones) are ever touched, so an execution costs the same however many are
watched. Used on the event loop, but for ``current``, which anybody may read.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from .containment import contained
from .signals import Trigger
from .values import Failure, Update, Watched

Item = object
"""What a source says: a value, an Update or a Failure."""

OnUpdateError = Callable[[str, Exception], None]


class Variable:
    """One variable's waiting changes: at most ``capacity``; a capacity of one keeps the last only."""

    def __init__(self, name: str, capacity: int) -> None:
        self.name: Final = name
        self.pending: deque[Item] = deque(maxlen=capacity)
        self._has_room = asyncio.Event()
        self._has_room.set()

    def add(self, item: Item) -> None:
        self.pending.append(item)
        if len(self.pending) == self.pending.maxlen:
            self._has_room.clear()

    async def room(self) -> None:
        """Wait until a change more pushes out none that waits."""
        await self._has_room.wait()

    def fold(self, before: Watched[Any], on_error: OnUpdateError) -> Watched[Any]:
        """``before`` with all that waits applied to it, in order."""
        value, error = before.value, before.error
        for item in self.pending:
            if isinstance(item, Failure):
                error = item.error
            elif isinstance(item, Update):
                try:
                    value, error = item.apply(value), None
                except (GeneratorExit, KeyboardInterrupt):
                    raise
                except BaseException as raised:
                    error = contained(raised)
                    on_error(self.name, error)
            else:
                value, error = item, None
        self.pending.clear()
        self._has_room.set()
        return Watched(self.name, value, error, updated=True, triggered=True)


class Variables:
    """All variables by name. ``on_change`` is called for the first change after all had been taken."""

    def __init__(self, on_change: Callable[[], None], on_update_error: OnUpdateError) -> None:
        self.current: Final[dict[str, Watched[Any]]] = {}
        self._on_change = on_change
        self._on_update_error = on_update_error
        self._dirty: dict[str, Variable] = {}
        self._triggered: list[str] = []

    @property
    def waiting(self) -> int:
        """How many changes wait."""
        return sum(len(variable.pending) for variable in list(self._dirty.values()))

    @property
    def has_changes(self) -> bool:
        return bool(self._dirty)

    def add(self, variable: Variable, item: Item) -> None:
        variable.add(item)
        is_first = not self._dirty
        self._dirty[variable.name] = variable
        if is_first:
            self._on_change()

    def take(self) -> Trigger:
        """Apply all changes that wait: one trigger for all of them."""
        dirty, self._dirty = self._dirty, {}
        for name, variable in dirty.items():
            self.current[name] = variable.fold(self.current[name], self._on_update_error)
        self._triggered = list(dirty)
        return Trigger(var_names=tuple(dirty))

    def settle(self) -> None:
        """The execution that the changes caused is over: they trigger no other."""
        for name in self._triggered:
            self.current[name] = replace(self.current[name], triggered=False)
        self._triggered = []
