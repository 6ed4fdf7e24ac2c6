"""All that one Watcher knows and keeps, from start to end. No decisions here."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from .clock import Clock
from .config import WatcherConfig
from .context_values import ContextValues
from .logs import Logs, WatchErrorEntry, logger
from .memo import Memos
from .signals import Message, Signal, SignalKind
from .threads import Threads
from .variables import Item, Variable, Variables
from .wording import cut, fault

RECENT_SIGNALS: Final = 30
LONGEST_RECENT: Final = 1_000
"""Characters of a message that are remembered after it was executed."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What the user of the framework has written: from it a session can be begun, and another in a test."""

    watcher_id: str
    function: Callable[..., Any]
    cleanup: Callable[..., Any] | None
    env: Mapping[str, str]
    config: WatcherConfig


class Session:
    def __init__(self, definition: Definition, clock: Clock, on_change: Callable[[], None]) -> None:
        self.watcher_id: Final = definition.watcher_id
        self.config: Final = definition.config
        self.env: Final[Mapping[str, str]] = MappingProxyType(dict(definition.env))
        self.clock: Final = clock
        self.logs: Final = Logs(self.config.max_log_entries)
        self.threads: Final = Threads()
        self.values: Final = ContextValues(self.logs.context, clock)
        self.memos: Final = Memos(self.config.max_memo_entries)
        self.variables: Final = Variables(on_change, self._update_failed)
        self.recent: Final[deque[Message | Signal]] = deque(maxlen=RECENT_SIGNALS)

    def changed(self, variable: Variable, item: Item) -> None:
        """A VarSig: take note of it and let it wait for its execution."""
        self.recent.append(Signal(SignalKind.VAR, variable.name, self.clock.time()))
        self.variables.add(variable, item)

    def offered(self, message: Message) -> None:
        """A UserSig. From any thread."""
        if len(message.content) > LONGEST_RECENT:
            message = message._replace(content=cut(message.content, LONGEST_RECENT))
        self.recent.append(message)

    def _update_failed(self, name: str, error: Exception) -> None:
        logger.warning("%s: update: %s", name, fault(error))
        self.logs.watch_error.add(WatchErrorEntry(self.clock.time(), name, "update", fault(error)))
