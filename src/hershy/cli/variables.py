"""Variables of the environment that mean nothing, told once by whichever command is run."""

import os


def unknown_variables() -> list[str]:
    """A sentence for each ``HERSHY_…`` that nothing reads, and that this process has not been told yet."""
    if not any(name.upper().startswith("HERSHY_") for name in os.environ):
        return []  # the settings are imported when there is something to look up
    from hershy.wiring.settings import Settings
    from hershy.wiring.settings.variables import new_warnings

    return new_warnings(Settings)
