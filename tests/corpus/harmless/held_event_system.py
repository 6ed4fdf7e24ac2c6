from collections import defaultdict
from typing import Any, Callable


class Events:
    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[..., Any]]] = defaultdict(list)

    def on(self, name):
        def register(handler):
            self._handlers[name].append(handler)
            return handler

        return register

    def fire(self, name, *args):
        return [handler(*args) for handler in self._handlers[name]]


events = Events()


@events.on("open")
def opened(path):
    return f"opened {path}"


@events.on("kill")
def killed(pid):
    return f"process {pid} is gone"


print(events.fire("open", "report.txt"), events.fire("kill", 7))
