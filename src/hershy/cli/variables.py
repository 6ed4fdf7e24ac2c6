"""What somebody may believe to be read, and is not: told once by whichever command is run."""

import os
from pathlib import Path

from . import output


def unknown_variables() -> list[str]:
    """A sentence for each ``HERSHY_…`` that nothing reads, and that this process has not been told yet."""
    if not any(name.upper().startswith("HERSHY_") for name in os.environ):
        return []  # the settings are imported when there is something to look up
    from hershy.wiring.settings import Settings
    from hershy.wiring.settings.variables import new_warnings

    return new_warnings(Settings)


def tell_unread_file() -> None:
    """A ``hershy.toml`` in the working directory: it may be a stranger's, as the code that is to be held is."""
    if Path("hershy.toml").is_file():
        output.note("hershy: hershy.toml in the working directory is not read; name it with --config to have it read")
