"""The other end of sandbox_llm.py, run by the Python of an environment that has llm-sandbox (and not hershy).

Reads a JSON object with the pool's configuration, then a number for each run asked for, a line each; answers each with
a JSON line ``{"number", "seconds", "error"}`` as it ends. A run is what a user of its pool does: take a session, run
the code, give it back. Whoever started this removes the containers, by label.
"""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from llm_sandbox.pool import PoolConfig, PooledSandboxSession, create_pool_manager

_writing = threading.Lock()


def say(answer: dict) -> None:
    with _writing:
        print(json.dumps(answer), flush=True)


def main() -> None:
    given = json.loads(sys.stdin.readline())
    pool = create_pool_manager(
        config=PoolConfig(max_pool_size=given["pool_size"], min_pool_size=given["pool_size"], **given["pool"]),
        lang="python",
        image=given["image"],
        runtime_configs=given["runtime_configs"],
        skip_environment_setup=True,  # it would make a virtual environment and upgrade pip from the network
    )
    while pool.get_stats()["total_size"] < given["pool_size"]:
        time.sleep(0.05)
    say({"version": version("llm-sandbox")})

    def run(number: int) -> None:
        began, error = time.perf_counter(), ""
        try:
            with PooledSandboxSession(pool_manager=pool) as session:
                output = session.run(given["code"])
            if output.exit_code or output.stdout.strip() != given["printed"]:
                error = f"exited with {output.exit_code}, printed {output.stdout[:200]!r} {output.stderr[:200]!r}"
        except Exception as raised:
            error = f"{type(raised).__name__}: {raised}"
        say({"number": number, "seconds": time.perf_counter() - began, "error": error})

    with ThreadPoolExecutor(given["at_once"]) as threads:
        for line in sys.stdin:
            threads.submit(run, int(line))
    os._exit(0)  # closing its pool would wait ten seconds for each container to heed SIGTERM


if __name__ == "__main__":
    main()
