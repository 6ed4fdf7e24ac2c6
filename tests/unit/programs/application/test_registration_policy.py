"""Registration refuses what the operator's policy would not let be built."""

import pytest

from hershy.errors import InvalidValue, ProgramFailed
from hershy.testing.twins import open_twins, twin_container


async def test_a_program_that_may_not_be_built_is_not_registered() -> None:
    """The refusal names the line; no file, no port and no program is left."""
    async with open_twins(twin_container(allowed_registries=["docker.io/library"])) as twins:
        with pytest.raises(InvalidValue, match=r"line 2: 'FROM quay.io/x'.*docker.io/library"):
            await twins.create("# x\nFROM quay.io/x")
        assert not await twins.host.list()
        await twins.create("FROM python:3.12")


async def test_the_policy_reaches_the_builder() -> None:
    """What can be told after the build only makes the program an Error that names the limit."""
    async with open_twins(twin_container(max_image_bytes=5)) as twins:
        with pytest.raises(ProgramFailed, match="at most 5"):
            await twins.ready("FROM python:3.12")
