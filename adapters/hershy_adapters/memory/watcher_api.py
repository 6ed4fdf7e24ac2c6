"""What an in-memory program answers to WatcherAPI calls: the shapes of the wire contract."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qs

from hershy.core.clock import Clock
from hershy.core.ids import ProgramID

LOG_KINDS = {
    "effect": "effectLogs",
    "reduce": "reduceLogs",
    "watch_error": "watchErrorLogs",
    "context": "contextLogs",
    "state_fault": "stateFaultLogs",
}
DEFAULT_LOG_LIMIT = 100
RECENT_SIGNALS = 30
MAX_LOG_ENTRIES = 50_000
SIGNAL_CAPACITY = 50_000
MAX_MEMO_ENTRIES = 1_000

Answer = tuple[int, object]


class WatcherApi:
    """The reading calls. A message counts as one execution; nothing is watched, so the other lists are empty."""

    def __init__(self, program_id: ProgramID, clock: Clock, env: Mapping[str, str]) -> None:
        self._program_id = program_id
        self._clock = clock
        self._env = env
        self._began = clock.monotonic()
        self._last_update = clock.now()
        self._executions = 0
        self._effects: deque[dict[str, str]] = deque(maxlen=MAX_LOG_ENTRIES)
        self._signals: deque[dict[str, str]] = deque(maxlen=RECENT_SIGNALS)

    def record_message(self, content: str) -> None:
        self._last_update = self._clock.now()
        self._executions += 1
        now = rfc3339(self._last_update)
        self._effects.append({"message": content, "timestamp": now})
        self._signals.append({"type": "UserSig", "content": content, "createdAt": now})

    def call(self, method: str, path: str, query: str) -> Answer:
        calls = {
            "/watcher/status": self._status,
            "/watcher/state": self._state,
            "/watcher/vars": lambda: dict(self._env),
            "/watcher/signals": self._recent_signals,
            "/watcher/watching": lambda: self._listing("watchedVars"),
            "/watcher/memoCache": lambda: self._listing("entries"),
            "/watcher/varState": lambda: self._listing("variables"),
            "/watcher/config": self._config,
        }
        allowed = "POST" if path == "/watcher/message" else "GET"
        if path not in {*calls, "/watcher/message", "/watcher/logs"}:
            return HTTPStatus.NOT_FOUND, {"error": f"not found: {path}"}
        if method != allowed:
            return HTTPStatus.METHOD_NOT_ALLOWED, {"error": f"{path} answers {allowed}"}
        if path == "/watcher/logs":
            return self._logs(query)
        return HTTPStatus.OK, calls[path]()

    def _status(self) -> object:
        return {
            "state": "Ready",
            "isRunning": True,
            "watcherID": str(self._program_id),
            "uptime": go_duration(self._clock.monotonic() - self._began),
            "lastUpdate": rfc3339(self._last_update),
        }

    def _state(self) -> object:
        return {"currentState": "Ready", "previousState": "InitRun"}

    def _recent_signals(self) -> object:
        return {
            "varSigCount": 0,
            "userSigCount": 0,
            "watcherSigCount": 0,
            "totalPending": 0,
            "recentSignals": list(self._signals),
            "timestamp": self._timestamp(),
        }

    def _listing(self, name: str) -> object:
        return {name: [] if name == "watchedVars" else {}, "count": 0, "timestamp": self._timestamp()}

    def _config(self) -> object:
        config = {
            "serverPort": 8080,
            "signalChanCapacity": SIGNAL_CAPACITY,
            "maxLogEntries": MAX_LOG_ENTRIES,
            "maxMemoEntries": MAX_MEMO_ENTRIES,
        }
        return {"config": config, "timestamp": self._timestamp()}

    def _logs(self, query: str) -> Answer:
        asked = parse_qs(query)
        kind = asked.get("type", ["all"])[0]
        limit = asked.get("limit", [str(DEFAULT_LOG_LIMIT)])[0]
        if kind not in {"all", *LOG_KINDS}:
            return HTTPStatus.BAD_REQUEST, {"error": f"type must be one of all, {', '.join(LOG_KINDS)}"}
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            return HTTPStatus.BAD_REQUEST, {"error": "limit must be a whole number"}
        logs: dict[str, list[dict[str, str]]] = {field: [] for field in LOG_KINDS.values()}
        if kind in ("all", "effect"):
            logs["effectLogs"] = list(self._effects)[max(0, len(self._effects) - int(limit)) :]
        return HTTPStatus.OK, logs

    def _timestamp(self) -> str:
        return rfc3339(self._clock.now())


def rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def go_duration(seconds: float) -> str:
    """As Go prints a duration of a second or more: ``5m30.5s``, ``1h0m0s``; shorter ones in seconds too."""
    millis = round(seconds * 1000)
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{millis / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text
