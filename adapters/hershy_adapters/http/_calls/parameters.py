"""Parameters and refusals that several calls share."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Header, Query

from hershy.core.ids import ProgramID, UserID
from hershy.errors import InvalidValue, ProgramNotFound
from hershy.programs.domain.program import MAX_DESCRIPTION
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.repository import ProgramFilter

from .._shapes.described import refusals

DEFAULT_TAIL = 200
MAX_TAIL = 100_000
MAX_PAGE = 1_000


async def _known_form(program_id: str) -> ProgramID:  # a plain function would be run in a thread
    try:
        return ProgramID(program_id)
    except InvalidValue:
        raise ProgramNotFound(program_id) from None


KnownForm = Annotated[ProgramID, Depends(_known_form)]
Label = Annotated[Sequence[str], Query(description="`key=value`; every one given must match")]
Text = Annotated[
    str, Query(max_length=MAX_DESCRIPTION, description="in its description, id, user or a label, whatever the case")
]
Limit = Annotated[int | None, Query(ge=1, description="at most so many; all by default")]
Offset = Annotated[int, Query(ge=0, description="leave out so many of the first")]
Tail = Annotated[int, Query(ge=0, le=MAX_TAIL, description="at most so many of the newest lines")]
Since = Annotated[
    str | None,
    Query(description="nothing older: an RFC 3339 time, or a duration back from now (`90s`, `10m`, `2h`, `1d`)"),
]
Follow = Annotated[bool, Query(alias="follow", description="go on until the container, or the build, ends")]
Stream = Annotated[Literal["stdout", "stderr", "build"] | None, Query(description="output of one kind only")]
LastEventID = Annotated[int | None, Header(ge=0, description="go on after the event of this id")]
LastEventIDQuery = Annotated[
    int | None, Query(ge=0, alias="last_event_id", description="as the header `Last-Event-ID`, which wins")
]
After = Annotated[int | None, Query(ge=0, description="only entries above this id, the first ones; else the newest")]
PageSize = Annotated[int, Query(ge=1, le=MAX_PAGE, description="at most so many entries")]


ABSENT = refusals(HTTPStatus.NOT_FOUND)
INVALID = refusals(HTTPStatus.BAD_REQUEST)
ENGINE = refusals(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)


def program_filter(
    user_id: str | None, state: ProgramState | None, labels: Mapping[str, str], text: str
) -> ProgramFilter:
    """Raises InvalidValue for what can be nobody's id."""
    return ProgramFilter(UserID(user_id) if user_id is not None else None, state, labels=labels, text=text)


def split_labels(texts: Sequence[str]) -> Mapping[str, str]:
    """Raises InvalidValue for what is no label, and for a key given twice, which nothing could have both values of."""
    labels: dict[str, str] = {}
    for text in texts:
        key, value = _split_label(text)
        if key in labels:
            raise InvalidValue(f"label: {key!r:.80} is given twice")
        labels[key] = value
    return labels


def _split_label(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise InvalidValue(f"label: must be 'key=value', not {text!r:.80}")
    return key, value
