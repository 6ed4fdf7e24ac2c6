"""What an image declares, as the engine means it, and what becomes of it."""

import stat
from pathlib import Path

import pytest

from hershy.errors import RuntimeFailure
from hershy_adapters.docker._container.inherited import facts_of
from hershy_adapters.docker._container.places import masked_places, scratch_places
from hershy_adapters.docker._container.policy import ImageFacts
from hershy_adapters.docker._container.state_folders import make_folder


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        (["/data/"], ["/data", "/tmp"]),
        (["//data", "/data", "/a/./b", "/var/www/html/"], ["/a/b", "/data", "/tmp", "/var/www/html"]),
        (["/tmp/"], ["/tmp"]),
        (["/state/", "/srv/../opt"], ["/opt", "/tmp"]),
    ],
)
def test_odd_spellings_of_volumes(written: list[str], masked: list[str]) -> None:
    """Each is masked once, where the engine would mount it."""
    assert masked_places(facts_of({"Volumes": {it: {} for it in written}})) == tuple(masked)


@pytest.mark.parametrize("written", ["data", "../x", "/", "//", "/x/.."])
def test_volumes_that_are_nowhere(written: str) -> None:
    """They are refused in words of the Dockerfile's author."""
    with pytest.raises(RuntimeFailure, match="no place below /; write the volume's absolute path"):
        facts_of({"Volumes": {written: {}}})


def test_a_volume_inside_the_state() -> None:
    """Masked it could not be written, which nobody would understand."""
    with pytest.raises(RuntimeFailure, match="a part of /state, which is a volume already; leave the instruction out"):
        masked_places(ImageFacts(volumes=("/state/cache",)))


@pytest.mark.parametrize(
    ("working_dir", "masked"),
    [("/", ["/data", "/tmp"]), ("/data", ["/data", "/tmp"]), ("/database", ["/data", "/tmp"])]
    + [(it, sorted(["/data", "/tmp", it])) for it in ("/data/x/y", "/tmp/x")],
)
def test_a_working_directory_in_an_empty_place(working_dir: str, masked: list[str]) -> None:
    """It is there, empty too."""
    assert masked_places(ImageFacts(volumes=("/data",), working_dir=working_dir)) == tuple(masked)


@pytest.mark.parametrize(
    ("image", "scratch", "masked"),
    [
        (ImageFacts(), ("/dev/shm", "/tmp"), ()),
        (ImageFacts(volumes=("/data", "/tmp")), ("/dev/shm", "/tmp"), ("/data",)),
        (ImageFacts(working_dir="/tmp/x"), ("/dev/shm", "/tmp", "/tmp/x"), ()),
        (ImageFacts(volumes=("/tmp/x",), working_dir="/tmp/x"), ("/dev/shm", "/tmp", "/tmp/x"), ()),
        (ImageFacts(volumes=("/tmp/x",)), ("/dev/shm", "/tmp"), ("/tmp/x",)),
        (ImageFacts(volumes=("/data",), working_dir="/data/x"), ("/dev/shm", "/tmp"), ("/data", "/data/x")),
    ],
)
def test_scratch(image: ImageFacts, scratch: tuple[str, ...], masked: tuple[str, ...]) -> None:
    """It takes the masks' places where both would be, and none twice."""
    assert scratch_places(image, 1) == scratch
    assert masked_places(image, 1) == masked
    assert scratch_places(image, 0) == ()


def test_a_folder_of_the_state(tmp_path: Path) -> None:
    """It is there with its parents, for any user; made a second time, nothing changes."""
    for _ in range(2):
        make_folder(str(tmp_path), "a/b")
        for folder in (tmp_path / "a", tmp_path / "a" / "b"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o777
    (tmp_path / "a" / "b").chmod(0o700)
    make_folder(str(tmp_path), "a/b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_what_a_program_has_put_there(tmp_path: Path) -> None:
    """A link is not followed, and a file stays."""
    state, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    state.mkdir()
    elsewhere.mkdir(0o700)
    (state / "link").symlink_to(elsewhere)
    (state / "file").write_text("kept")
    make_folder(str(state), "link/x")
    make_folder(str(state), "link")
    make_folder(str(state), "file/x")
    assert list(elsewhere.iterdir()) == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    assert (state / "file").read_text() == "kept"
