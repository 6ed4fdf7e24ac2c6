"""What a program's functions raise, as something that can be kept, told and handed on."""

import asyncio
from typing import Final

from .wording import fault

PASSES: Final = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)
"""Orders to whoever runs the code, not failures of it: they go on outwards. All else is contained where it arises."""


def contained(error: BaseException) -> Exception:
    """``error`` as an exception that a future can carry and nobody takes for an order."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    kept = RuntimeError(fault(error))
    kept.__cause__ = error
    return kept
