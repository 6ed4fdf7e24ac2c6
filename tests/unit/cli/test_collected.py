"""Files that untrusted code has named: written below one directory, and nowhere else."""

from pathlib import Path

import pytest

from hershy.cli.collected import Unwritten, write_collected


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "f").write_text("as it was")
    return tmp_path / "out"


def tree(root: Path) -> dict[str, str]:
    return {str(it.relative_to(root)): it.read_text() for it in root.rglob("*") if it.is_file() and not it.is_symlink()}


def test_files_and_folders_are_made(out: Path) -> None:
    """The directory too, in a folder that is not there either."""
    write_collected(out / "deep", {"a/b/c": b"1", "a/d": b"2", "e": b""}, force=False)
    assert tree(out) == {"deep/a/b/c": "1", "deep/a/d": "2", "deep/e": ""}


@pytest.mark.parametrize("path", ["../outside/f", "/etc/hershy", "a/../../outside/f", "", "a//b", "a\0b", "..", "./a"])
def test_a_path_that_leads_out_is_refused(out: Path, path: str) -> None:
    """Before anything is written, whatever is forced."""
    with pytest.raises(Unwritten, match="nothing is written"):
        write_collected(out, {"good": b"", path: b"bad"}, force=True)
    assert tree(out.parent) == {"outside/f": "as it was"}


def test_what_is_there_stays(out: Path) -> None:
    """Nothing is written unless everything can be; with force it is replaced."""
    out.mkdir()
    (out / "b").write_text("mine")
    with pytest.raises(Unwritten, match="--force"):
        write_collected(out, {"a": b"1", "b": b"2"}, force=False)
    assert tree(out) == {"b": "mine"}
    write_collected(out, {"a": b"1", "b": b"2"}, force=True)
    assert tree(out) == {"a": "1", "b": "2"}


def test_no_link_is_followed(out: Path) -> None:
    """Neither to a folder nor to a file elsewhere: a link is refused, or replaced itself by force."""
    out.mkdir()
    (out / "folder").symlink_to("../outside")
    (out / "file").symlink_to("../outside/f")
    (out / "dangling").symlink_to("../outside/new")
    for force in (False, True):
        with pytest.raises(Unwritten):
            write_collected(out, {"folder/f": b"bad"}, force=force)
        with pytest.raises(Unwritten, match="no symbolic link"):
            write_collected(out, {"folder/new": b"bad"}, force=force)
    for name in ("file", "dangling"):
        with pytest.raises(Unwritten, match="there already"):
            write_collected(out, {name: b"bad"}, force=False)
    write_collected(out, {"file": b"1", "dangling": b"2"}, force=True)
    assert tree(out.parent) == {"outside/f": "as it was", "out/file": "1", "out/dangling": "2"}


def test_a_hard_link_is_not_written_through(out: Path) -> None:
    """By force a new file takes its name."""
    out.mkdir()
    (out / "f").hardlink_to(out.parent / "outside" / "f")
    write_collected(out, {"f": b"new"}, force=True)
    assert tree(out.parent) == {"outside/f": "as it was", "out/f": "new"}


def test_what_the_file_system_refuses_is_told(out: Path) -> None:
    """A folder in a file's place, and a file in a folder's."""
    write_collected(out, {"a": b"", "b/c": b""}, force=False)
    for path in ("a/x", "b"):
        with pytest.raises(Unwritten, match="cannot be written"):
            write_collected(out, {path: b""}, force=True)
