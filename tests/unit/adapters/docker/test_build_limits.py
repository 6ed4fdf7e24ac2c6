"""The control group of builds, and the policy as the engine is told it."""

import json
import os
import re
from pathlib import Path

import pytest

from hershy.builds.policy import BuildPolicy
from hershy_adapters.docker._build.cgroup import BuildCgroup, is_engine_here
from hershy_adapters.docker._build.source_policy import source_policy

LIMITS = BuildPolicy(memory_bytes=2**26, cpus=0.5, pids=70)
V2_FILES = ("cgroup.subtree_control", "memory.max", "memory.swap.max", "cpu.max", "pids.max")
V1_FILES = {
    "memory": ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    "cpu": ("cpu.cfs_period_us", "cpu.cfs_quota_us"),
    "pids": ("pids.max",),
}


@pytest.fixture
def unified(tmp_path: Path) -> Path:
    """A tree with the files that the kernel would make."""
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    for folder in (tmp_path, tmp_path / "g"):
        folder.mkdir(exist_ok=True)
        for name in V2_FILES:
            (folder / name).touch()
    return tmp_path


def test_version_2(unified: Path) -> None:
    """Controllers are enabled on the way down, swap is off, every limit is written."""
    group = BuildCgroup("g", unified)
    assert group.can_be_made()
    group.prepare(LIMITS)
    written = {name: (unified / "g" / name).read_text() for name in V2_FILES}
    assert written == {
        "cgroup.subtree_control": "+memory +cpu +pids",
        "memory.max": str(2**26),
        "memory.swap.max": "0",
        "cpu.max": "50000 100000",
        "pids.max": "70",
    }
    assert (unified / "cgroup.subtree_control").read_text() == "+memory +cpu +pids"


def test_version_1(tmp_path: Path) -> None:
    """One folder for each controller; a limit that is taken back is none."""
    for controller, names in V1_FILES.items():
        (tmp_path / controller / "g").mkdir(parents=True)
        for name in names:
            (tmp_path / controller / "g" / name).touch()
    group = BuildCgroup("g", tmp_path)
    group.prepare(BuildPolicy(pids=70))
    assert (tmp_path / "memory/g/memory.memsw.limit_in_bytes").read_text() == "-1"
    assert (tmp_path / "cpu/g/cpu.cfs_quota_us").read_text() == "-1"
    assert (tmp_path / "pids/g/pids.max").read_text() == "70"


def test_without_the_right(tmp_path: Path) -> None:
    """Where the group cannot be made, OSError says so: nothing is built as if it were bounded."""
    assert not BuildCgroup("g", tmp_path).can_be_made()
    with pytest.raises(OSError, match="No such file"):
        BuildCgroup("g", tmp_path).prepare(LIMITS)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"Name": "vm"},
        {"KernelVersion": "1.0"},
        {"DockerRootDir": "/not/here"},
        {"SecurityOptions": ["name=rootless"]},
    ],
)
def test_where_the_engine_is(tmp_path: Path, change: dict[str, object]) -> None:
    """Another machine, a container around it or another user's engine: its groups are not ours to make."""
    machine = os.uname()
    here = {"Name": machine.nodename, "KernelVersion": machine.release, "DockerRootDir": str(tmp_path)}
    assert is_engine_here(here | change) == (not change or change == {"Name": machine.nodename})


def verdict(policy: BuildPolicy, identifier: str) -> str:
    """What BuildKit's rules come to: the last that matches."""
    decided = "ALLOW"
    for rule in json.loads(source_policy(policy))["rules"]:
        selector = rule["selector"]
        pattern = selector["identifier"]
        if selector.get("match_type") != "REGEX":
            pattern = "^" + ".*".join(map(re.escape, pattern.split("*"))) + "$"
        if re.search(pattern, identifier):
            decided = rule["action"]
    return decided


def test_engine_is_told_the_same() -> None:
    """Names in full, hosts to their end; programs' images never, the context always."""
    policy = BuildPolicy(allowed_registries=("ghcr.io/acme",), allowed_add_hosts=("a.example",))
    images = {name: verdict(policy, f"docker-image://{name}") for name in ("ghcr.io/acme/x:1", "ghcr.io/acmex/x:1")}
    assert images == {"ghcr.io/acme/x:1": "ALLOW", "ghcr.io/acmex/x:1": "DENY"}
    assert verdict(policy, "https://a.example/x") == "ALLOW"
    assert verdict(policy, "https://a.example.evil/x") == "DENY"
    assert verdict(policy, "https://axexample/x") == "DENY"
    assert verdict(policy, "local://context") == "ALLOW"
    assert verdict(policy, "oci-layout://x") == "DENY"
    anything = BuildPolicy(allowed_add_hosts=("*",))
    assert verdict(anything, "docker-image://any.example/x:1") == "ALLOW"
    assert verdict(anything, "git://any.example/x.git") == "ALLOW"
    assert verdict(anything, "docker-image://docker.io/library/hersh-program-build-0:latest") == "DENY"
