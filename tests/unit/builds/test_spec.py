"""BuildID is canonical and unambiguous; source paths cannot leave their folder."""

import subprocess
import sys
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hershy.builds.spec import BuildSpec
from hershy.errors import InvalidValue

NAMES = st.text(alphabet="abc.-_", min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
FILES = st.dictionaries(NAMES, TEXTS, max_size=6)


def build_id(
    dockerfile: str = "FROM x", files: dict[str, str] | None = None, args: dict[str, str] | None = None
) -> str:
    return str(BuildSpec(dockerfile, files or {}, args or {}).build_id)


@given(FILES, st.randoms())
def test_order_of_files_does_not_matter(files: dict[str, str], random: Random) -> None:
    """The same files in another order give the same BuildID."""
    shuffled = list(files.items())
    random.shuffle(shuffled)
    assert build_id(files=files) == build_id(files=dict(shuffled))


@given(FILES, FILES)
def test_different_files_give_different_ids(one: dict[str, str], other: dict[str, str]) -> None:
    """Any change of names or contents changes the BuildID."""
    assume(one != other)
    assert build_id(files=one) != build_id(files=other)


def test_a_byte_cannot_move_between_name_and_content() -> None:
    """``ab`` holding ``c`` is not ``a`` holding ``bc``."""
    assert build_id(files={"ab": "c"}) != build_id(files={"a": "bc"})


def test_a_byte_cannot_move_between_two_files() -> None:
    """Contents ``xy`` and ``z`` are not ``x`` and ``yz``."""
    assert build_id(files={"a": "xy", "b": "z"}) != build_id(files={"a": "x", "b": "yz"})


def test_one_file_cannot_pose_as_two() -> None:
    """Content that spells out the encoding of another file is still content."""
    framed = "x" + "\0" * 7 + "\1" + "b" + "\0" * 7 + "\1" + "y"
    assert build_id(files={"a": framed}) != build_id(files={"a": "x", "b": "y"})


def test_a_text_cannot_move_between_dockerfile_arguments_and_files() -> None:
    """The same pair as a build argument and as a source file differ."""
    ids = {build_id(files={"a": "b"}), build_id(args={"a": "b"}), build_id("FROM xab")}
    assert len(ids) == 3


def test_build_id_is_the_same_in_another_process() -> None:
    """Hash randomisation and process state have no influence."""
    code = (
        "from hershy.builds.spec import BuildSpec;print(BuildSpec('FROM x', {'b': '2', 'ä': '1'}, {'V': '3'}).build_id)"
    )
    seen = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert seen == {build_id(files={"ä": "1", "b": "2"}, args={"V": "3"}) + "\n"}


def test_build_id_never_changes_between_versions() -> None:
    """A pinned value: images built by an older hershy stay known by the same name."""
    assert build_id("FROM scratch\n", {"main.py": "print(1)\n"}, {"BASE": "x"}) == "build-6d59868fc4c0"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../../b",
        "a/..",
        "..",
        ".",
        "./a",
        "a//b",
        "a/",
        "a\0b",
        "a\nb",
        "a\\..\\b",
        "Dockerfile",
        "dockerfile",
        "Dockerfile/x",
        "x" * 256,
        "/".join(["d" * 200] * 6),
        "bad\ud800",
    ],
)
def test_bad_paths_are_refused(path: str) -> None:
    """Absolute, escaping, colliding and unstorable paths raise, naming src_files."""
    with pytest.raises(InvalidValue, match="src_files"):
        BuildSpec("FROM x", {path: ""})


@pytest.mark.parametrize("path", ["main.py", "a/b/c.txt", ".dockerignore", "sub/Dockerfile", "...", "a..b", "ü/ß.py"])
def test_good_paths_are_kept(path: str) -> None:
    """Plain relative paths are accepted as they are."""
    assert dict(BuildSpec("FROM x", {path: "1"}).src_files) == {path: "1"}


def test_a_file_cannot_be_a_folder_too() -> None:
    """``a`` and ``a/b`` cannot both be files."""
    with pytest.raises(InvalidValue, match="both a file and the folder"):
        BuildSpec("FROM x", {"a": "1", "a/b/c": "2"})


@pytest.mark.parametrize("dockerfile", ["", "  \n"])
def test_a_dockerfile_is_required(dockerfile: str) -> None:
    """An empty Dockerfile raises with the wire contract's words."""
    with pytest.raises(InvalidValue, match=r"^dockerfile is required$"):
        BuildSpec(dockerfile)


def test_lone_surrogates_are_refused() -> None:
    """Text that UTF-8 cannot carry raises, naming the file."""
    with pytest.raises(InvalidValue, match="surrogate"):
        BuildSpec("FROM x", {"a": "\ud800"})
    with pytest.raises(InvalidValue, match="surrogate"):
        BuildSpec("FROM \udfff")


@pytest.mark.parametrize("args", [{"": "x"}, {"A=B": "x"}, {"A": "x\0"}])
def test_bad_build_arguments_are_refused(args: dict[str, str]) -> None:
    """Names without text or with ``=``, and NUL, raise."""
    with pytest.raises(InvalidValue, match="build_args"):
        BuildSpec("FROM x", {}, args)


def test_later_changes_of_the_given_mapping_have_no_effect() -> None:
    """What was given is copied, and what is kept cannot be written."""
    files = {"a": "1"}
    spec = BuildSpec("FROM x", files)
    files["b"] = "2"
    assert dict(spec.src_files) == {"a": "1"}
    with pytest.raises(TypeError):
        spec.src_files["c"] = "3"  # type: ignore[index]
