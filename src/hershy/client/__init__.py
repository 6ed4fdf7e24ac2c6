"""A typed client of the Host API: ``Client`` blocks, ``AsyncClient`` is for asyncio.

with Client() as hershy:
    program = hershy.create_program("alice", dockerfile, {"main.py": source})
    hershy.start(program.program_id)
    hershy.wait_for(program.program_id, "Ready", timeout=timedelta(minutes=5))
    hershy.message(program.program_id, "add 5")
"""

from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import (
    BuildLineEvent,
    BulkResult,
    CreatedProgram,
    DeletedEvent,
    ExitInfo,
    JournalEntry,
    LostEvent,
    NewProgram,
    ProgramEvent,
    ProgramInfo,
    ProgramLogs,
    ProgramSource,
    ProgramStats,
    ProxyInfo,
    RiskInfo,
    StateEvent,
    Transition,
)

from .asynchronous import AsyncClient
from .errors import (
    ApiError,
    BadRequestError,
    ClientError,
    ConflictError,
    ForbiddenError,
    LimitReachedError,
    NotAllowedError,
    NotFoundError,
    ProgramEnded,
    ServerTimeout,
    ServerUnreachable,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedAnswer,
    WaitTimeout,
)
from .models import MessageReceipt, ProgramAnswer
from .sync import Client
from .waiting import Wait, WaitStep

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadRequestError",
    "BuildLineEvent",
    "BulkResult",
    "Client",
    "ClientError",
    "ConflictError",
    "CreatedProgram",
    "DeletedEvent",
    "ExitInfo",
    "ForbiddenError",
    "JournalEntry",
    "LimitReachedError",
    "LostEvent",
    "MessageReceipt",
    "NewProgram",
    "NotAllowedError",
    "NotFoundError",
    "ProgramAnswer",
    "ProgramEnded",
    "ProgramEvent",
    "ProgramInfo",
    "ProgramLogs",
    "ProgramSource",
    "ProgramStats",
    "ProxyInfo",
    "RiskInfo",
    "SandboxResult",
    "ServerTimeout",
    "ServerUnreachable",
    "StateEvent",
    "TooLargeError",
    "Transition",
    "UnauthorizedError",
    "UnavailableError",
    "UnexpectedAnswer",
    "Wait",
    "WaitStep",
    "WaitTimeout",
]
