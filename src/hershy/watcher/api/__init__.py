"""The WatcherAPI: how the outside observes and commands a program."""

from .server import ApiServer

__all__ = ["ApiServer"]
