"""hershy in a stranger's folder: nothing that lies there is imported, executed or obeyed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERSHY = Path(sys.executable).with_name("hershy")
DEADLINE_S = 60
MODULES = (
    "sitecustomize",
    "usercustomize",
    "typing",
    "asyncio",
    "json",
    "pydantic",
    "structlog",
    "bandit",
    "hershy",
    "hershy_adapters",
    "conftest",
)
TRAP = "import pathlib; pathlib.Path({marker!r}).write_text('executed')\n"
SCRIPT = "#!/bin/sh\necho executed >{marker}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Modules and programs of the names that hershy uses; whichever is run leaves a mark."""
    made, marker = tmp_path / "stranger", str(tmp_path / "mark")
    made.mkdir()
    for name in MODULES:
        (made / f"{name}.py").write_text(TRAP.format(marker=marker))
    for name in ("setpriv", "docker-buildx", "docker", "python3"):
        program = made / name
        program.write_text(SCRIPT.format(marker=marker))
        program.chmod(0o755)
    (made / "hershy.toml").write_text("nonsense = true\n")
    (made / ".env").write_text("HERSHY_RUNTIME=runc\n")
    (made / ".bandit").write_text("[bandit]\nexclude: /\n")
    (made / "it.py").write_text("import os\nos.system('id')\n")
    return made


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--version"], 0),
        (["settings", "--json"], 0),
        (["doctor", "--runtime", "memory"], None),
        (["run", "--runtime", "memory", "it.py"], 1),
        (["run", "--runtime", "runc", "it.py"], 1),
    ],
)
def test_nothing_in_the_folder_is_run(folder: Path, arguments: list[str], code: int | None) -> None:
    """With an empty and a relative entry on PATH too, which mean the working directory."""
    environment = {**os.environ, "PATH": f".::{os.environ['PATH']}"}
    for name in ("PYTHONPATH", "HERSHY_URL"):
        environment.pop(name, None)
    done = subprocess.run(
        [HERSHY, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert not (folder.parent / "mark").exists(), done.stderr
    assert code is None or done.returncode == code, done.stderr
    assert "nonsense" not in done.stdout + done.stderr


def test_a_stranger_s_settings_run_nothing(folder: Path) -> None:
    """E3: they named the runtime and took the threshold away; the code is refused by the default one."""
    (folder / "hershy.toml").write_text('runtime = "runc"\nsandbox_threshold = 100000\n')
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HERSHY_")}
    done = subprocess.run(
        [HERSHY, "run", "--local", "it.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert "hershy.toml in the working directory is not read; name it with --config" in done.stderr
    assert "refused: scored" in done.stderr
    assert "of 30 at which code is refused" in done.stderr
