"""A program at a Host, for a client that blocks."""

import time
from collections.abc import Generator
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from hershy.errors import HostTimeout, HostUnreachable, WaitTimeout
from hershy.programs.domain import patience
from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.programs.domain.state import ProgramState
from hershy.wire import ProgramInfo

from ._deploying import Progress
from ._resuming import STREAM_ENDED, Resuming
from ._view import ProgramView
from .waiting import Wait, WaitStep

if TYPE_CHECKING:
    from .sync import Client

WAIT_SLICE_S = 2.0
"""While waiting, how long a silent event stream is listened to before the deadline is looked at again."""


class BlockingProgramHandle(ProgramView):
    """A program at a Host: ``hershy.RunningProgram`` by HTTP, with the same names. Ends with its client."""

    def __init__(self, client: "Client", info: ProgramInfo) -> None:
        super().__init__(info)
        self._client = client

    def get(self) -> ProgramInfo:
        """The program as it is now."""
        self.info = self._client.get(self.id)
        return self.info

    def start(self) -> None:
        """Begin to build and start, as ``Client.start``."""
        self._client.start(self.id)
        self.get()

    def stop(self, timeout: timedelta = patience.STOPPING) -> ProgramInfo:
        """Stop it gracefully and return it Stopped."""
        self._client.stop(self.id)
        return self.wait_for(ProgramState.STOPPED, timeout=timeout)

    def restart(self, timeout: timedelta = patience.RESTARTING) -> ProgramInfo:
        """Give it a new container of the same image and ``/state``, and return it Ready."""
        self._client.restart(self.id)
        return self.wait_for(ProgramState.READY, timeout=timeout)

    def delete(self) -> None:
        """Remove the program with all it has, as ``Client.delete``; returns once all is gone."""
        self._client.delete(self.id)

    def wait_for(self, *states: ProgramState | str, timeout: timedelta = patience.STARTING) -> ProgramInfo:
        """Wait until the program is in one of ``states``, as ``Client.wait_for``."""
        self.info = self._client.wait_for(self.id, states, timeout)
        return self.info

    def message(self, text: str) -> MessageReceipt:
        """Send a message to the program's Watcher. Printed, the receipt is what the program says."""
        return self._client.message(self.id, text)

    def request(self, method: str, path: str, **parts: Unpack[RequestParts]) -> ProgramAnswer:
        """Send an HTTP request to the program, as ``Client.request``."""
        return self._client.request(self.id, method, path, **parts)

    def logs(self, *, tail: int = 200) -> str:
        """The last ``tail`` lines of the program's output."""
        return self._client.logs(self.id, tail=tail).logs

    def follow_logs(self, *, tail: int = 200) -> Generator[str, None, None]:
        """Yield the last lines, and each that follows, until the container ends."""
        yield from self._client.follow_logs(self.id, tail=tail)


def start_and_wait(client: "Client", program_id: str, timeout: timedelta, progress: Progress) -> None:
    """Start a program once its events are listened to, and return once it is Ready.

    Raises ProgramFailed, WaitTimeout; the program is left as it is.
    """
    wait, resuming, is_started = Wait.make(program_id, ProgramState.READY), Resuming(None), False
    deadline = time.monotonic() + timeout.total_seconds()
    while (remaining := deadline - time.monotonic()) > 0:
        try:
            for event in client._events(program_id, min(remaining, WAIT_SLICE_S), resuming):
                if not is_started:  # the present state: from here on no event is missed, so start only now
                    client.start(program_id)
                    is_started = True
                    continue
                progress(event)
                if (verdict := wait.judge(event)) is WaitStep.REACHED:
                    return
                if verdict is WaitStep.ASK_AGAIN:
                    client.wait_for(program_id, wait.states, timeout)
                    return
                if time.monotonic() > deadline:
                    break
            else:
                raise HostUnreachable(client.url, STREAM_ENDED)
        except HostTimeout:
            continue  # silence; the next stream goes on where this one has ended
    raise WaitTimeout(program_id, wait.wanted, timeout.total_seconds())
