"""What may be given by name to methods of both clients; what is left out is left to the Host."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from hershy.programs.domain.egress import Egress
from hershy.programs.domain.state import ProgramState


class DeployOptions(TypedDict, total=False):
    """See ``Client.create_program``."""

    build_args: Mapping[str, str] | None
    env: Mapping[str, str] | None
    labels: Mapping[str, str] | None
    resources: Mapping[str, float] | None
    restart_policy: str | Mapping[str, Any] | None
    health_check: bool | Mapping[str, Any] | None
    ttl: timedelta | None
    idle_timeout: timedelta | None
    egress: Egress | str | None
    description: str | None


class ProgramCriteria(TypedDict, total=False):
    """Which programs: those that meet every criterion given."""

    user_id: str | None
    state: ProgramState | str | None
    labels: Mapping[str, str] | None


class LogOptions(TypedDict, total=False):
    """Which lines of output: at most ``tail`` of the newest, of one ``stream``, and nothing older than ``since``."""

    tail: int | None
    stream: str | None
    since: datetime | timedelta | str | None


class RunOptions(TypedDict, total=False):
    """See ``Client.run_code``."""

    command: Sequence[str]
    image: str
    args: Sequence[str]
    files: Mapping[str, bytes | str] | None
    stdin: bytes | str
    env: Mapping[str, str] | None
    collect: Sequence[str]
    limits: Mapping[str, float] | None
    check: bool
    threshold: int | None
