"""The queue of messages: bounded, in order, safe from any thread, and nothing accepted is lost."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from .errors import NotRunning, QueueFull
from .signals import Message

MOST_CHARACTERS: Final = 16 * 1024 * 1024
"""In all messages together; a single one may be longer."""


class Inbox:
    """Senders from everywhere, one receiver.

    A message is *accepted* once it is in the queue. When that is full, by number or by size, its sender is parked;
    room goes to the parked in their order, before anybody who comes later, so each sender's messages keep their order.
    ``on_arrival`` is called, from the sender's thread, for the first message after the receiver found nothing
    (``is_empty_for_now``).
    """

    def __init__(self, watcher_id: str, capacity: int, on_arrival: Callable[[], None]) -> None:
        self._watcher_id = watcher_id
        self._capacity = capacity
        self._on_arrival = on_arrival
        self._lock = threading.Lock()
        self._accepted: deque[Message] = deque()
        self._parked: deque[tuple[Message, Future[None]]] = deque()
        self._characters = 0
        self._refused_in: str | None = "NotRun"
        self._receiver_waits = False

    def __len__(self) -> int:
        """Accepted and not yet taken."""
        return len(self._accepted)

    def open(self) -> None:
        """Take messages from now on."""
        self._refused_in = None

    def close(self, state: str) -> None:
        """Take none any more; the parked are refused. What was accepted can still be taken. Idempotent."""
        with self._lock:
            self._refused_in = self._refused_in or state
            parked, self._parked = self._parked, deque()
        for _, future in parked:
            if future.set_running_or_notify_cancel():
                future.set_exception(NotRunning(self._watcher_id, state))

    def offer(self, message: Message) -> Future[None] | None:
        """Accept ``message`` and return None, or park its sender: the future is done once it is accepted.

        Cancelling the future withdraws the message, unless it has been accepted meanwhile. Raises NotRunning while
        closed, QueueFull when as many senders are parked as the queue has places.
        """
        with self._lock:
            if self._refused_in is not None:
                raise NotRunning(self._watcher_id, self._refused_in)
            if self._parked or not self._has_room(message):
                if len(self._parked) >= self._capacity:
                    raise QueueFull(self._capacity)
                future: Future[None] = Future()
                self._parked.append((message, future))
                return future
            self._accept(message)
            is_awaited = self._receiver_waits
            self._receiver_waits = False
        if is_awaited:
            self._on_arrival()
        return None

    def take(self) -> Message | None:
        """The oldest accepted message, or None. For the receiver only."""
        if not self._accepted:
            return None
        with self._lock:
            message = self._accepted.popleft()
            self._characters -= len(message.content)
        if self._parked:
            self._let_in()
        return message

    def is_empty_for_now(self) -> bool:
        """True when there is nothing to take; the next message will call ``on_arrival``."""
        with self._lock:
            self._receiver_waits = not self._accepted
            return self._receiver_waits

    def _let_in(self) -> None:
        admitted = []
        with self._lock:
            while self._parked and self._has_room(self._parked[0][0]):
                message, future = self._parked.popleft()
                if future.set_running_or_notify_cancel():
                    self._accept(message)
                    admitted.append(future)
        for future in admitted:
            future.set_result(None)

    def _has_room(self, message: Message) -> bool:
        if len(self._accepted) >= self._capacity:
            return False
        return not self._accepted or self._characters + len(message.content) <= MOST_CHARACTERS

    def _accept(self, message: Message) -> None:
        self._accepted.append(message)
        self._characters += len(message.content)
