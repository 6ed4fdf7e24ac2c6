"""Registers, writes Compose files and deletes without end, and tells what is acknowledged; to be killed meanwhile."""

import asyncio
import itertools
import sys
from pathlib import Path

from hershy.builds.spec import BuildSpec
from hershy.core.ids import ProgramID
from hershy_adapters.docker.compose import write_compose
from hershy_adapters.filesystem.storage import FilesystemStorage

COMPOSE_FILES = ("a: {}\n" * 10_000, "b: {}\n" * 10_000)


async def main(root: Path) -> None:
    storage = FilesystemStorage(root)
    await storage.claim()
    for number in itertools.count():
        spec = BuildSpec(f"FROM x{number}", {f"f{it}.py": f"{number}\n" * 20_000 for it in range(5)})
        program_id = ProgramID(f"alice-{spec.build_id}-{number:08x}")
        await storage.write_sources(program_id, spec)
        tell("written", program_id)
        for text in COMPOSE_FILES:
            await write_compose(root, program_id, text)
        if number % 3 == 0:
            await storage.delete(program_id)
            tell("deleted", program_id)


def tell(what: str, program_id: ProgramID) -> None:
    sys.stdout.write(f"{what} {program_id}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
