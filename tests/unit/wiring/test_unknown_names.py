"""A setting, variable or option that means nothing is told to whoever gave it, with the nearest that does."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from hershy.client._http import TOKEN_VARIABLE, URL_VARIABLE
from hershy.errors import ConfigurationError
from hershy.testing.twins import twin_container
from hershy.wiring import Settings, diagnose, open_host, open_sandbox, open_server, open_tokens
from hershy.wiring.options import OWN_OPTIONS
from hershy.wiring.settings import variables
from hershy.wiring.settings.config_file import VARIABLE as CONFIG_VARIABLE
from hershy.wiring.settings.variables import NO_SETTINGS, unknown_variables

ADAPTERS = Path(__file__).parents[3] / "adapters"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(variables, "_told", set())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"runtme": "runc"}, "settings: runtme: unknown setting; did you mean runtime?"),
        (
            {"sandbox_limits": {"timeout": 3}},
            "settings: sandbox_limits.timeout: unknown setting; did you mean timeout_s?",
        ),
    ],
)
def test_a_setting_that_there_is_not(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    """From code."""
    with pytest.raises(ConfigurationError) as refused:
        Settings.load(**given)
    assert str(refused.value) == message


def test_of_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And from the file that is named."""
    config = tmp_path / "own.toml"
    config.write_text("[sandbox_limits]\nmemory = 3\n")
    monkeypatch.setenv("HERSHY_CONFIG", str(config))
    with pytest.raises(ConfigurationError, match=r"sandbox_limits.memory: .*; did you mean memory_bytes\?"):
        Settings.load()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("HERSHY_RUNTIMES", "HERSHY_RUNTIMES: unknown variable; did you mean HERSHY_RUNTIME?"),
        ("hershy_runtimes", "hershy_runtimes: unknown variable; did you mean HERSHY_RUNTIME?"),
        ("HERSHY_PORT", "HERSHY_PORT: unknown variable; did you mean HERSHY_HTTP_PORT?"),
        ("HERSHY_TOKENS", "HERSHY_TOKENS: unknown variable; did you mean HERSHY_TOKEN?"),
        (
            "HERSHY_SANDBOX_LIMITS__MEMORY",
            "HERSHY_SANDBOX_LIMITS__MEMORY: unknown variable; did you mean HERSHY_SANDBOX_LIMITS__MEMORY_BYTES?",
        ),
        ("HERSHY_XYZZY", "HERSHY_XYZZY: unknown variable"),
    ],
)
def test_a_variable_that_means_nothing(name: str, sentence: str) -> None:
    """It is named as it was given, with the nearest that means something."""
    assert unknown_variables(Settings, {name: "x"}) == [sentence]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HERSHY_RUNTIME", "runc"),
        ("hershy_runtime", "runc"),
        ("HERSHY_SANDBOX_LIMITS", "{}"),
        ("HERSHY_SANDBOX_LIMITS__CPUS", "1"),
        ("HERSHY_ADAPTER_OPTIONS__docker_host", "x"),
        ("HERSHY_URL", "x"),
        ("HERSHY_TOKEN", "x"),
        ("HERSHY_CONFIG", "x"),
        ("HERSHYX", "x"),
        ("PATH", "x"),
        ("HERSHY_SERVICE_HOST", "10.0.0.1"),
        ("HERSHY_SERVICE_PORT_HTTP", "80"),
        ("HERSHY_PORT", "tcp://10.0.0.1:80"),
        ("HERSHY_PORT_80_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_a_variable_that_means_something(name: str, value: str) -> None:
    """Settings, what the client reads, and what Kubernetes puts beside a Service of this name."""
    assert unknown_variables(Settings, {name: value}) == []


def test_what_others_read_is_known() -> None:
    """The list holds the names under which they read it."""
    assert {URL_VARIABLE, TOKEN_VARIABLE, CONFIG_VARIABLE} == NO_SETTINGS


def test_who_merely_inherits_one_is_warned_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A library does not fail for what the process was given for something else."""
    monkeypatch.setenv("HERSHY_RUNTIMES", "x")
    with caplog.at_level(logging.WARNING):
        Settings.load()
        Settings.load()
    assert [it.getMessage().count("did you mean HERSHY_RUNTIME?") for it in caplog.records] == [1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HERSHY_DNS", """settings: HERSHY_DNS: must be JSON, as in HERSHY_DNS='["one", "two"]'"""),
        (
            "HERSHY_ALLOWED_HOSTS",
            """settings: HERSHY_ALLOWED_HOSTS: must be JSON, as in HERSHY_ALLOWED_HOSTS='["one", "two"]'""",
        ),
        (
            "HERSHY_ADAPTER_OPTIONS",
            """settings: HERSHY_ADAPTER_OPTIONS: must be JSON, as in HERSHY_ADAPTER_OPTIONS='{"name": "value"}'""",
        ),
    ],
)
def test_a_list_by_environment_is_json(monkeypatch: pytest.MonkeyPatch, name: str, message: str) -> None:
    """What is none is answered with an example; the value is not told, for it may be a secret."""
    monkeypatch.setenv(name, "10.0.0.1,10.0.0.2")
    with pytest.raises(ConfigurationError) as refused:
        Settings.load()
    assert str(refused.value) == message


async def test_an_option_that_no_adapter_has() -> None:
    """However the adapters are wired, before anything is opened; whichever the runtime does not use are known too."""
    given = Settings.load(runtime="memory", adapter_options={"docker_host": "unix:///x", "proxy_timeouts": 3})
    message = r"adapter_options.proxy_timeouts: no adapter has such an option; did you mean proxy_timeout_s\?"
    for opening in (open_host(given), open_server(given), open_sandbox(given)):
        with pytest.raises(ConfigurationError, match=message):
            async with opening:
                raise AssertionError("opened")
    with pytest.raises(ConfigurationError, match=message):
        await diagnose(given)
    async with open_host(runtime="memory", adapter_options={"docker_host": "unix:///x", "max_connections": 5}):
        pass


async def test_of_tokens_alone(tmp_path: Path) -> None:
    """A command on the same settings refuses the same options."""
    settings: dict[str, Any] = {"runtime": "memory", "storage": "filesystem", "token_store": "sql"}
    with pytest.raises(ConfigurationError, match="did you mean docker_host"):
        async with open_tokens(**settings, storage_root=tmp_path, adapter_options={"docker_hots": "x"}):
            pass


async def test_an_overriding_object_reads_no_options() -> None:
    """A container whose providers are overridden is held to the rest."""
    container = twin_container(api_server="of-a-third-party", adapter_options={"nonsense": 1})
    container.api_server.override(providers.Object(None))
    with pytest.raises(ConfigurationError, match=r"adapter_options.nonsense"):
        async with open_host(container=container):
            pass


def test_the_options_of_hershys_own_adapters_are_listed() -> None:
    """All that any of them asks for, and nothing else."""
    asked = {
        name for path in ADAPTERS.rglob("*.py") for name in re.findall(r'context\.option\("(\w+)"', path.read_text())
    }
    assert asked == OWN_OPTIONS


async def test_two_ways_to_say_how_are_one_too_many() -> None:
    """What would be dropped is named, by every function that takes settings."""
    settings, container = Settings.load(runtime="memory"), twin_container()
    together = [
        (open_host(settings, runtime="runsc"), "settings and runtime are given together"),
        (open_host(container=container, runtime="runsc"), "container and runtime"),
        (open_host(settings, container=container), "container and settings"),
        (open_host(settings, container=container, dns=[], auth="none"), "container and settings and dns, auth"),
        (open_sandbox(settings, container=container), "container and settings"),
        (open_sandbox(settings, sandbox="runc"), "settings and sandbox"),
        (open_server(settings, http_port=1), "settings and http_port"),
        (open_tokens(settings, storage_root="/x"), "settings and storage_root"),
    ]
    for opening, message in together:
        with pytest.raises(ConfigurationError, match=message):
            async with opening:
                raise AssertionError("opened")
    with pytest.raises(ConfigurationError, match="settings and runtime"):
        await diagnose(settings, runtime="runc")
