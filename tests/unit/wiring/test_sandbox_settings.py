"""What settings say of sandboxes, and which adapters they choose."""

from datetime import timedelta
from pathlib import Path

import pytest

from hershy.core.resources import MIB
from hershy.errors import ConfigurationError, ImageNotFound, InvalidValue
from hershy.sandbox.application.policy import MOST, SandboxPolicy
from hershy.sandbox.domain.job import SandboxLimits
from hershy.sandbox.domain.result import Outcome
from hershy.testing.twins import open_twins, twin_container
from hershy.wiring import Settings, open_sandbox
from hershy_adapters.memory.code_analyzer import InMemoryCodeAnalyzer
from hershy_adapters.memory.sandbox import InMemorySandbox
from hershy_adapters.memory.sandbox_script import Print


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERSHY_STORAGE_ROOT", str(tmp_path))


def test_the_default_is_the_default_policy() -> None:
    """Told nothing, the operator gets what hershy has."""
    assert Settings.load().sandbox_policy == SandboxPolicy(python_image="python:3.12-slim")
    assert Settings.load().sandbox_usual_limits == SandboxLimits()


def test_limits_come_from_the_environment_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable per limit; those that are not set stay as they are."""
    monkeypatch.setenv("HERSHY_SANDBOX_LIMITS__MEMORY_BYTES", str(64 * MIB))
    monkeypatch.setenv("HERSHY_SANDBOX_LIMITS__TIMEOUT_S", "2.5")
    monkeypatch.setenv("HERSHY_SANDBOX_MAX_LIMITS__PIDS", "32")
    policy = Settings.load().sandbox_policy
    assert policy.limits == SandboxLimits(timeout=timedelta(seconds=2.5), memory_bytes=64 * MIB)
    assert policy.max_limits.pids == 32
    assert policy.max_limits.memory_bytes == MOST.memory_bytes


def test_limits_come_from_a_file(tmp_path: Path) -> None:
    """As a table of their own; the most lowers what warm containers have."""
    (tmp_path / "hershy.toml").write_text("[sandbox_limits]\npids = 100\n[sandbox_max_limits]\npids = 50\ncpus = 0.5\n")
    assert Settings.load().sandbox_usual_limits == SandboxLimits(pids=50, cpus=0.5)


def test_the_rest_of_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its own setting."""
    monkeypatch.setenv("HERSHY_SANDBOX_THRESHOLD", "50")
    monkeypatch.setenv("HERSHY_SANDBOX_CHECK_REQUIRED", "true")
    monkeypatch.setenv("HERSHY_SANDBOX_ALLOWED_IMAGES", '["busybox"]')
    monkeypatch.setenv("HERSHY_SANDBOX_AT_ONCE", "3")
    monkeypatch.setenv("HERSHY_SANDBOX_AT_ONCE_PER_USER", "2")
    monkeypatch.setenv("HERSHY_SANDBOX_QUEUE", "0")
    monkeypatch.setenv("HERSHY_SANDBOX_IMAGE", "python:3.13")
    assert Settings.load().sandbox_policy == SandboxPolicy(
        threshold=50,
        check_required=True,
        allowed_images=("busybox",),
        python_image="python:3.13",
        at_once=3,
        at_once_per_user=2,
        queue=0,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SANDBOX_LIMITS__MEMORY", "1"),
        ("SANDBOX_LIMITS__MEMORY_BYTES", "much"),
        ("SANDBOX_THRESHOLD", "0"),
        ("SANDBOX_POOL_SIZE", "-1"),
        ("SANDBOX_AT_ONCE", "0"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A limit that there is not, and a value that cannot be."""
    monkeypatch.setenv(f"HERSHY_{variable}", value)
    with pytest.raises(ConfigurationError, match=variable.lower().replace("__", ".")):
        Settings.load()


def test_limits_that_cannot_be() -> None:
    """A container with so little memory would run nothing."""
    with pytest.raises(InvalidValue, match="memory_bytes must be a number of at least"):
        _ = Settings.load(sandbox_limits={"memory_bytes": 1}).sandbox_policy


@pytest.mark.parametrize(
    ("given", "sandbox", "code_analyzer"),
    [
        ({}, "runsc", "isolated"),
        ({"runtime": "runsc"}, "runsc", "isolated"),
        ({"runtime": "runc"}, "runc", "isolated"),
        ({"runtime": "memory"}, "memory", "memory"),
        ({"runtime": "of-a-third-party"}, "runsc", "isolated"),
        ({"runtime": "runc", "sandbox": "runsc"}, "runsc", "isolated"),
        ({"runtime": "memory", "sandbox": "runc", "code_analyzer": "isolated"}, "runc", "isolated"),
    ],
)
def test_adapters_are_chosen_by_the_runtime(given: dict[str, str], sandbox: str, code_analyzer: str) -> None:
    """Unless they are named: what encloses programs encloses code too."""
    settings = Settings.load(**given)
    assert settings.adapter_name("sandbox") == sandbox
    assert settings.adapter_name("code_analyzer") == code_analyzer


async def test_twins_are_made_by_the_settings() -> None:
    """Pool, limits and image reach the adapter; the service and the twin belong together."""
    container = twin_container(sandbox_pool_size=1, sandbox_limits={"pids": 20}, sandbox_image="python:3.13")
    async with open_twins(container) as twins:
        assert isinstance(twins.sandbox, InMemorySandbox)
        assert isinstance(container.code_analyzer(), InMemoryCodeAnalyzer)
        twins.sandbox.script("x = 1", [Print("scripted")])
        await twins.sandbox_service.warm()
        assert twins.sandbox_service.idle == 1
        result = await twins.sandbox_service.run("x = 1")
        assert (result.stdout, result.was_warm) == ("scripted", True)
        assert twins.sandbox.ran[-1].limits.pids == 20
        twins.sandbox.forget_image("python:3.13")
        with pytest.raises(ImageNotFound, match=r"image not found: python:3\.13"):
            await twins.sandbox_service.run("x = 1")


async def test_sandboxes_without_a_host() -> None:
    """They are opened by themselves, and closed on leaving."""
    async with open_sandbox(runtime="memory", clock="memory") as service:
        await service.warm()
        assert (await service.run("x = 1")).outcome is Outcome.FINISHED
    assert service.idle == 0
