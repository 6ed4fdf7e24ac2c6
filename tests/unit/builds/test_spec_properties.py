"""Whatever paths, texts and names a caller makes up: refused as InvalidValue, or kept exactly, below ``src``."""

import os
import time
import unicodedata
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hershy.builds.spec import MAX_BUILD_ARGS, BuildSpec
from hershy.core.file_tree import MAX_ENTRIES
from hershy.core.ids import ProgramID
from hershy.errors import InvalidValue
from hershy_adapters.filesystem._layout import ProgramFolders
from hershy_adapters.filesystem._sources import read_spec, write_folders

FROM = "FROM scratch"

hostile_segments = st.sampled_from(
    [
        *(
            "..",
            ".",
            "",
            "...",
            "~",
            "-rf",
            "*",
            "$(id)",
            "`id`",
            "a b",
            " ",
            "a ",
            "a.",
            "\n",
            "\0",
            "\\..\\",
            "%2e%2e",
        ),
        *("%2e%2e", "%2E%2E%2F", "..%c0%af", "\u2024\u2024", "\uff0e\uff0e", "\u2025", "..\u200b", "\u202e", "\ufeff"),
        *(
            "Dockerfile",
            "dockerfile",
            "DOCKERFILE",
            "dockerf\u0131le",
            ".dockerignore",
            ".git",
            "CON",
            "nul.txt",
            "a:b",
        ),
        *(
            "\ud800",
            "CON",
            "nul.txt",
            "a:b",
            "proc",
            "self",
            "fd",
            "é",
            "e\u0301",
            "ß",
            "SS",
            "\u017fs",
            "a" * 255,
            "a" * 256,
            "é" * 128,
            "x" * 3000,
        ),
    ]
)
segments = hostile_segments | st.text(max_size=8) | st.from_regex(r"[a-z]{1,4}", fullmatch=True)
paths = st.builds("/".join, st.lists(segments, max_size=6)) | st.text(max_size=40)
files = st.dictionaries(paths, st.text(max_size=20), max_size=6)


def accepted(src_files: dict[str, str]) -> BuildSpec | None:
    try:
        return BuildSpec(FROM, src_files)
    except InvalidValue:
        return None


@given(path=paths)
@settings(deadline=None, max_examples=500)
def test_accepted_paths_stay_inside(path: str) -> None:
    """A path is refused or names, by itself and in no other way, something strictly below its folder."""
    if accepted({path: ""}) is None:
        return
    assert not path.startswith("/")
    assert str(PurePosixPath(path)) == path
    assert ".." not in path.split("/")
    inside = Path("/root/of/src")
    assert inside in Path(os.path.normpath(inside / path)).parents
    assert path.casefold().split("/")[0] != "dockerfile"


@given(src_files=files)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_written_and_read_back(tmp_path: Path, src_files: dict[str, str]) -> None:
    """What is accepted is written below ``src`` alone, byte for byte, and read back equal: same BuildID."""
    spec = accepted(src_files)
    if spec is None:
        return
    folders = _empty_folders(tmp_path)
    outside = _tree(tmp_path, but=folders.top)
    write_folders(folders, spec)
    written = {str(it.relative_to(folders.src)) for it in folders.src.rglob("*") if not it.is_dir()}
    assert written == {"Dockerfile", *src_files}
    assert not any(it.is_symlink() for it in folders.top.rglob("*"))
    assert {it.name for it in (folders.top / "meta").iterdir()} == {"build_args.json"}
    assert _tree(tmp_path, but=folders.top) == outside
    assert read_spec(folders) == spec
    assert read_spec(folders).build_id == spec.build_id


@pytest.mark.parametrize(
    ("one", "other"),
    [("readme", "README"), ("café", unicodedata.normalize("NFD", "café")), ("a/ß", "a/ss"), ("a", "a "), ("a", "a.")],
)
def test_paths_that_look_alike(tmp_path: Path, one: str, other: str) -> None:
    """Paths that another system might take for one are two files, each with its own text."""
    folders = _empty_folders(tmp_path)
    spec = BuildSpec(FROM, {one: "1", other: "2"})
    write_folders(folders, spec)
    assert read_spec(folders).src_files == {one: "1", other: "2"}
    assert BuildSpec(FROM, {one: "x"}).build_id != BuildSpec(FROM, {other: "x"}).build_id


@pytest.mark.parametrize("look_alike", ["dockerfile", "DOCKERFILE", "DockerFile", "Dockerfile/x", "DOCKERFILE/x"])
def test_dockerfile_collisions(look_alike: str) -> None:
    """Nothing may lie where a case-insensitive file system would see the Dockerfile."""
    with pytest.raises(InvalidValue, match="Dockerfile"):
        BuildSpec(FROM, {look_alike: ""})


def test_thousands_of_files(tmp_path: Path) -> None:
    """Thousands of files are one build; more files and folders than the bound are refused."""
    many = {f"d{index % 50}/f{index}": str(index) for index in range(5_000)}
    folders = _empty_folders(tmp_path)
    write_folders(folders, BuildSpec(FROM, many))
    assert read_spec(folders).src_files == many
    with pytest.raises(InvalidValue, match="src_files"):
        BuildSpec(FROM, {str(index): "" for index in range(MAX_ENTRIES + 1)})
    with pytest.raises(InvalidValue, match="files and folders"):
        BuildSpec(FROM, {f"{index}/" + "a/" * 50 + "f": "" for index in range(MAX_ENTRIES // 50)})
    with pytest.raises(InvalidValue, match="build_args"):
        BuildSpec(FROM, {}, {str(index): "" for index in range(MAX_BUILD_ARGS + 1)})


def test_no_path_is_expensive() -> None:
    """Paths made to be slow to check, as many as a body can hold, are checked about as fast as they are read."""
    deep = {f"{index}/" + "a/" * 500 + "f": "" for index in range(15_000)}
    long = {f"{index:05}" + "a" * 200 + "/" + "b" * 200: "" for index in range(9_000)}
    began = time.process_time()
    assert accepted(deep) is None
    assert accepted(long) is not None
    assert time.process_time() - began < 12, "about 1 s, four times that when coverage is measured; it was minutes"


@given(text=st.text(max_size=80))
@settings(deadline=None)
def test_program_ids_are_one_segment(text: str) -> None:
    """Whatever is an id is one plain segment of a path, in ASCII."""
    try:
        program_id = ProgramID(text)
    except InvalidValue:
        return
    assert "/" not in str(program_id)
    assert not str(program_id).startswith(".")
    assert str(program_id).isascii()


@given(user=st.text(alphabet="aZ0._-", min_size=1, max_size=70))
@settings(deadline=None)
def test_every_folder_is_in_the_root(user: str) -> None:
    """The folder of any well-formed id lies directly below the root."""
    try:
        program_id = ProgramID(f"{user}-build-0123456789ab-00000000")
    except InvalidValue:
        return
    assert ProgramFolders.of(Path("/root"), program_id).top.parent == Path("/root")


def _empty_folders(root: Path) -> ProgramFolders:
    """A program's folders of their own: an example must not see what an earlier one wrote."""
    number = len(list(root.iterdir()))
    folders = ProgramFolders(root / f"{number}")
    folders.top.mkdir()
    return folders


def _tree(root: Path, but: Path) -> dict[str, bytes | None]:
    return {
        str(it.relative_to(root)): it.read_bytes() if it.is_file() else None
        for it in root.rglob("*")
        if it != but and but not in it.parents
    }
