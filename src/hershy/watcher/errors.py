"""What the framework itself raises.

WatcherError
├── AlreadyStarted      a Watcher is started once
├── NotRunning          a message for a Watcher that does not run (yet, or any more)
├── QueueFull           more senders wait for room in the queue than the queue has places
├── RegistrationError   a watch that cannot be registered; crashes the Watcher at once
├── MemoLimitReached    more memo entries than allowed
├── GivenUp             an execution that was given up calls its context
├── IllegalTransition   a bug of the framework: the state machine has no such row
└── WatcherCrashed      what ``run`` ends with after a crash
"""


class WatcherError(Exception):
    """The root of what the framework itself raises."""


class AlreadyStarted(WatcherError):
    def __init__(self, watcher_id: str) -> None:
        super().__init__(f"{watcher_id} has been started before: make a new Watcher")


class NotRunning(WatcherError):
    def __init__(self, watcher_id: str, state: str) -> None:
        super().__init__(f"{watcher_id} takes no messages: it is {state}; messages are taken from start to stop")


class QueueFull(WatcherError):
    def __init__(self, capacity: int) -> None:
        super().__init__(f"{capacity} messages are queued and as many senders wait: await what send() returns")


class RegistrationError(WatcherError):
    """``name``: the variable's."""

    def __init__(self, name: object, why: str) -> None:
        super().__init__(f"cannot watch {name!r}: {why}")
        self.name = name


class MemoLimitReached(WatcherError):
    def __init__(self, name: str, limit: int) -> None:
        super().__init__(f"no room for the memo {name!r}: {limit} entries are kept; clear_memo() those not needed")


class GivenUp(WatcherError):
    def __init__(self) -> None:
        super().__init__("this execution took too long and was given up: its context changes nothing any more")


class IllegalTransition(WatcherError):
    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"in state {state} nothing is known of the event {event!r}")


class WatcherCrashed(WatcherError):
    """``reason``: what the last failure was."""

    def __init__(self, watcher_id: str, reason: str) -> None:
        super().__init__(f"{watcher_id} crashed: {reason}")
        self.reason = reason
