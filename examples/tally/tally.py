"""Keeps a running total that messages change and restarts do not lose. Python standard library only.

Messages: ``add 5``, ``add -2.5``, ``show``, ``reset``, ``exit 3`` (end with that code).
"""

import json
import os
import signal
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PORT = 8080
STATE_FILE = Path(os.environ.get("TALLY_STATE", "/state/tally.json"))
MAX_BODY_BYTES = 64 * 1024
MAX_LOG_ENTRIES = 1000
LOG_KINDS = {
    "effect": "effectLogs",
    "reduce": "reduceLogs",
    "watch_error": "watchErrorLogs",
    "context": "contextLogs",
    "state_fault": "stateFaultLogs",
}


def now():
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def go_duration(seconds):
    """As Go prints a duration: ``250ms``, ``5m30.5s``, ``1h0m2s``."""
    if seconds < 1:
        return f"{seconds * 1000:.3f}".rstrip("0").rstrip(".") + "ms" if seconds else "0s"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:.3f}".rstrip("0").rstrip(".") + "s"
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + text


class Tally:
    """The total and the number of messages, on disk after every change. Safe for many threads."""

    def __init__(self, path, on_exit):
        self.path = path
        self.on_exit = on_exit
        self.started = time.monotonic()
        self.last_update = now()
        self.log = deque(maxlen=MAX_LOG_ENTRIES)
        self.lock = threading.Lock()
        kept = json.loads(path.read_text()) if path.exists() else {}
        self.total = kept.get("total", 0)
        self.messages = kept.get("messages", 0)

    def snapshot(self):
        return {"total": self.total, "messages": self.messages}

    def handle(self, text):
        """Carry a message out and return the answer."""
        with self.lock:
            self.messages += 1
            answer = self._carry_out(text.split())
            self._save()
            self.last_update = now()
            self.log.append({"timestamp": self.last_update, "message": text, "answer": answer})
        print(f"message {text!r}: {answer}", flush=True)
        return answer

    def _carry_out(self, words):
        match words:
            case ["add", number]:
                try:
                    self.total += int(number) if number.lstrip("+-").isdecimal() else float(number)
                except ValueError:
                    return f"not a number: {number}"
                return f"total {self.total}"
            case ["show"]:
                return f"total {self.total}"
            case ["reset"]:
                self.total = 0
                return "total 0"
            case ["exit", code] if code.isdecimal() and int(code) < 256:
                self.on_exit(int(code))
                return f"exiting with {code}"
        return "not understood; say: add NUMBER, show, reset, exit CODE"

    def _save(self):
        # Replaced as a whole, so that a kill half-way leaves the state before.
        temporary = self.path.with_suffix(".new")
        with temporary.open("w") as file:
            json.dump(self.snapshot(), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)


def answer_get(tally, target):
    """Status and JSON for a GET, whatever is asked."""
    path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
    if path == "/tally":
        return 200, tally.snapshot()
    if path == "/watcher/status":
        return 200, {
            "state": "Ready",
            "isRunning": True,
            "watcherID": "tally",
            "uptime": go_duration(time.monotonic() - tally.started),
            "lastUpdate": tally.last_update,
        }
    if path == "/watcher/state":
        return 200, {"currentState": "Ready", "previousState": "Running", **tally.snapshot()}
    if path == "/watcher/vars":
        return 200, {name: value for name, value in os.environ.items() if name.startswith("TALLY_")}
    if path == "/watcher/logs":
        return answer_logs(tally, query.get("type", ["all"])[0], query.get("limit", ["100"])[0])
    return 404, {"error": f"not found: {path}"}


def answer_logs(tally, kind, limit):
    if kind not in ("all", *LOG_KINDS) or not limit.isdecimal():
        return 400, {"error": f"type is one of all, {', '.join(LOG_KINDS)}; limit is a number"}
    entries = list(tally.log)[-int(limit) :] if int(limit) else []
    logs = {name: entries if key == "effect" and kind in ("all", "effect") else [] for key, name in LOG_KINDS.items()}
    return 200, logs


def answer_message(tally, body):
    """Status and JSON for POST /watcher/message."""
    try:
        content = json.loads(body).get("content", "")
    except (ValueError, AttributeError, RecursionError):
        return 400, {"error": "the body must be a JSON object"}
    if not isinstance(content, str) or not content.strip():
        return 400, {"error": "message content cannot be empty"}
    return 200, {"status": "message sent", "answer": tally.handle(content)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a connection may be idle
    tally = None

    def do_GET(self):
        self.reply(*answer_get(self.tally, self.path))

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self.reply(413, {"error": f"send a Content-Length of at most {MAX_BODY_BYTES}"})
            return
        body = self.rfile.read(int(length))
        if urlsplit(self.path).path == "/watcher/message":
            self.reply(*answer_message(self.tally, body))
        else:
            self.reply(404, {"error": f"not found: {self.path}"})

    def reply(self, status, data):
        body = json.dumps(data, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 - the name is given by the base class
        pass  # messages are logged, not requests


def main():
    exit_code = 0
    ended = threading.Event()

    def end(code):
        nonlocal exit_code
        exit_code = code
        ended.set()

    # Before anything else: a container may be stopped as soon as it runs.
    signal.signal(signal.SIGTERM, lambda number, frame: end(0))
    signal.signal(signal.SIGINT, lambda number, frame: end(0))

    Handler.tally = tally = Tally(STATE_FILE, on_exit=end)
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    print(f"tally listens on {PORT}, total {tally.total} after {tally.messages} messages", flush=True)
    ended.wait()
    server.shutdown()
    time.sleep(0.1)  # the answer to 'exit' is still on its way
    print(f"tally ends with code {exit_code}, total {tally.total}", flush=True)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
