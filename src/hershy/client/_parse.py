"""Reads the Host's JSON into values. Fields this client does not know are passed over."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hershy.errors import HershyError, UnexpectedAnswer
from hershy.programs.domain.answers import MessageReceipt
from hershy.programs.domain.state import ProgramState

from ._refusals import refused
from .models import (
    BuildLineEvent,
    BulkResult,
    CreatedProgram,
    DeletedEvent,
    ExitInfo,
    JournalEntry,
    LostEvent,
    ProgramEvent,
    ProgramInfo,
    ProgramLogs,
    ProgramSource,
    ProgramStats,
    ProxyInfo,
    StateEvent,
    Transition,
)


def document(status: int, content: bytes, request: str) -> Any:
    """The JSON of a successful answer. Raises HershyError for a refusal, UnexpectedAnswer for anything else."""
    if status >= 400:
        raise refusal(status, content)
    try:
        if not 200 <= status < 300:
            raise ValueError(f"status {status}")
        return json.loads(content)
    except ValueError as error:
        raise UnexpectedAnswer(f"what answers {request} is not a hershy Host: {error}") from error


def refusal(status: int, content: bytes) -> HershyError:
    """The error of a refusal, also of one that does not have the contract's shape."""
    text = content[:500].decode(errors="replace")
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return refused(status, f"HTTP {status}", text, {})
    error = str(body.get("error") or f"HTTP {status}")
    return refused(status, error, str(body.get("message") or error), body)


def created_programs(data: Any) -> tuple[CreatedProgram, ...]:
    return tuple(created(item) for item in data["programs"])


def created(data: Any) -> CreatedProgram:
    return CreatedProgram(
        program_id=data["program_id"],
        build_id=data["build_id"],
        state=ProgramState(data["state"]),
        proxy_url=data["proxy_url"],
        created_at=moment(data["created_at"]),
    )


def transition(data: Any) -> Transition:
    return Transition(data["program_id"], ProgramState(data["state"]), data["message"])


def program(data: Any) -> ProgramInfo:
    return ProgramInfo(
        program_id=data["program_id"],
        build_id=data["build_id"],
        user_id=data["user_id"],
        state=ProgramState(data["state"]),
        created_at=moment(data["created_at"]),
        updated_at=moment(data["updated_at"]),
        proxy_url=data.get("proxy_url"),
        image_id=data.get("image_id"),
        container_id=data.get("container_id"),
        error_msg=data.get("error_msg") or "",
        labels=dict(data.get("labels") or {}),
        desired_state=data.get("desired_state"),
        exit_reason=_exit_info(data.get("exit_reason")),
        restart_count=data.get("restart_count") or 0,
        next_restart_at=_optional_moment(data.get("next_restart_at")),
        is_healthy=data.get("is_healthy"),
        resources=dict(data.get("resources") or {}),
        restart_policy=dict(data.get("restart_policy") or {}),
        health_check=data.get("health_check"),
        ttl_s=data.get("ttl_s"),
        idle_timeout_s=data.get("idle_timeout_s"),
        egress=data.get("egress"),
        expires_at=_optional_moment(data.get("expires_at")),
    )


def _exit_info(data: Mapping[str, Any] | None) -> ExitInfo | None:
    return ExitInfo(data["kind"], data.get("code")) if data else None


def programs(data: Any) -> tuple[ProgramInfo, ...]:
    return tuple(program(item) for item in data["programs"])


def stats(data: Any) -> ProgramStats:
    return ProgramStats(
        program_id=data["program_id"],
        state=ProgramState(data["state"]),
        timestamp=moment(data["timestamp"]),
        state_bytes=data["state_bytes"],
        cpu_cores=data.get("cpu_cores"),
        cpu_seconds=data.get("cpu_seconds"),
        memory_bytes=data.get("memory_bytes"),
        memory_limit_bytes=data.get("memory_limit_bytes"),
        pids=data.get("pids"),
        network_rx_bytes=data.get("network_rx_bytes"),
        network_tx_bytes=data.get("network_tx_bytes"),
    )


def journal(data: Any) -> tuple[JournalEntry, ...]:
    return tuple(_journal_entry(item) for item in data["entries"])


def _journal_entry(data: Any) -> JournalEntry:
    return JournalEntry(
        id=data["id"],
        program_id=data["program_id"],
        at=moment(data["at"]),
        event=data["event"],
        previous=_optional_state(data.get("previous")),
        state=_optional_state(data.get("state")),
        detail=data.get("detail") or "",
        exit_reason=_exit_info(data.get("exit_reason")),
        actor=data.get("actor") or "",
    )


def bulk_results(data: Any) -> tuple[BulkResult, ...]:
    return tuple(
        BulkResult(item["program_id"], item["ok"], item["code"], item["message"], item.get("error"))
        for item in data["results"]
    )


def nothing(data: Any) -> None:
    return None


def logs(data: Any) -> ProgramLogs:
    return ProgramLogs(data["program_id"], data["logs"], moment(data["timestamp"]), data.get("container_id"))


def source(data: Any) -> ProgramSource:
    return ProgramSource(data["program_id"], dict(data["files"]), moment(data["retrieved_at"]))


def receipt(data: Any) -> MessageReceipt:
    return MessageReceipt(data["status"], {name: value for name, value in data.items() if name != "status"})


def proxy_info(data: Any) -> ProxyInfo:
    opened_at = data.get("opened_at")
    return ProxyInfo(
        program_id=data["program_id"],
        open=data["open"],
        publish_port=data.get("publish_port"),
        target_url=data.get("target_url"),
        requests=data.get("requests"),
        active=data.get("active"),
        opened_at=moment(opened_at) if opened_at else None,
    )


def event(name: str, text: str) -> ProgramEvent | None:
    """One event of the stream; None for a kind that this client does not know."""
    try:
        return _event(name, json.loads(text or "{}"))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedAnswer(
            f"the event {name} {text!r:.200} is not what the Host API promises: {error!r}"
        ) from error


def _event(name: str, data: Any) -> ProgramEvent | None:
    match name:
        case "state":
            return StateEvent(
                program_id=data["program_id"],
                state=ProgramState(data["state"]),
                previous=_optional_state(data.get("previous")),
                error_msg=data.get("error_msg") or "",
                at=_optional_moment(data.get("at")),
                id=data.get("id"),
                event=data.get("event") or "",
                detail=data.get("detail") or "",
                exit_reason=_exit_info(data.get("exit_reason")),
                actor=data.get("actor") or "",
            )
        case "build":
            return BuildLineEvent(data["line"], data.get("program_id") or "")
        case "deleted":
            return DeletedEvent(data.get("program_id") or "", data.get("id"), _optional_moment(data.get("at")))
        case "lost":
            return LostEvent(data["count"])
    return None


def moment(text: str) -> datetime:
    """An RFC 3339 time."""
    return datetime.fromisoformat(text)


def _optional_moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


def _optional_state(name: str | None) -> ProgramState | None:
    return ProgramState(name) if name else None
