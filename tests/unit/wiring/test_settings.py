"""Settings come from code, environment and file, in this order, and say clearly what is wrong with them."""

from datetime import timedelta
from pathlib import Path

import pytest

from hershy.errors import ConfigurationError
from hershy.wiring import Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_default_is_the_safe_runtime_on_loopback() -> None:
    """runsc, 127.0.0.1:9000, 16 MiB bodies."""
    settings = Settings.load()
    assert (settings.runtime, settings.http.host, settings.http.port) == ("runsc", "127.0.0.1", 9000)
    assert settings.http.max_body_bytes == 16 * 1024 * 1024


def test_code_wins_over_environment_over_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source gives way to the one before it."""
    Path("hershy.toml").write_text('runtime = "file"\nhttp_port = 1\nbuilder = "file"\n')
    monkeypatch.setenv("HERSHY_RUNTIME", "environment")
    monkeypatch.setenv("HERSHY_HTTP_PORT", "2")
    settings = Settings.load(runtime="code")
    assert (settings.runtime, settings.http.port, settings.adapters.builder) == ("code", 2, "file")


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """HERSHY_CONFIG names it, and must name a file."""
    config = tmp_path / "other.toml"
    config.write_text("stop_grace_s = 3\n[adapter_options]\ndocker_host = 'unix:///x'\n")
    monkeypatch.setenv("HERSHY_CONFIG", str(config))
    settings = Settings.load()
    assert settings.host_policy.stop_grace == timedelta(seconds=3)
    assert settings.adapter_options == {"docker_host": "unix:///x"}
    monkeypatch.setenv("HERSHY_CONFIG", "missing.toml")
    with pytest.raises(ConfigurationError, match=r"HERSHY_CONFIG names missing.toml, which is not a file"):
        Settings.load()


def test_adapter_options_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One variable an option, by a double underscore."""
    monkeypatch.setenv("HERSHY_ADAPTER_OPTIONS__docker_host", "unix:///y")
    assert Settings.load().adapter_options == {"docker_host": "unix:///y"}


def test_no_program_may_ask_for_more_cpus_than_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine would refuse it at the start; the Host does at registration. The operator may decide otherwise."""
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert Settings.load().host_policy.max_resources.cpus == 3
    assert Settings.load(max_cpus=1.5).host_policy.max_resources.cpus == 1.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"http_port": 70_000}, "http_port"),
        ({"stop_grace_s": -1}, "stop_grace_s"),
        ({"readiness_timeout_s": 0}, "readiness_timeout_s"),
        ({"no_such_setting": 1}, "no_such_setting"),
        ({"egress": "some"}, "egress"),
    ],
)
def test_wrong_settings_are_named(given: dict[str, object], message: str) -> None:
    """The error tells which setting and what is wrong with it."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.load(**given)


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    """Neither bad TOML nor an unknown key is passed over."""
    Path("hershy.toml").write_text("runtime = [")
    with pytest.raises(ConfigurationError):
        Settings.load()
    Path("hershy.toml").write_text("runtimee = 'runc'")
    with pytest.raises(ConfigurationError, match="runtimee"):
        Settings.load()


@pytest.mark.parametrize(
    ("runtime", "builder", "proxy", "storage"),
    [("memory", "memory", "memory", "memory"), ("runc", "docker", "loopback", "filesystem")],
)
def test_the_runtime_chooses_what_fits_it(runtime: str, builder: str, proxy: str, storage: str) -> None:
    """Twins with twins, Docker with Docker, unless chosen otherwise."""
    settings = Settings.load(runtime=runtime)
    assert [settings.adapter_name(port) for port in ("builder", "proxy", "storage")] == [builder, proxy, storage]
    assert Settings.load(runtime=runtime, builder="mine").adapter_name("builder") == "mine"
