"""What both clients share of a deployment: what it takes, and how its registration is made of a directory."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypedDict

from hershy.builds.directory import read_directory
from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.programs.domain.egress import Egress
from hershy.wire import CreatedProgram, NewProgram, ProgramEvent

from ._calls import Call, create

Progress = Callable[[ProgramEvent], object]
"""Told every event of the program, its states and its build's lines, while it is waited for."""


def pass_over(event: ProgramEvent) -> None:
    """The progress of a deployment that nobody follows."""


class DeployOptions(TypedDict, total=False):
    """See ``Client.create_program``."""

    build_args: Mapping[str, str] | None
    env: Mapping[str, str] | None
    labels: Mapping[str, str] | None
    resources: Mapping[str, float] | None
    restart_policy: str | Mapping[str, Any] | None
    health_check: bool | Mapping[str, Any] | None
    ttl: timedelta | None
    idle_timeout: timedelta | None
    egress: Egress | str | None
    description: str | None


def registration(directory: str | PathLike, user: UserID | str, options: DeployOptions) -> Call[CreatedProgram]:
    """Raises UnfitDirectory, InvalidValue; nothing has been sent."""
    sources = read_directory(directory)
    return create(NewProgram(str(UserID.of(user)), sources.dockerfile, sources.src_files, **options))
