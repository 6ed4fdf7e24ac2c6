"""What each reading call shows. Reads the engine from another thread: only what can be copied in one step."""

from typing import Final

from ..engine import Engine
from ..logs import Logs, as_json
from ..signals import Message, Signal, SignalKind
from ..wording import as_key, fault, go_duration, rfc3339
from .plain import plain

LOG_FIELDS: Final = {
    "effect": "effectLogs",
    "reduce": "reduceLogs",
    "watch_error": "watchErrorLogs",
    "context": "contextLogs",
    "state_fault": "stateFaultLogs",
}

Shape = dict[str, object]


class Shapes:
    def __init__(self, engine: Engine, port: int) -> None:
        self._engine = engine
        self._session = engine.session
        self._port = port

    def status(self) -> Shape:
        return {
            "state": self._engine.state,
            "isRunning": not self._engine.ended.is_set(),
            "watcherID": self._session.watcher_id,
            "uptime": go_duration(self._engine.uptime_s),
            "lastUpdate": rfc3339(self._engine.last_update_s),
        }

    def state(self) -> Shape:
        return {
            "currentState": self._engine.state,
            "previousState": self._engine.previous_state,
            "consecutiveFailures": self._engine.failures,
            "reason": self._engine.reason,
            "timestamp": self._timestamp(),
        }

    def vars(self) -> Shape:
        return {as_key(name): plain(value) for name, value in self._session.env.items()}

    def signals(self) -> Shape:
        var_signals = self._session.variables.waiting
        user_signals = len(self._engine.inbox)
        watcher_signals = self._engine.pending_watcher_signals
        return {
            "varSigCount": var_signals,
            "userSigCount": user_signals,
            "watcherSigCount": watcher_signals,
            "totalPending": var_signals + user_signals + watcher_signals,
            "recentSignals": [self._signal(entry) for entry in list(self._session.recent)],
            "timestamp": self._timestamp(),
        }

    def watching(self) -> Shape:
        names = list(self._session.variables.current)
        return {"watchedVars": names, "count": len(names), "timestamp": self._timestamp()}

    def memo_cache(self) -> Shape:
        entries = self._session.memos.known()
        return {"entries": plain(entries), "count": len(entries), "timestamp": self._timestamp()}

    def var_state(self) -> Shape:
        watched = self._session.variables.current.copy()
        return {
            "variables": plain({name: variable.value for name, variable in watched.items()}),
            "errors": {name: fault(variable.error) for name, variable in watched.items() if variable.error is not None},
            "count": len(watched),
            "timestamp": self._timestamp(),
        }

    def config(self) -> Shape:
        config = self._session.config
        shown = {
            "serverPort": self._port,
            "signalChanCapacity": config.signal_capacity,
            "maxLogEntries": config.max_log_entries,
            "maxMemoEntries": config.max_memo_entries,
            "maxWatches": config.max_watches,
            "timeout": go_duration(config.timeout.total_seconds()),
        }
        return {"config": shown, "timestamp": self._timestamp()}

    def logs(self, kind: str, limit: int) -> Shape:
        """The last ``limit`` entries of the log ``kind``, or of ``all``; the other logs empty."""
        return {field: self._tail(name, limit) if kind in ("all", name) else [] for name, field in LOG_FIELDS.items()}

    def _tail(self, name: str, limit: int) -> list[Shape]:
        logs: Logs = self._session.logs
        return [as_json(entry) for entry in getattr(logs, name).tail(limit)]

    def _signal(self, entry: Message | Signal) -> Shape:
        if isinstance(entry, Message):
            entry = Signal(SignalKind.USER, entry.content, entry.sent_at_s)
        return {"type": entry.kind, "content": entry.content, "createdAt": rfc3339(entry.created_at_s)}

    def _timestamp(self) -> str:
        return rfc3339(self._session.clock.time())
