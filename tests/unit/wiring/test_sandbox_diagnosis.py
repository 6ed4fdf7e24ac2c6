"""What the diagnosis says of sandboxes."""

from collections.abc import Sequence

import pytest

from hershy.core.diagnosis import Requirement
from hershy.wiring import diagnose
from hershy_adapters.memory.sandbox import InMemorySandbox


async def test_a_host_starts_without_sandboxes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only they need is not required; what programs need too is told once."""
    usual = await diagnose(runtime="memory")

    async def lacking(self: InMemorySandbox) -> Sequence[Requirement]:
        return [usual[0], Requirement("image for Python", False, "absent", "docker pull it")]

    monkeypatch.setattr(InMemorySandbox, "diagnose", lacking)
    findings = await diagnose(runtime="memory")
    assert [it.name for it in findings].count(usual[0].name) == 1
    assert findings[-1] == Requirement("image for Python", False, "absent", "docker pull it", required=False)
