"""What a watched variable is to the managed function, and what its source may say of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Watched(Generic[T_co]):
    """A watched variable at the moment an execution began; it does not change while the function runs.

    value      the last good value; ``initial`` until there is one
    error      what went wrong last, None once a good value has come after it
    updated    something has come from the source since the registration
    triggered  this variable is (one of those) why this execution runs
    """

    name: str
    value: T_co
    error: Exception | None = None
    updated: bool = False
    triggered: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None

    def unwrap(self) -> T_co:
        """The value. Raises ``error`` if there is one."""
        if self.error is not None:
            raise self.error
        return self.value

    def value_or(self, default: D) -> T_co | D:
        """The value, or ``default`` if there is an error."""
        return self.value if self.error is None else default


class Skip(Enum):
    """The type of SKIP."""

    SKIP = "skip"


SKIP: Final = Skip.SKIP
"""Nothing new: the variable stays as it is and nothing runs."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An item of a flow that is an error: the flow goes on after it."""

    error: Exception

    def __post_init__(self) -> None:
        if not isinstance(self.error, Exception):
            raise TypeError(f"a Failure holds an exception, not {type(self.error).__name__}")


@dataclass(frozen=True, slots=True)
class Update(Generic[T]):
    """A new value made of the one before it.

    ``apply`` is called on the event loop when the change is taken up, so it has to be quick. What it raises becomes
    the variable's error; the value stays.
    """

    apply: Callable[[T], T]
