"""What both clients share of a deployment: what it takes, and how its registration is made of a directory."""

from collections.abc import Callable

from hershy.builds.directory import read_directory
from hershy.builds.spec import PathLike
from hershy.core.ids import UserID
from hershy.wire import CreatedProgram, NewProgram, ProgramEvent

from ._calls import Call, create
from .options import DeployOptions

Progress = Callable[[ProgramEvent], object]
"""Told every event of the program, its states and its build's lines, while it is waited for."""


def pass_over(event: ProgramEvent) -> None:
    """The progress of a deployment that nobody follows."""


def registration(directory: str | PathLike, user: UserID | str, options: DeployOptions) -> Call[CreatedProgram]:
    """Raises UnfitDirectory, InvalidValue; nothing has been sent."""
    sources = read_directory(directory)
    return create(NewProgram(str(UserID.of(user)), sources.dockerfile, sources.src_files, **options))
