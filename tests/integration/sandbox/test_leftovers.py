"""What one run leaves behind, in every place that a kernel has for it, another run does not find."""

import json
import secrets
from pathlib import Path

import pytest

from hershy.sandbox.domain.job import SandboxJob
from hershy.sandbox.domain.result import Outcome

from .sandboxes import KINDS, opened

PLACES = r"""
import ctypes, glob, json, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
MARK, leaving = sys.argv[1], sys.argv[2] == "leave"
def tree(top):
    found = []
    for where, folders, files in os.walk(top):
        found += [os.path.join(where, it) for it in (*folders, *files) if MARK in it]
    return found
def abstract():
    made = socket.socket(socket.AF_UNIX)
    try:
        (made.bind if leaving else made.connect)("\0" + MARK)
        return [MARK]
    except OSError:
        return []
def shared_memory():
    key = int(MARK[:6], 16)
    found = libc.shmget(key, 4096, 0o1666 if leaving else 0o666)
    return [] if found < 0 else [MARK]
def processes():
    return [it for it in glob.glob("/proc/[0-9]*/cmdline") if MARK.encode() in open(it, "rb").read()
            and it.split("/")[2] not in (str(os.getpid()), str(os.getppid()))]
kept = []
if leaving:
    for place in ("/work", "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue", "/", os.path.expanduser("~")):
        try:
            open(f"{place}/{MARK}", "w").close()
            kept.append(place)
        except OSError:
            pass
    if os.fork() == 0:
        os.setsid()
        os.execlp("python3", "python3", "-c", "import time; time.sleep(60)", MARK, "daemon")
if not leaving:
    kept = [it for top in ("/work", "/tmp", "/dev", "/run", "/var", os.path.expanduser("~")) for it in tree(top)]
print(json.dumps({"files": kept,
    "abstract": abstract(), "shared memory": shared_memory(), "processes": [] if leaving else processes()}))
"""


@pytest.mark.parametrize("pool_size", [0, 1])
@pytest.mark.parametrize("runtime", sorted(KINDS))
async def test_nothing_is_found(runtime: str, pool_size: int, python_image: str, tmp_path: Path) -> None:
    """Files, names of sockets, shared memory and processes; of a warm sandbox no more than of a cold one."""
    mark = secrets.token_hex(8)
    async with opened(runtime, python_image, tmp_path, pool_size) as sandbox:
        if pool_size:
            await sandbox.warm()
        left, found = [
            await sandbox.run(SandboxJob(f"import sys; sys.argv = ['x', {mark!r}, {what!r}]\n{PLACES}"))
            for what in ("leave", "look")
        ]
    assert (left.outcome, found.outcome) == (Outcome.FINISHED, Outcome.FINISHED), (left, found)
    assert json.loads(left.stdout)["files"] != []
    assert {place: it for place, it in json.loads(found.stdout).items() if it} == {}
