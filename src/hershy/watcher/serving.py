"""``Watcher.run``: a program's whole life in its own process."""

import asyncio
import signal
from typing import TYPE_CHECKING, Final

from .executor import DaemonExecutor
from .logs import logger

if TYPE_CHECKING:
    from .watcher import Watcher

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
LEFTOVERS_LIMIT_S: Final = 2.0


def serve(watcher: "Watcher") -> None:
    """See ``Watcher.run``.

    Not ``asyncio.run``: that waits for every task to end, and one that ignores its cancellation would keep the
    process alive for ever.
    """
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        loop.set_default_executor(DaemonExecutor())
        loop.run_until_complete(_live(watcher))
        loop.run_until_complete(_end_leftovers())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    watcher.raise_if_crashed()


async def _live(watcher: "Watcher") -> None:
    loop = asyncio.get_running_loop()
    stops: list[asyncio.Task[None]] = []
    for number in SIGNALS:
        loop.add_signal_handler(number, lambda: stops.append(loop.create_task(watcher.stop())))
    try:
        await watcher.start()
        await watcher.wait()
        await asyncio.gather(*stops)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


async def _end_leftovers() -> None:
    leftovers = asyncio.all_tasks() - {asyncio.current_task()}
    for task in leftovers:
        task.cancel()
    if leftovers:
        _, stubborn = await asyncio.wait(leftovers, timeout=LEFTOVERS_LIMIT_S)
        for task in stubborn:
            logger.warning("%s does not end when it is cancelled: the process ends without it", task.get_name())
    await asyncio.wait(
        [asyncio.ensure_future(asyncio.get_running_loop().shutdown_asyncgens())], timeout=LEFTOVERS_LIMIT_S
    )
