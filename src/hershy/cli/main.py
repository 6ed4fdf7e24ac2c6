"""The entry point of the ``hershy`` command."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from .session import Session


def main(arguments: Sequence[str] | None = None, *, session: "Session | None" = None) -> NoReturn:
    """Run one command, and exit: 0 done, 1 refused or failed (message on stderr), 2 wrong usage, 130 interrupted.

    ``arguments`` defaults to those of the process; ``session`` says how to reach the Host.
    """
    try:
        from .app import run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"hershy: {error.name} is not installed; the command line needs: pip install 'hershy[cli]'\n")
        sys.exit(1)
    run(arguments, session)


if __name__ == "__main__":
    main()
