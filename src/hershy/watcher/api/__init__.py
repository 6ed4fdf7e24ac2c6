"""The WatcherAPI: how the outside observes and commands a program."""

try:
    from .server import ApiServer
except ModuleNotFoundError as error:
    if error.name != "h11":
        raise
    raise ImportError("hershy.watcher needs h11, which is not installed: pip install 'hershy[watcher]'") from error

__all__ = ["ApiServer"]
