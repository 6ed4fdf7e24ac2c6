"""The calls for who operates a Host: is it alive, is it ready, what has it done."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import FastAPI, Header, Response
from prometheus_client import CollectorRegistry

from hershy.errors import HershyError
from hershy.programs.application.host import Host
from hershy.programs.domain.journal import JournalEntry
from hershy.wire import Alive, Checks, Readiness, Refused, written

from .._errors import Json
from .._guard.admission import CallerAccess
from .._metrics import exposition
from .._shapes.described import Responses, answer, gives

REPOSITORY_DEADLINE_S = 2.0
FINE = "ok"
_AWAY: Responses = {
    503: {**gives(Readiness)[200], "description": "the engine or the repository is away"},
}


class RepositoryCheck:
    """One question at a time, however many ask: a database that hangs shall not gather them."""

    def __init__(self, host: Host, deadline_s: float) -> None:
        self._host = host
        self._deadline_s = deadline_s
        self._asking: asyncio.Task[Sequence[JournalEntry]] | None = None

    async def verdict(self) -> str:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        asking = self._asking
        await asyncio.wait({asking}, timeout=self._deadline_s)
        if not asking.done():
            return f"no answer within {self._deadline_s:g} s"
        try:
            asking.result()
        except (HershyError, OSError) as error:
            return str(error)
        return FINE

    async def _ask(self) -> Sequence[JournalEntry]:
        return await self._host.journal(limit=1)


def add_operation_routes(
    api: FastAPI,
    host: Host,
    registries: Sequence[CollectorRegistry],
    repository_deadline_s: float = REPOSITORY_DEADLINE_S,
) -> None:
    """``registries``: what is counted beside what the Host itself counts."""
    repository = RepositoryCheck(host, repository_deadline_s)

    @api.get("/healthz", responses=gives(Alive), summary="Say that the Host serves", operation_id="healthz")
    async def healthz() -> Response:
        return answer(Alive(FINE))

    @api.get(
        "/readyz",
        responses=gives(Readiness) | _AWAY,
        summary="Say whether programs can be changed",
        operation_id="readyz",
    )
    async def readyz() -> Response:
        engine = FINE if host.engine_is_up else "the container engine does not answer"
        checks = Checks(engine, await repository.verdict())
        wrong = "; ".join(f"{name}: {what}" for name, what in written(checks).items() if what != FINE)
        if not wrong:
            return answer(Readiness(FINE, checks))
        status = HTTPStatus.SERVICE_UNAVAILABLE
        refused = Refused(status.phrase, int(status), wrong)
        return Json(written(Readiness("unavailable", checks)) | written(refused), status_code=status)

    @api.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus exposition format"}},
        summary="Show what the Host has counted",
        operation_id="metrics",
    )
    async def show_metrics(
        access: CallerAccess, accept: Annotated[str, Header(include_in_schema=False)] = ""
    ) -> Response:
        body, media_type = exposition(accept, access.metrics.registry, *registries)
        return Response(body, headers={"Content-Type": media_type})
