"""What each extra brings, in environments that hold nothing else: a program's image pays for every package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL_DEADLINE_S = 180


def _run(*command: str | Path, expected: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=INSTALL_DEADLINE_S, check=False
    )
    assert done.returncode == expected, f"{done.stdout}\n{done.stderr}"
    return done


class Environment:
    """A virtual environment with the wheel of this checkout and one of its extras."""

    def __init__(self, folder: Path, wheel: Path, extra: str) -> None:
        _run(sys.executable, "-m", "venv", folder)
        self._bin = folder / "bin"
        target = f"{wheel}[{extra}]" if extra else str(wheel)
        _run(self._bin / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", target)

    @property
    def packages(self) -> set[str]:
        listed = _run(self._bin / "python", "-m", "pip", "list", "--format", "json", "--disable-pip-version-check")
        return {it["name"].lower() for it in json.loads(listed.stdout)} - {"pip", "setuptools"}

    def python(self, code: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
        return _run(self._bin / "python", "-I", "-c", code, expected=expected)

    def hershy(self, *arguments: str, expected: int) -> subprocess.CompletedProcess[str]:
        return _run(self._bin / "hershy", *arguments, expected=expected)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    return next(folder.glob("hershy-*.whl"))


def test_hershy_alone_brings_nothing_else(wheel: Path, tmp_path: Path) -> None:
    """Errors, values and the score of code work; whatever needs more says which extra brings it."""
    bare = Environment(tmp_path / "bare", wheel, "")
    assert bare.packages == {"hershy"}
    bare.python("from hershy import HershyError, BuildSpec, UserID, SandboxResult, ProgramState")
    bare.python("from hershy.sandbox import analyze; assert analyze({'main.py': 'print(1)'}).score == 0")
    assert "pip install 'hershy[watcher]'" in bare.python("import hershy.watcher", expected=1).stderr
    refused = bare.python("import hershy; hershy.open_host", expected=1)
    assert "pip install 'hershy[host]'" in refused.stderr
    assert "pip install 'hershy[cli]'" in bare.hershy("ls", expected=1).stderr


def test_what_programs_are_written_with_brings_h11_and_no_more(wheel: Path, tmp_path: Path) -> None:
    """So a program's image holds nothing of the Host."""
    watcher = Environment(tmp_path / "watcher", wheel, "watcher")
    assert watcher.packages == {"hershy", "h11"}
    watcher.python("from hershy.watcher import Watcher; import hershy.watcher.api.server")


def test_a_host_on_twins_needs_one_extra(wheel: Path, tmp_path: Path) -> None:
    """``hershy[host]`` opens a Host without engine, database or web server."""
    host = Environment(tmp_path / "host", wheel, "host")
    assert {"aiodocker", "aiohttp", "fastapi", "sqlalchemy", "httpx", "typer"} & host.packages == set()
    host.python(
        "import asyncio, hershy\n"
        "async def main():\n"
        "    async with hershy.open_host(runtime='memory') as host:\n"
        "        spec = hershy.BuildSpec('FROM scratch')\n"
        "        program = await host.create(hershy.ProgramRequest(hershy.UserID('alice'), spec))\n"
        "        await host.start(program.id)\n"
        "        await host.wait_for(program.id, hershy.ProgramState.READY)\n"
        "asyncio.run(main())"
    )
