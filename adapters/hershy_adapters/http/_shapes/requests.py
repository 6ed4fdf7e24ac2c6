"""The bodies of ``POST /programs`` and of the calls for many, read as what the Host takes."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hershy.builds.spec import BuildSpec
from hershy.core.ids import UserID
from hershy.errors import InvalidValue
from hershy.programs.application.registration import MOST_AT_ONCE
from hershy.programs.application.requests import ProgramRequest
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.state import ProgramState
from hershy.programs.ports.repository import ProgramFilter
from hershy.wire import Criteria, NewProgram, NewPrograms, parse_object, read, require_known

REQUIRED = ("user_id", "dockerfile")


def read_new_program(body: bytes) -> ProgramRequest:
    """Raises InvalidValue, its message one sentence naming the field."""
    return _read_program(parse_object(body))


def read_new_programs(body: bytes) -> Sequence[ProgramRequest]:
    """Raises InvalidValue, its message naming which program by its index and the field."""
    asked = parse_object(body)
    require_known("", asked, NewPrograms)
    programs = asked.get("programs")
    if not isinstance(programs, list) or not programs:
        raise InvalidValue("programs is required: a list of bodies as POST /programs takes them")
    if len(programs) > MOST_AT_ONCE:  # before each of them is looked at: a body has room for hundreds of thousands
        raise InvalidValue(f"programs: 1 to {MOST_AT_ONCE} can be registered at once, not {len(programs)}")
    requests = []
    for index, given in enumerate(programs):
        try:
            if not isinstance(given, dict):
                raise InvalidValue("must be a JSON object")
            requests.append(_read_program(given))
        except InvalidValue as error:
            raise InvalidValue(f"programs.{index}: {error}") from error
    return requests


def read_criteria(body: bytes) -> ProgramFilter:
    """Raises InvalidValue, its message one sentence naming the field."""
    criteria = read(Criteria, parse_object(body))
    if criteria.user_id is None and criteria.state is None and not criteria.labels:
        raise InvalidValue("user_id, labels or state is required: say which programs")
    return ProgramFilter(
        UserID(criteria.user_id) if criteria.user_id is not None else None,
        ProgramState(criteria.state) if criteria.state is not None else None,
        labels=criteria.labels or {},
    )


def _read_program(given: dict[str, Any]) -> ProgramRequest:
    for name in REQUIRED:
        value = given.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise InvalidValue(f"{name} is required")
    new = read(NewProgram, given)
    return ProgramRequest(
        UserID(new.user_id), BuildSpec(new.dockerfile, new.src_files, new.build_args or {}), _options(new)
    )


def _options(new: NewProgram) -> ProgramOptions:
    """Every option has the field of its name."""
    wanted = {it.name: getattr(new, it.name) for it in fields(ProgramOptions)}
    return ProgramOptions(**{name: value for name, value in wanted.items() if value is not None})
