"""The names by which people find what belongs to a program, whichever adapter made it."""

from hershy.domain.ids import BuildID, ProgramID


def container_name(program_id: ProgramID) -> str:
    return f"hersh-program-{program_id}"


def image_name(build_id: BuildID) -> str:
    return f"hersh-program-{build_id}"
