"""The Watcher: what a program is written with."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable, Generator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

from .api import ApiServer
from .clock import Clock, SystemClock
from .config import WatcherConfig
from .context import Context
from .engine import Engine
from .errors import AlreadyStarted, NotRunning, WatcherCrashed, WatcherError
from .logs import Logs
from .reducer import Event, reduce
from .serving import serve
from .session import Definition
from .signals import Message
from .states import WatcherState
from .values import Watched

ManagedFunction = Callable[[Context, Message | None], Any]
CleanupFunction = Callable[[Context], Any]
F = TypeVar("F", bound=ManagedFunction)
C = TypeVar("C", bound=CleanupFunction)

DEFAULT_PORT: Final = 8080


class Watcher:
    """One managed function, run again whenever something it watches changes or somebody sends a message.

    env     what ``ctx.env`` and ``GET /watcher/vars`` show
    port    of the WatcherAPI, on all interfaces (of the container); 0: none
    config  the limits
    clock   for tests; see hershy.watcher.testing

    It is started once, by ``run`` (a program's last line) or by ``start`` (in an event loop of the caller's).
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        *,
        port: int = DEFAULT_PORT,
        config: WatcherConfig | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not 0 <= port <= 65535:
            raise ValueError(f"port must be 0 (no API) to 65535, not {port}")
        self._env = dict(env or {})
        self._port = port
        self._config = config or WatcherConfig()
        self._clock: Clock = clock or SystemClock()
        self._id = f"watcher-{os.urandom(4).hex()}"
        self._function: ManagedFunction | None = None
        self._cleanup: CleanupFunction | None = None
        self._engine: Engine | None = None
        self._api: ApiServer | None = None
        self._state_without_engine = WatcherState.NOT_RUN
        self._is_started = False

    def manage(self, name: str) -> Callable[[F], F]:
        """Decorator: this is the managed function, called with a Context and, for a message, the Message, else None.

        An ``async def`` runs on the event loop. A plain function is called in a thread, at some cost for each
        execution: it may block, and nothing else does; one that exceeds the timeout is left behind, for a thread
        cannot be cancelled.
        """

        def register(function: F) -> F:
            if self._function is not None:
                raise WatcherError(f"{self._id} manages a function already: one Watcher, one function")
            _refuse_generators(function)
            self._function = function
            self._id = f"{name}-{self._id.rpartition('-')[2]}"
            return function

        return register

    def cleanup(self, function: C) -> C:
        """Decorator: called once with a Context after a stop or a final crash; not after KillWatcher."""
        if self._cleanup is not None:
            raise WatcherError(f"{self._id} has a cleanup function already")
        _refuse_generators(function)
        self._cleanup = function
        return function

    def run(self) -> None:
        """Start, serve the WatcherAPI, and return when the Watcher is Stopped or Killed.

        SIGTERM and SIGINT stop it gracefully. Raises WatcherCrashed after a crash, so that the process ends with a
        status that says so; OSError when the port is taken. For the main thread.
        """
        serve(self)

    async def start(self) -> None:
        """Serve the WatcherAPI and begin the first execution; does not wait for its end.

        Raises AlreadyStarted the second time; OSError when the port is taken, and nothing has begun then.
        """
        if self._is_started or self._state_without_engine.is_final:
            raise AlreadyStarted(self._id)
        definition = self._definition()
        engine = Engine(definition, self._clock)
        if self._port:
            self._api = ApiServer(engine, self._port)
            self._api.start()
        self._is_started = True
        self._engine = engine
        engine.start()

    async def stop(self) -> None:
        """Stop gracefully, and return when it is over; at once if it is over, or was never started.

        No more messages are taken. The execution under way and the messages accepted before are carried out within
        ``stop_timeout``; then cleanup runs. A backoff ends at once. Raises RuntimeError in the managed function.
        """
        if self._engine is None:
            if not self._state_without_engine.is_final:
                self._state_without_engine, _ = reduce(self._state_without_engine, Event.STOP)
            return
        await self._engine.stop()
        await self._close_api()

    async def wait(self) -> WatcherState:
        """Return the final state once it is reached and everything is closed. Raises NotRunning before ``start``."""
        if self._engine is None:
            raise NotRunning(self._id, self.state)
        await self._engine.ended.wait()
        await self._close_api()
        return self._engine.state

    def send(self, text: str, *, timeout: timedelta | None = None) -> Awaitable[None]:
        """Send a message. Accepted means executed: once, and in the order of this sender's messages.

        From a thread without an event loop: returns once it is accepted, waiting for room if the queue is full
        (``timeout``: TimeoutError after that long, and it is not sent). On an event loop: accepted at once when
        there is room; ``await`` what is returned to wait for it. Raises NotRunning before start and after stop,
        QueueFull when even too many senders wait, ValueError for an empty text, TypeError for what is none.
        """
        if not isinstance(text, str):
            raise TypeError(f"message content must be a str, not {type(text).__name__}")
        if not text:
            raise ValueError("message content cannot be empty")
        if self._engine is None:
            raise NotRunning(self._id, self.state)
        parked = self._engine.offer(text)
        if parked is None:
            return ACCEPTED
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:
            return asyncio.wrap_future(parked)
        try:
            parked.result(None if timeout is None else timeout.total_seconds())
        except TimeoutError:
            if parked.cancel():
                raise
            parked.result()  # accepted or refused at this very moment
        return ACCEPTED

    @property
    def id(self) -> str:
        return self._id

    @property
    def state(self) -> WatcherState:
        return self._state_without_engine if self._engine is None else self._engine.state

    @property
    def reason(self) -> str:
        """Why it has ended, or what the last failure was."""
        return "" if self._engine is None else self._engine.reason

    @property
    def logs(self) -> Logs:
        """The five logs; empty before start."""
        return Logs(1) if self._engine is None else self._engine.session.logs

    @property
    def busy_threads(self) -> int:
        """Plain functions that have not returned."""
        return 0 if self._engine is None else len(self._engine.session.threads.running)

    def context_value(self, key: str, default: Any = None) -> Any:
        """What ``ctx.get`` answers."""
        return default if self._engine is None else self._engine.session.values.get(key, default)

    def watched(self, name: str) -> Watched[Any]:
        """The variable ``name`` as it is now. Raises KeyError when it is not watched."""
        if self._engine is None:
            raise KeyError(name)
        return self._engine.session.variables.current[name]

    def raise_if_crashed(self) -> None:
        """Raises WatcherCrashed in the state Crashed."""
        if self.state is WatcherState.CRASHED:
            raise WatcherCrashed(self._id, self.reason)

    def copy(self, *, clock: Clock, port: int = 0) -> "Watcher":
        """The same program, not started: what a test runs on its own clock."""
        twin = Watcher(self._env, port=port, config=self._config, clock=clock)
        twin._id, twin._function, twin._cleanup = self._id, self._function, self._cleanup
        return twin

    def _definition(self) -> Definition:
        if self._function is None:
            raise WatcherError(f"{self._id} has nothing to run: decorate a function with @watcher.manage(name)")
        return Definition(self._id, self._function, self._cleanup, self._env, self._config)

    async def _close_api(self) -> None:
        if self._api is not None:
            await self._api.close()


def _refuse_generators(function: Callable[..., Any]) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{function.__qualname__} has a yield: a call of it would run nothing of it")


class _Accepted:
    """Awaiting it returns at once."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


ACCEPTED: Final = _Accepted()
