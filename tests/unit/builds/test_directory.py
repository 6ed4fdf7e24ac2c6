"""Which files deploy takes from a directory, and which it refuses."""

import os
from pathlib import Path

import pytest

from hershy.builds import directory
from hershy.builds.directory import read_directory
from hershy.builds.spec import BuildSpec
from hershy.errors import UnfitDirectory


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    return tmp_path


def write(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)


def test_every_file_is_taken_by_its_posix_path(root: Path) -> None:
    """Nested, hidden and empty ones too; the Dockerfile has a field of its own."""
    write(root, "main.py", "pkg/sub/mod.py", ".hidden")
    (root / "empty").touch()
    sources = read_directory(root)
    assert sources.dockerfile == "FROM x\n"
    assert sources.src_files == {
        ".hidden": ".hidden",
        "empty": "",
        "main.py": "main.py",
        "pkg/sub/mod.py": "pkg/sub/mod.py",
    }


def test_line_ends_are_kept(root: Path) -> None:
    """The text is the file's bytes."""
    (root / "dos.txt").write_bytes(b"a\r\nb\r")
    assert read_directory(root).src_files == {"dos.txt": "a\r\nb\r"}


def test_dockerignore_is_obeyed(root: Path) -> None:
    """Patterns, comments and exceptions as Docker has them; the Dockerfile is read even when it is named."""
    write(root, "a.py", "a.log", "deep/b.log", "keep.log", "venv/x/y")
    (root / ".dockerignore").write_text("# comment\n**/*.log\n!keep.log\nvenv\nDockerfile\n\n")
    sources = read_directory(root)
    assert set(sources.src_files) == {".dockerignore", "a.py", "keep.log"}
    assert sources.dockerfile == "FROM x\n"


def test_git_is_never_sent(root: Path) -> None:
    """Neither the folder nor a submodule's file."""
    write(root, ".git/config", "sub/.git", "sub/a.py", ".gitignore")
    assert set(read_directory(root).src_files) == {".gitignore", "sub/a.py"}


def test_ignored_files_may_be_anything(root: Path) -> None:
    """Only what would be sent must be text."""
    (root / "image.bin").write_bytes(b"\xff\xfe")
    (root / "link").symlink_to("/etc/hostname")
    (root / ".dockerignore").write_text("image.bin\nlink\n")
    assert set(read_directory(root).src_files) == {".dockerignore"}


def test_a_directory_without_a_dockerfile_is_refused(tmp_path: Path) -> None:
    """The message names the directory."""
    with pytest.raises(UnfitDirectory, match=rf"{tmp_path} has no Dockerfile"):
        read_directory(tmp_path)


@pytest.mark.parametrize("name", ["data.bin", "Dockerfile", ".dockerignore"])
def test_a_file_that_is_not_utf_8_is_refused(root: Path, name: str) -> None:
    """The message names the file and the remedy."""
    (root / name).write_bytes(b"\xff")
    with pytest.raises(UnfitDirectory, match=rf"{name}' is not UTF-8 text.*\.dockerignore"):
        read_directory(root)


def test_a_name_that_is_not_utf_8_is_refused(root: Path) -> None:
    """It could not travel as JSON."""
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9")).touch()
    with pytest.raises(UnfitDirectory, match="is not UTF-8 text"):
        read_directory(root)


@pytest.mark.parametrize("target", ["main.py", "pkg", "nowhere"])
def test_symbolic_links_are_refused(root: Path, target: str) -> None:
    """To a file, to a directory and to nothing: a link may lead out of the directory."""
    write(root, "main.py", "pkg/mod.py")
    (root / "link").symlink_to(target)
    with pytest.raises(UnfitDirectory, match="link is a symbolic link"):
        read_directory(root)


def test_a_linked_dockerfile_is_refused(tmp_path: Path) -> None:
    """Like every other link."""
    write(tmp_path, "other")
    (tmp_path / "Dockerfile").symlink_to("other")
    with pytest.raises(UnfitDirectory, match="Dockerfile is a symbolic link"):
        read_directory(tmp_path)


def test_special_files_are_refused(root: Path) -> None:
    """Reading a pipe would wait for ever."""
    os.mkfifo(root / "pipe")
    with pytest.raises(UnfitDirectory, match="pipe is not a regular file"):
        read_directory(root)


def test_too_much_is_refused_before_it_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to leave things out."""
    monkeypatch.setattr(directory, "MAX_TOTAL_BYTES", 1024)
    (root / "big").write_bytes(b"x" * 1025)
    with pytest.raises(UnfitDirectory, match=r"big is among it.*\.dockerignore"):
        read_directory(root)


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "secret.txt", "pkg"])
def test_nothing_outside_of_the_directory_is_taken(
    root: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """A link of any of them, to a file or a folder elsewhere, is refused by its name: it may be a stranger's folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "key").write_text("secret")
    (root / name).unlink(missing_ok=True)
    (root / name).symlink_to(elsewhere if name == "pkg" else elsewhere / "key")
    with pytest.raises(UnfitDirectory, match=rf"{name} is a symbolic link"):
        read_directory(root)


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore", "pipe"])
def test_what_would_be_waited_for_is_refused(root: Path, name: str) -> None:
    """A named pipe that nobody writes to."""
    (root / name).unlink(missing_ok=True)
    os.mkfifo(root / name)
    with pytest.raises(UnfitDirectory, match=rf"{name} is not a regular file"):
        read_directory(root)


def test_what_is_swapped_after_the_look_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that was a file when it was looked at."""
    (root / "link").symlink_to("/etc/hostname")
    monkeypatch.setattr(directory, "_require_plain_file", lambda path: None)
    with pytest.raises(UnfitDirectory, match="link cannot be read"):
        read_directory(root)


def test_a_build_specification_is_read_from_a_directory(root: Path) -> None:
    """As deploy reads it; build arguments come from elsewhere."""
    write(root, "main.py")
    assert BuildSpec.from_directory(root, {"A": "1"}) == BuildSpec("FROM x\n", {"main.py": "main.py"}, {"A": "1"})
    assert BuildSpec.from_directory(str(root)).src_files == {"main.py": "main.py"}


@pytest.mark.parametrize("patterns", ["*\n!**/*.py", "*\n!src/**/*.py\n!*.py", "**\n!**/*.py"])
def test_what_an_allow_list_takes_back_is_taken_at_any_depth(root: Path, patterns: str) -> None:
    """A6: whatever folder it lies in, and whatever excludes the folder."""
    write(root, "main.py", "src/a.py", "src/deep/b.py", "src/a.txt", "other.txt")
    (root / ".dockerignore").write_text(patterns)
    assert set(read_directory(root).src_files) == {".dockerignore", "main.py", "src/a.py", "src/deep/b.py"}


def test_a_byte_order_mark_disables_no_pattern(root: Path) -> None:
    """Editors of some systems begin each file with one."""
    write(root, "secret.env", "main.py")
    (root / ".dockerignore").write_text("\ufeffsecret.env\n")
    assert set(read_directory(root).src_files) == {".dockerignore", "main.py"}
