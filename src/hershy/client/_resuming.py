"""Where a broken stream of events is taken up again, and how often that is tried."""

from random import uniform

from hershy.errors import HershyError

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
TRIES = 10
"""In a row, without a sign of life in between: about half a minute, enough for a Host to be started anew."""

STREAM_ENDED = "the event stream ended"


class Resuming:
    """One reader's place in a stream. A stream that has never been there is not waited for."""

    def __init__(self, after: int | None) -> None:
        self._last_id = None if after is None else str(after)
        self._was_there = False
        self._failures = 0

    @property
    def headers(self) -> dict[str, str]:
        return {} if self._last_id is None else {"Last-Event-ID": self._last_id}

    def heard(self, last_id: str | None, *, is_sign_of_life: bool) -> None:
        """A line has come; what was told so far ends with the event ``last_id``, if that is known.

        How a stream begins is no sign of life: one that always breaks off there is given up in the end.
        """
        self._was_there = True
        self._last_id = last_id or self._last_id
        if is_sign_of_life:
            self._failures = 0

    def delay_s(self, failure: HershyError) -> float:
        """How long to wait before the next try. Raises ``failure`` when none is worth it."""
        if not self._was_there or self._failures >= TRIES:
            raise failure
        longest = min(FIRST_DELAY_S * 2**self._failures, LONGEST_DELAY_S)
        self._failures += 1
        return uniform(longest / 2, longest)  # noqa: S311 - spreads readers out, protects nothing
