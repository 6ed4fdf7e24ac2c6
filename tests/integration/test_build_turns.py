"""One user's builds that sleep, and another's that goes through meanwhile: BuildKit and the classic builder."""

import secrets
from datetime import timedelta
from pathlib import Path

import pytest

from hershy import BuildSpec, Program, ProgramRequest, ProgramState, UserID, open_host
from hershy.programs.application.host import Host

SLEEPING = 'ARG BASE\nFROM ${BASE}\nRUN sleep 120\nCMD ["sleep", "1"]\n'
QUICK = 'ARG BASE\nFROM ${BASE}\nRUN true\nCMD ["sleep", "1"]\n'


async def started(host: Host, user: str, dockerfile: str, base: str) -> Program:
    spec = BuildSpec(dockerfile, {"nonce.txt": secrets.token_hex(8)}, {"BASE": base})
    program = await host.create(ProgramRequest(UserID(user), spec))
    await host.start(program.id)
    return program


@pytest.mark.parametrize("buildkit", ["auto", "never"])
async def test_six_sleeping_builds_of_one_user_hold_up_nobody_else(
    buildkit: str, tmp_path: Path, busybox_image: str
) -> None:
    """Within half a minute another user's build is done, while none of the six is, and two of them wait."""
    options = {"docker_buildkit": buildkit}
    async with open_host(
        runtime="runc", storage_root=tmp_path / "root", auth="tokens", adapter_options=options
    ) as host:
        sleeping = [await started(host, "alice", SLEEPING, busybox_image) for _ in range(6)]
        try:
            quick = await started(host, "bob", QUICK, busybox_image)
            built = (ProgramState.BUILT, ProgramState.STARTING, ProgramState.RUNNING)
            await host.wait_for(quick.id, *built, timeout=timedelta(seconds=30))
            assert [(await host.get(it.id)).state for it in sleeping] == [ProgramState.BUILDING] * 6
            waiting = [it for it in sleeping if any("waiting:" in line for line in await host.build_log(it.id))]
            assert len(waiting) == 4
        finally:
            for program in await host.list():
                await host.delete(program.id)
