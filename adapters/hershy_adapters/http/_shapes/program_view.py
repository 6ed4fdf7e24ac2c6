"""How a program is shown, and lists of a thousand of them quickly."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from hershy.programs.domain.program import Program, ProgramOptions
from hershy.wire import ProgramInfo, written

from .._errors import encoded
from .responses import exit_info

MOST_KEPT = 16_384
"""Fragments of JSON, about as many as there may be programs. When there are more all of them are dropped."""

_SHOWN = {it.name for it in fields(ProgramInfo)}


def program_info(program: Program) -> ProgramInfo:
    """Every option that is shown has the field of its name in JSON."""
    options, reason = program.options, program.exit_reason
    return ProgramInfo(
        program_id=program.id.value,
        build_id=program.build_id.value,
        user_id=program.user_id.value,
        state=program.state,
        desired_state=program.desired,
        image_id=str(program.image_id) if program.image_id else None,
        container_id=str(program.container_id) if program.container_id else None,
        proxy_url=program.proxy_url,
        error_msg=program.error_msg,
        exit_reason=exit_info(reason) if reason else None,
        restart_count=program.restarts.count,
        next_restart_at=program.next_restart_at,
        is_healthy=program.is_healthy,
        expires_at=program.created_at + options.ttl if options.ttl is not None else None,
        created_at=program.created_at,
        updated_at=program.updated_at,
        **_shown(options),
    )


class RenderedPrograms:
    """Each snapshot of a program is rendered once. Snapshots are immutable, so being the same object is enough."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._fragments: dict[str, tuple[Program, bytes]] = {}  # by the id's text, whose hash is at hand

    def one(self, program: Program) -> bytes:
        known = self._fragments.get(program.id.value)
        if known is not None and known[0] is program:
            return known[1]
        fragment = encoded(written(program_info(program)))
        if len(self._fragments) >= self._most_kept:
            self._fragments.clear()
        self._fragments[program.id.value] = (program, fragment)
        return fragment

    def many(self, programs: Sequence[Program]) -> bytes:
        """As a ProgramList."""
        return b'{"programs":[%b],"count":%d}' % (b",".join(map(self.one, programs)), len(programs))


def _shown(options: ProgramOptions) -> dict[str, Any]:
    return {key: value for key, value in written(options).items() if key in _SHOWN}
