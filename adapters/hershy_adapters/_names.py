"""The names by which people find what belongs to a program, whichever adapter made it."""

from hershy.core.ids import BuildID, ProgramID

STAGING_PREFIX = ".staging-"
"""What a Host keeps for a moment in its storage root begins so; should it be killed, the next one there removes it."""


CONTAINER_PREFIX = "hersh-program-"


def container_name(program_id: ProgramID) -> str:
    return f"{CONTAINER_PREFIX}{program_id}"


def image_name(build_id: BuildID) -> str:
    return f"hersh-program-{build_id}"
