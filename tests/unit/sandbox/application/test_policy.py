"""SandboxPolicy: the operator's word on limits, images and the check."""

from datetime import timedelta
from typing import Any

import pytest

from hershy.core.resources import MIB
from hershy.errors import InvalidValue
from hershy.sandbox.application.policy import MOST, SandboxPolicy
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits


def job(image: str = "", **limits: Any) -> SandboxJob:
    return SandboxJob(command=["ls"], image=image, limits=SandboxLimits(**limits))


def test_by_default_every_job_is_admitted_as_it_is() -> None:
    """The limits that hershy has need no operator."""
    given = job("ghcr.io/acme/tool:1", memory_bytes=512 * MIB)
    assert SandboxPolicy().admit(given) == given


def test_usual_limits_stand_where_nothing_else_was_asked_for() -> None:
    """Field by field: what was asked for is had, up or down."""
    policy = SandboxPolicy(limits=SandboxLimits(timeout=timedelta(seconds=3), pids=16, memory_bytes=512 * MIB))
    admitted = policy.admit(job(pids=100, open_files=32)).limits
    assert admitted == SandboxLimits(timeout=timedelta(seconds=3), pids=100, open_files=32, memory_bytes=512 * MIB)


@pytest.mark.parametrize("name", ["cpus", "memory_bytes", "pids", "open_files", "output_bytes", "work_bytes"])
def test_no_more_than_the_most(name: str) -> None:
    """Exactly the most is had; more is refused, naming the limit, though less were given otherwise."""
    most = getattr(MOST, name)
    assert getattr(SandboxPolicy().admit(job(**{name: most})).limits, name) == most
    with pytest.raises(InvalidValue, match=f"limits: {name} may be at most {most}"):
        SandboxPolicy().admit(job(**{name: most + 1}))


def test_no_longer_than_the_longest() -> None:
    """As the other limits."""
    with pytest.raises(InvalidValue, match="limits: timeout may be at most 0:05:00"):
        SandboxPolicy().admit(job(timeout=timedelta(minutes=6)))


def test_the_most_lowers_what_is_usual() -> None:
    """A job that asks for nothing gets the most where that is less than usual, and is not refused for it."""
    policy = SandboxPolicy(max_limits=SandboxLimits(memory_bytes=64 * MIB), limits=SandboxLimits(pids=1000))
    assert policy.usual_limits == SandboxLimits(memory_bytes=64 * MIB, pids=64)
    assert policy.admit(job()).limits == policy.usual_limits
    with pytest.raises(InvalidValue, match="memory_bytes"):
        policy.admit(job(memory_bytes=128 * MIB))


def test_the_image_for_python_is_allowed_by_its_name_too() -> None:
    """With nothing on the list, it is the one that there is."""
    policy = SandboxPolicy(allowed_images=(), python_image="python:3.12-slim")
    assert policy.admit(SandboxJob("1", image="docker.io/library/python:3.12-slim"))
    with pytest.raises(InvalidValue, match=r"3\.13-slim is not"):
        policy.admit(SandboxJob("1", image="python:3.13-slim"))


def test_allowed_images() -> None:
    """Those on the list, by their full name, and no others."""
    policy = SandboxPolicy(allowed_images=("busybox", "ghcr.io/acme"))
    for image in ("busybox", "docker.io/library/busybox:1.36", "ghcr.io/acme/tool", ""):
        policy.admit(job(image))
    for image in ("alpine", "ghcr.io/other/tool", "evil.example/busybox"):
        with pytest.raises(InvalidValue, match=r"image: .* is not among those that this Host runs"):
            policy.admit(job(image))


def test_no_images_at_all() -> None:
    """With an empty list, only the image for Python is left."""
    policy = SandboxPolicy(allowed_images=())
    policy.admit(job())
    with pytest.raises(InvalidValue, match=r"docker\.io/library/busybox is not among"):
        policy.admit(job("busybox"))


@pytest.mark.parametrize(
    "image",
    ["hersh-program-build-0123456789ab", "docker.io/library/hersh-program-x:latest", "library/hersh-program-x"],
)
def test_images_of_programs(image: str) -> None:
    """What users have built is theirs, whatever the list says."""
    for allowed in (("*",), ("docker.io/library",)):
        with pytest.raises(InvalidValue, match="belongs to a program"):
            SandboxPolicy(allowed_images=allowed).admit(job(image))


def test_threshold() -> None:
    """The caller's where there is one; none without the check."""
    policy = SandboxPolicy(threshold=50)
    assert policy.threshold_for(check=True, threshold=None) == 50
    assert policy.threshold_for(check=True, threshold=90) == 90
    assert policy.threshold_for(check=False, threshold=None) is None
    assert policy.threshold_for(check=False, threshold=20) is None
    with pytest.raises(InvalidValue, match="risk threshold"):
        policy.threshold_for(check=False, threshold=0)


def test_threshold_where_the_check_is_required() -> None:
    """The stricter of the two."""
    policy = SandboxPolicy(threshold=50, check_required=True)
    assert policy.threshold_for(check=True, threshold=None) == 50
    assert policy.threshold_for(check=True, threshold=90) == 50
    assert policy.threshold_for(check=True, threshold=20) == 20
    with pytest.raises(InvalidValue, match="runs no code unchecked"):
        policy.threshold_for(check=False, threshold=None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 0}, "risk threshold"),
        ({"threshold": 2.5}, "risk threshold"),
        ({"at_once": 0}, "at_once is too low"),
        ({"at_once_per_user": 0}, "at_once_per_user is too low"),
        ({"queue": -1}, "queue is too low"),
        ({"allowed_images": ("no image!",)}, "no image!"),
    ],
)
def test_policies_that_cannot_be(given: dict[str, Any], message: str) -> None:
    """They are refused when they are made, naming what is wrong."""
    with pytest.raises(InvalidValue, match=message):
        SandboxPolicy(**given)


def test_no_queue() -> None:
    """Whoever finds no place may be sent away at once."""
    assert SandboxPolicy(queue=0).queue == 0
