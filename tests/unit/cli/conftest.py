import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from hershy.cli.main import main
from hershy.cli.session import Session

ID = "alice-build-0123456789ab-89abcdef"
AT = "2026-11-20T10:00:00Z"
PROGRAM = {
    "program_id": ID,
    "build_id": "build-0123456789ab",
    "user_id": "alice",
    "state": "Ready",
    "image_id": "sha256:1",
    "proxy_url": "http://localhost:19001",
    "error_msg": "",
    "created_at": AT,
    "updated_at": AT,
    "labels": {"team": "a"},
    "exit_reason": {"kind": "code", "code": 0},
    "restart_count": 0,
}


def state_event(state: str, error_msg: str = "") -> str:
    entry = {"id": 7, "program_id": ID, "at": AT, "event": "x", "state": state, "error_msg": error_msg}
    return f"event: state\ndata: {json.dumps(entry)}\n\n"


def build_event(line: str) -> str:
    return f"event: build\ndata: {json.dumps({'line': line})}\n\n"


@dataclass
class FakeHost:
    """Answers by route.

    Its first event stream says Created, and what ``events`` holds once the program was started; a later one
    says Ready.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    events: Sequence[str] = ()
    stays_open: bool = False
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = f"{request.method} {request.url.raw_path.decode()}"
        self.asked.append(asked)
        if asked.endswith("/start"):
            self.started.set()
        if request.content:
            self.bodies.append(json.loads(request.content))
        if asked in self.refusals:
            status, message = self.refusals[asked]
            body = {"error": "Refused", "code": status, "message": message, **self.told.get(asked, {})}
            return httpx.Response(status, json=body)
        if asked.endswith("/events"):
            return httpx.Response(200, stream=_Events(self))
        answer = self.answers[asked]
        return httpx.Response(200, text=answer if isinstance(answer, str) else json.dumps(answer))


@dataclass
class _Events(httpx.AsyncByteStream):
    host: FakeHost

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.host.started.is_set():
            yield state_event("Ready").encode()
            return
        yield state_event("Created").encode()
        await self.host.started.wait()
        for text in self.host.events:
            yield text.encode()
        if self.host.stays_open:
            await asyncio.Event().wait()


@dataclass
class Hershy:
    """Runs the command with these arguments as a process would; keeps what it printed."""

    host: FakeHost
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(self, *arguments: str) -> int:
        transport = httpx.MockTransport(self.host)
        session = Session(url="http://host.test", transport=transport, async_transport=transport)
        with pytest.raises(SystemExit) as exited:
            main(arguments, session=session)
        self.out, self.err = self.capsys.readouterr()
        return int(exited.value.code or 0)

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def host() -> FakeHost:
    started = {"program_id": ID, "state": "Created", "message": "program start initiated"}
    stopping = {"program_id": ID, "state": "Stopping"}
    return FakeHost(
        {
            "POST /programs": PROGRAM | {"state": "Created"},
            "GET /programs": {"programs": [PROGRAM], "count": 1},
            f"GET /programs/{ID}": PROGRAM,
            f"POST /programs/{ID}/start": started,
            f"POST /programs/{ID}/stop": stopping | {"message": "program stop initiated"},
            f"POST /programs/{ID}/restart": stopping | {"message": "program restart initiated"},
            f"DELETE /programs/{ID}": {"message": "program deleted successfully"},
        }
    )


@pytest.fixture
def hershy(host: FakeHost, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hershy:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    return Hershy(host, capsys)


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``it.py`` in the working directory, and no Host named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HERSHY_URL", raising=False)
    path = tmp_path / "it.py"
    path.write_text("print(1)\n")
    return path
