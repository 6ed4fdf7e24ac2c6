"""A Host that is killed while it writes has lost nothing that it was told is written."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from hershy.programs.domain.program import Program

from .repository_writer import repository

ROUNDS = 8
DEADLINE_S = 60


@pytest.mark.parametrize("with_tokens", [False, True], ids=["", "with tokens"])
async def test_kills_lose_nothing_acknowledged(tmp_path: Path, with_tokens: bool) -> None:
    """After each SIGKILL, at random moments: every acknowledged write is there, every program fits its journal.

    With tokens another process opens the database and closes it meanwhile, as the commands for tokens do.
    """
    url = f"sqlite:///{tmp_path}/hershy.db"
    random = Random(4)
    told: dict[str, tuple[int, int]] = {}
    last_id = written = 0
    for _ in range(ROUNDS):
        for program_id, version, epoch, entry_id in acknowledged(url, random.uniform(0.01, 0.3), with_tokens):
            assert entry_id > last_id, "ids grow in the order in which writes are acknowledged"
            told[program_id], last_id = (version, epoch), entry_id
            written += 1
        # One write of each program may have happened without having been acknowledged any more.
        opened = repository(url)
        programs = {str(it.id): it for it in await opened.list()}
        journal = await opened.journal(limit=1_000_000)
        await opened.aclose()
        assert {it.id for it in journal} >= {last_id}
        for program_id, (version, epoch) in told.items():
            assert is_as_told_or_one_further(programs.get(program_id), version, epoch)
            own = [it for it in journal if str(it.program_id) == program_id]
            since_removal = next((n for n, it in enumerate(reversed(own)) if it.event == "removed"), len(own))
            assert since_removal == (programs[program_id].version if program_id in programs else 0)
    assert written > ROUNDS * 10, "the writers got to write"


def is_as_told_or_one_further(program: Program | None, version: int, epoch: int) -> bool:
    if version == 0:  # its removal was acknowledged
        return program is None or program.version == 1
    if program is None:
        return version > 30  # else it would not have been removed
    return (program.version, program.epoch) in {(version, epoch), (version + 1, epoch + 1)}


def acknowledged(url: str, seconds: float, with_tokens: bool) -> list[tuple[str, int, int, int]]:
    """Let a process write for so long from its first acknowledgement on, kill it, and return what it has told."""
    command = [sys.executable, "-m", "tests.integration.repository_writer", url, *(["tokens"] if with_tokens else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
        try:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            if with_tokens:
                with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
                    other.execute("SELECT count(*) FROM hershy_tokens").fetchall()
            time.sleep(seconds)
        finally:
            writer.kill()
        lines = [first, *writer.stdout.read(10_000_000).splitlines(keepends=True)]
        writer.wait(DEADLINE_S)
    told = []
    for line in lines:
        if line.endswith("\n"):  # the last one may have been cut
            program_id, *numbers = line.split()
            version, epoch, entry_id = map(int, numbers)
            told.append((program_id, version, epoch, entry_id))
    return told
