"""Which file of settings is read, and which is not believed."""

import os
from pathlib import Path

import pytest

from hershy.errors import ConfigurationError
from hershy.testing.twins import twin_container
from hershy.wiring import Settings, open_host, open_sandbox


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


async def test_the_working_directory_has_no_say(tmp_path: Path) -> None:
    """Neither in a Host nor in a sandbox: the file there is not even looked at."""
    written(Path("hershy.toml"), "[not toml")
    root = tmp_path / "root"
    assert Settings.load(storage_root=root).file is None
    async with open_sandbox(runtime="memory", clock="memory") as service:
        risk = (await service.run("x = 1")).risk
        assert risk is not None
        assert risk.threshold == 30
    async with open_host(runtime="memory", clock="memory", storage_root=root):
        pass


def test_a_host_reads_the_file_of_its_storage_root(tmp_path: Path) -> None:
    """However the root is given; a sandbox without a Host does not."""
    root = tmp_path / "root"
    file = written(root / "hershy.toml", "sandbox_threshold = 99\n")
    settings = Settings.load(storage_root=root)
    assert (settings.sandbox.threshold, settings.file) == (99, file)
    assert Settings.load(storage_root=root, of_host=False).sandbox.threshold == 30
    assert twin_container(storage_root=root).settings().file is None


def test_the_file_that_is_named_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In code before the variable, and instead of the storage root's."""
    root = tmp_path / "root"
    written(root / "hershy.toml", "[not toml")
    by_code, by_variable = (written(tmp_path / f"{n}.toml", f"stop_grace_s = {n}\n") for n in (1, 2))
    monkeypatch.setenv("HERSHY_CONFIG", str(by_variable))
    assert Settings.load(storage_root=root).programs.stop_grace_s == 2
    assert Settings.load(storage_root=root, config=by_code).programs.stop_grace_s == 1
    assert Settings.load(of_host=False, config=str(by_code)).file == by_code


def test_a_name_that_is_no_file(tmp_path: Path) -> None:
    """It says who names it."""
    with pytest.raises(ConfigurationError, match=r"config names nothere.toml, which is not a file"):
        Settings.load(config="nothere.toml")


def test_the_file_of_a_root_does_not_lead_to_another(tmp_path: Path) -> None:
    """It would not be found again from there."""
    root = tmp_path / "root"
    written(root / "hershy.toml", 'storage_root = "/elsewhere"\n')
    with pytest.raises(ConfigurationError, match=r"storage_root: .* cannot set another"):
        Settings.load(storage_root=root)


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_file_that_others_can_write_is_not_believed(tmp_path: Path, mode: int) -> None:
    """Whoever can write it decides what holds strangers' code."""
    file = written(tmp_path / "own.toml", "")
    os.chown(file, -1, 4) if os.geteuid() == 0 else None
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"can be written by others than its owner; chmod go-w "):
        Settings.load(config=file)


def test_a_file_of_somebody_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's is."""
    file = written(tmp_path / "own.toml", "")
    monkeypatch.setattr("os.geteuid", lambda: file.stat().st_uid + 1)
    if file.stat().st_uid == 0:
        assert Settings.load(config=file).file == file
        os.chown(file, 12345, -1)
    with pytest.raises(ConfigurationError, match=r"belongs to another user; chown "):
        Settings.load(config=file)


def test_a_group_of_one_s_own_may_write(tmp_path: Path) -> None:
    """Many systems give each user a group and an umask of 002: what everybody has there is not refused."""
    file = written(tmp_path / "own.toml", "")
    file.chmod(0o664)
    if file.stat().st_gid == os.getgid():
        assert Settings.load(config=file).file == file
