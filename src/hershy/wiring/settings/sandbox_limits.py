"""Limits of sandboxes as settings have them."""

from dataclasses import replace
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from hershy.sandbox.domain.job import SandboxLimits


class SandboxLimitSettings(BaseModel):
    """What is left out is as hershy has it; see SandboxLimits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: float | None = None
    cpus: float | None = None
    memory_bytes: int | None = None
    pids: int | None = None
    open_files: int | None = None
    output_bytes: int | None = None
    work_bytes: int | None = None
    files_bytes: int | None = None

    def over(self, usual: SandboxLimits) -> SandboxLimits:
        """These in place of the usual ones. Raises InvalidValue."""
        given = self.model_dump(exclude_none=True)
        if "timeout_s" in given:
            given["timeout"] = timedelta(seconds=given.pop("timeout_s"))
        return replace(usual, **given)
