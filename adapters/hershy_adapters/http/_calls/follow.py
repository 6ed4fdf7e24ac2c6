"""Output as lines of text, while it is written."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from hershy.programs.ports.runtime import LogLine


async def program_output(lines: AsyncGenerator[LogLine, None]) -> AsyncGenerator[bytes, None]:
    """Ends with the container. Closing it releases what the runtime holds."""
    async with aclosing(lines):
        async for line in lines:
            yield f"{line.text}\n".encode(errors="replace")


async def build_output(lines: AsyncGenerator[str, None]) -> AsyncGenerator[bytes, None]:
    """Ends with the build."""
    async with aclosing(lines):
        async for line in lines:
            yield f"{line}\n".encode(errors="replace")
