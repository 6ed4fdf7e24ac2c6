"""Files in ``/state`` that are no plain files, and folders that are swapped meanwhile: nothing outside is reached."""

import asyncio
import json
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hershy import BuildSpec, Program, ProgramOptions, ProgramRequest, ProgramState, UserID, open_host
from hershy.programs.ports.proxy import ProxyRequest

PATIENCE = timedelta(seconds=90)
PROGRAM = r"""
import http.server, json, os, shutil, socket, stat, threading, time
TOLD = {}
def tried(name, make):
    try:
        make()
        TOLD[name] = "made"
    except OSError as error:
        TOLD[name] = error.strerror
def suid():
    shutil.copy(shutil.which("python3"), "/state/suid")
    os.chmod("/state/suid", 0o6777)
    TOLD["euid"] = os.popen("/state/suid -c 'import os; print(os.geteuid())'").read().strip()
def listening():
    socket.socket(socket.AF_UNIX).bind("/state/socket")
tried("suid", suid)
tried("fifo", lambda: os.mkfifo("/state/fifo", 0o777))
tried("socket", listening)
tried("block", lambda: os.mknod("/state/block", 0o666 | stat.S_IFBLK, os.makedev(8, 0)))
tried("character", lambda: os.mknod("/state/character", 0o666 | stat.S_IFCHR, os.makedev(1, 1)))
for name, target in (("root", "/"), ("up", "../.."), ("secret", OUTSIDE + "/secret"), ("outside", OUTSIDE)):
    os.symlink(target, "/state/" + name)
def swapping():
    # A folder and a link to elsewhere, in turn under one name.
    os.makedirs("/state/real/inner/deeper")
    os.symlink(OUTSIDE, "/state/link")
    while True:
        for one in ("real", "link"):
            try:
                os.rename("/state/" + one, "/state/turn")
                os.rename("/state/turn", "/state/" + one)
            except OSError:
                pass
threading.Thread(target=swapping, daemon=True).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(TOLD).encode())
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


@pytest.mark.parametrize("runtime", ["runc", "runsc"])
async def test_nothing_outside_is_counted_changed_or_removed(runtime: str, python_image: str, tmp_path: Path) -> None:
    """Set-user-id files give nobody anything, devices cannot be made, and links lead the Host nowhere."""
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "secret").write_bytes(b"x" * 4_000_000)
    (outside / "secret").chmod(0o644)
    before = {path: path.stat() for path in (outside, outside / "secret")}
    root = tmp_path / "root"
    command = json.dumps(["python3", "-u", "-c", f"OUTSIDE = {str(outside)!r}\n{PROGRAM}"])
    spec = BuildSpec(f"ARG BASE\nFROM ${{BASE}}\nCMD {command}\n", {}, {"BASE": python_image})
    async with open_host(runtime=runtime, storage_root=root, stop_grace_s=1) as host:
        program: Program = await host.create(ProgramRequest(UserID("alice"), spec, ProgramOptions()))
        try:
            await host.start(program.id)
            await host.wait_for(program.id, ProgramState.READY, timeout=PATIENCE)
            told: dict[str, Any] = await _told(host, program)
            state = root / str(program.id) / "state"
            made = await asyncio.to_thread((state / "suid").lstat)
            sizes = [(await host.stats(program.id)).state_bytes for _ in range(10)]
        finally:
            await host.delete(program.id)
    assert (told["block"], told["character"]) == ("Operation not permitted", "Operation not permitted")
    assert (told["suid"], told["euid"], made.st_uid) == ("made", "65532", 65532)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700  # so that nobody else of the machine finds what is set-user-id
    assert all(made.st_size <= size < made.st_size + 1_000_000 for size in sizes)
    assert not list(root.glob("alice-*"))
    assert {path: path.stat() for path in before} == before


async def _told(host: Any, program: Program) -> dict[str, Any]:
    response = await host.request(program.id, ProxyRequest("GET", "/", ()))
    document: dict[str, Any] = json.loads(b"".join([chunk async for chunk in response.body]))
    return document
