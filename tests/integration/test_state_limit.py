"""What a real program may put into ``/state``: it is stopped for too many entries as for too many bytes."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from hershy import BuildSpec, Program, ProgramOptions, ProgramRequest, ProgramState, ResourceLimits, UserID, open_host
from hershy.core.exits import ExitKind
from hershy.core.resources import MIB

PATIENCE = timedelta(seconds=90)
ENTRIES = 3000
SERVE = """\
import http.server, os, threading, time
from pathlib import Path
threading.Thread(target=http.server.HTTPServer(("", 8080), http.server.SimpleHTTPRequestHandler).serve_forever).start()
time.sleep(1)
"""
EMPTY = """\
for number in range(20_000):
    Path(f"/state/{number}").touch()
"""
DEEP = """\
os.chdir("/state")
for _ in range(20_000):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
"""
NAMES = """\
Path("/state/one").touch()
for number in range(20_000):
    os.link("/state/one", b"/state/\\xff\\n" + str(number).encode())
"""
CLOSED = """\
os.mkdir("/state/closed")
for number in range(20_000):
    Path(f"/state/closed/{number}").touch()
os.chmod("/state/closed", 0)
"""


@pytest.mark.parametrize("runtime", ["runc", "runsc"])
@pytest.mark.parametrize("attack", [EMPTY, DEEP, NAMES, CLOSED], ids=["empty", "deep", "names", "closed"])
async def test_too_many_entries_stop_a_program(runtime: str, attack: str, python_image: str, tmp_path: Path) -> None:
    """Files of no size, folders deeper than any path, names of one file, and what a folder without rights holds."""
    command = json.dumps(["python3", "-u", "-c", SERVE + attack + "\ntime.sleep(600)"])
    spec = BuildSpec(f"ARG BASE\nFROM ${{BASE}}\nCMD {command}\n", {}, {"BASE": python_image})
    limits = ResourceLimits(state_bytes=512 * MIB, state_entries=ENTRIES)
    options = ProgramOptions(resources=limits)
    async with open_host(runtime=runtime, storage_root=tmp_path / "root", stop_grace_s=1) as host:
        program: Program = await host.create(ProgramRequest(UserID("alice"), spec, options))
        try:
            await host.start(program.id)
            failed = await host.wait_for(program.id, ProgramState.ERROR, timeout=PATIENCE)
        finally:
            await host.delete(program.id)
    assert failed.exit_reason is not None, failed.error_msg
    assert failed.exit_reason.kind is ExitKind.STATE_LIMIT
    assert f"more files, folders and links than the {ENTRIES} entries of its limit" in failed.error_msg
    assert list((tmp_path / "root").glob("alice-*")) == []
