"""The locks that say which process works on a storage root, and which owns sandboxes: while it lives, no longer."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hershy.errors import StorageInUse
from hershy.wiring import Settings, open_host, open_tokens
from hershy_adapters.docker._sandbox.owner_lock import FOLDER, OwnerLock
from hershy_adapters.filesystem._claim import LOCK, OWNER, RootClaim, identity

ENGINE = "engine"
TAKERS: dict[str, Callable[[Path], object]] = {"root": RootClaim, "sandboxes": lambda root: OwnerLock(root, ENGINE)}


def is_held(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def survived_by_a_child(take: Callable[[], object]) -> Iterator[None]:
    """A process takes something, forks, and dies. While inside, its child lives on."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        _kept = take()
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)  # until the test ends
        os._exit(0)
    os.close(reading)
    try:
        _, status = os.waitpid(process, 0)
        assert status == 0
        yield
    finally:
        os.close(writing)


@contextmanager
def with_a_child() -> Iterator[None]:
    """While inside, a child of this process lives that was forked on entering."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    try:
        yield
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def lease_file(root: Path) -> Path:
    (file,) = (root / FOLDER).iterdir()
    return file


def test_a_root_is_free_when_its_host_has_died(tmp_path: Path) -> None:
    """Also while a child of that Host lives on, which is none."""
    with survived_by_a_child(lambda: RootClaim(tmp_path)):
        RootClaim(tmp_path).release()


def test_sandboxes_are_abandoned_when_their_process_has_died(tmp_path: Path) -> None:
    """Also while a child of that process lives on: it does not look after them."""
    with survived_by_a_child(lambda: OwnerLock(tmp_path, ENGINE)):
        dead = lease_file(tmp_path).name
        finder = OwnerLock(tmp_path, ENGINE)
        with finder.abandoned() as owners:
            assert [str(it) for it in owners] == [dead]
        finder.release()


@pytest.mark.parametrize("kind", TAKERS)
def test_what_is_released_is_free(tmp_path: Path, kind: str) -> None:
    """Though a child that was forked meanwhile lives on; and what is held stays held when a child ends."""
    taken = TAKERS[kind](tmp_path)
    path = tmp_path / LOCK if kind == "root" else lease_file(tmp_path)
    with with_a_child():
        assert is_held(path)
    assert is_held(path)
    with with_a_child():
        taken.release()  # type: ignore[attr-defined]
        assert not path.exists() or not is_held(path)


async def test_nothing_beside_a_host_frees_its_root(tmp_path: Path) -> None:
    """Whoever opens and closes its files: another Host, a command, a process with sandboxes, a look into them."""
    settings = Settings.load(runtime="memory", storage="filesystem", token_store="sql", storage_root=tmp_path)
    async with open_host(settings):
        owner = (tmp_path / OWNER).read_text()
        for name in (LOCK, OWNER):
            (tmp_path / name).read_bytes()
            os.close(os.open(tmp_path / name, os.O_RDWR))
        for _ in range(2):
            with pytest.raises(StorageInUse, match=f"process {os.getpid()} since"):
                async with open_host(settings):
                    pass
        async with open_tokens(settings) as (tokens, _):
            await tokens.list()
        assert str(identity(tmp_path)) == owner.strip()
        lease = OwnerLock(tmp_path, ENGINE)
        with lease.abandoned():
            pass
        lease.release()
        assert is_held(tmp_path / LOCK)
        assert (tmp_path / OWNER).read_text() == owner
    assert not is_held(tmp_path / LOCK)


def test_nothing_beside_a_lease_frees_it(tmp_path: Path) -> None:
    """Its file opened and closed elsewhere in the process, and another that looks for abandoned ones, and ends."""
    lease = OwnerLock(tmp_path, ENGINE)
    path = lease_file(tmp_path)
    path.read_bytes()
    os.close(os.open(path, os.O_RDWR))
    other = OwnerLock(tmp_path, ENGINE)
    for _ in range(2):
        with other.abandoned() as owners:
            assert owners == []
    other.release()
    RootClaim(tmp_path).release()
    assert is_held(path)
    assert path.read_text() == ENGINE
    lease.release()
    assert not path.exists()


def test_a_lease_that_cannot_be_noted_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk the lock is let go again, with the file left for others to find."""

    def full(*_: object) -> int:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(Exception, match="cannot be written"):
            OwnerLock(tmp_path, ENGINE)
    assert not is_held(lease_file(tmp_path))
