"""A program's output as lines of text, while it is written."""

from collections.abc import AsyncGenerator

from hershy.application.host import Host
from hershy.domain.ids import ProgramID
from hershy.ports.runtime import LogQuery


async def follow(host: Host, program_id: ProgramID, query: LogQuery) -> AsyncGenerator[bytes, None]:
    """Ends with the container. Closing it releases what the runtime holds."""
    lines = host.follow_logs(program_id, query)
    try:
        async for line in lines:
            yield f"{line.text}\n".encode(errors="replace")
    finally:
        if isinstance(lines, AsyncGenerator):
            await lines.aclose()
