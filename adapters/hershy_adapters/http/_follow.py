"""A program's output as lines of text, while it is written."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from hershy.application.host import Host
from hershy.domain.ids import ProgramID
from hershy.ports.runtime import LogQuery


async def follow(host: Host, program_id: ProgramID, query: LogQuery) -> AsyncGenerator[bytes, None]:
    """Ends with the container. Closing it releases what the runtime holds."""
    async with aclosing(host.follow_logs(program_id, query)) as lines:
        async for line in lines:
            yield f"{line.text}\n".encode(errors="replace")
