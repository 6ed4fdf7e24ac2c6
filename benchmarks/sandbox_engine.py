"""The docker command, for benchmarks/sandbox.py and what it measures."""

import asyncio
import secrets
from contextlib import suppress

OWNER_LABEL = "hershy.sandbox-owner"
BENCH = secrets.token_hex(4)
BENCH_LABEL = f"hershy-bench={BENCH}"
"""Of every container that is not hershy's, which has a label of its own."""
END_DEADLINE_S = 20.0
REMOVAL_ATTEMPTS, REMOVAL_PAUSE_S = 100, 0.2


class Failed(Exception):
    """A run that did not print what it should have, or what was needed for one."""


async def docker(*arguments: str) -> str:
    """What the docker command prints. Raises Failed."""
    try:
        process = await asyncio.create_subprocess_exec(
            "docker",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours to answer: what was started is removed by its label
        )
    except FileNotFoundError:
        raise Failed("there is no docker command") from None
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        # Killed, it could leave the engine with a request whose container nobody hears of; all it does is short.
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_DEADLINE_S)
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        raise Failed(f"docker {arguments[0]} exited with {process.returncode}: {err.decode().strip()[-500:]}")
    return out.decode()


async def containers_of(label: str, status: str = "") -> list[str]:
    """``status``: as the engine calls it; all where it is empty."""
    in_it = ["--filter", f"status={status}"] if status else []
    return (await docker("ps", "-aq", "--filter", f"label={label}", *in_it)).split()


async def remove_labelled(label: str, status: str = "") -> None:
    """Until there are none. Somebody else may be removing them: ``docker run --rm``."""
    for _ in range(REMOVAL_ATTEMPTS):
        found = await containers_of(label, status)
        if not found:
            return
        with suppress(Failed):
            await docker("rm", "-fv", *found)
            return
        await asyncio.sleep(REMOVAL_PAUSE_S)
    raise Failed(f"containers with the label {label} are not removed: {' '.join(found)}")
