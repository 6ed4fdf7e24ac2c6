"""Which methods of a port a fault double disturbs."""

from collections.abc import Collection


def chosen(port: str, methods: Collection[str], engine_calls: Collection[str]) -> frozenset[str]:
    """Raises ValueError for a method that is none of the port's ``engine_calls``."""
    unknown = set(methods) - set(engine_calls)
    if unknown:
        raise ValueError(f"no engine calls of the {port} port: {sorted(unknown)}; choose from {sorted(engine_calls)}")
    return frozenset(methods)


class Failure:
    """Raises ``error`` the first ``times`` times, or for ever without a number."""

    def __init__(self, error: Exception, times: int | None) -> None:
        self._error = error
        self._times_left = times

    def strike(self) -> None:
        if self._times_left == 0:
            return
        if self._times_left is not None:
            self._times_left -= 1
        raise self._error
