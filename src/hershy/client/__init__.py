"""A typed client of the Host API: ``Client`` blocks, ``AsyncClient`` is for asyncio.

with Client() as hershy:
    program = hershy.create_program("alice", dockerfile, {"main.py": source})
    hershy.start(program.program_id)
    hershy.wait_for(program.program_id, "Ready", timeout=timedelta(minutes=5))
    hershy.message(program.program_id, "add 5")
"""

from hershy.programs.domain.answers import MessageReceipt, ProgramAnswer, RequestParts
from hershy.sandbox.domain.result import SandboxResult
from hershy.wire import (
    BuildLineEvent,
    BulkResult,
    CreatedProgram,
    DeletedEvent,
    ExitInfo,
    JournalInfo,
    LogsInfo,
    LostEvent,
    NewProgram,
    ProgramEvent,
    ProgramInfo,
    ProgramSource,
    ProxyInfo,
    RiskInfo,
    StateEvent,
    StatsInfo,
    Transition,
)

from ._async_handle import AsyncProgramHandle
from ._handle import BlockingProgramHandle
from .asynchronous import AsyncClient
from .options import DeployOptions, LogOptions, ProgramCriteria, RunOptions
from .sync import Client
from .waiting import Wait, WaitStep

__all__ = [
    "AsyncClient",
    "AsyncProgramHandle",
    "BlockingProgramHandle",
    "BuildLineEvent",
    "BulkResult",
    "Client",
    "CreatedProgram",
    "DeletedEvent",
    "DeployOptions",
    "ExitInfo",
    "JournalInfo",
    "LogOptions",
    "LogsInfo",
    "LostEvent",
    "MessageReceipt",
    "NewProgram",
    "ProgramAnswer",
    "ProgramCriteria",
    "ProgramEvent",
    "ProgramInfo",
    "ProgramSource",
    "ProxyInfo",
    "RequestParts",
    "RiskInfo",
    "RunOptions",
    "SandboxResult",
    "StateEvent",
    "StatsInfo",
    "Transition",
    "Wait",
    "WaitStep",
]
