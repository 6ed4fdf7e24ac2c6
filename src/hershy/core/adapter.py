"""AdapterContext: what an adapter's factory is given by the wiring, be it ours or a third party's.

A factory is a callable ``create(context) -> port``, named by an entry point in the group of its port
(``hershy.runtimes`` and so on); see ``docs/adapters.md``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .clock import Clock
from .ids import OwnerID

T = TypeVar("T")


class AdapterContext(ABC):
    """Valid while the Host lives. The other adapters are made when first asked for."""

    adapter_name: str
    """The name this adapter was chosen by (``runsc``)."""
    storage_root: Path
    """Where the Host keeps its files."""

    @property
    @abstractmethod
    def owner(self) -> OwnerID:
        """The Host's lasting identity, to label what belongs to it; not yet known to the storage and the clock."""

    @property
    @abstractmethod
    def clock(self) -> Clock:
        """The Host's clock; not for the clock's own factory."""

    @abstractmethod
    def peer(self, port: type[T]) -> T:
        """The adapter wired for another port, or for an ApiServer the Host and the SandboxService, made if need be.

        Raises ConfigurationError for a type that is not wired, and for a cycle.
        """

    @abstractmethod
    def setting(self, name: str, kind: type[T]) -> T:
        """The Host's setting of this name (``http_port``), which is a ``kind``. Raises ConfigurationError."""

    @abstractmethod
    def option(self, name: str, default: T) -> T:
        """An option of this adapter's own: ``adapter_options[name]``, validated to the type of ``default``.

        Returns ``default`` where it was not given. Ask for every option while the adapter is made: one that no adapter
        has asked for by then is refused as misspelt. Raises ConfigurationError.
        """

    @abstractmethod
    def shared(self, key: str, make: Callable[[], T]) -> T:
        """One object per Host for several adapters of a kind, such as an engine connection."""
