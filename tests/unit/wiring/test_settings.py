"""Settings come from code, environment and file, in this order, and say clearly what is wrong with them."""

from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hershy.errors import ConfigurationError
from hershy.wiring import HostContainer, Settings
from hershy.wiring.ports import PORTS
from hershy.wiring.settings.groups import AdapterSettings, SandboxSettings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HERSHY_STORAGE_ROOT", str(tmp_path))


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


def test_a_setting_is_given_by_name_or_by_group(tmp_path: Path) -> None:
    """In code as in a file; a group's own model does too."""
    assert Settings.load(sandbox={"pool_size": 0}).sandbox.pool_size == 0
    assert Settings.load(sandbox=SandboxSettings(pool_size=0), sandbox_queue=3).sandbox.queue == 3
    Path("hershy.toml").write_text('sandbox_queue = 1\n[http]\nport = 9001\nauth = "tokens"\n')
    settings = Settings.load()
    assert (settings.sandbox.queue, settings.http.port, settings.http.auth) == (1, 9001, "tokens")


def test_the_adapter_of_the_sandbox_is_named_beside_its_group() -> None:
    """``sandbox="runc"`` is the adapter, ``sandbox={…}`` the group."""
    assert Settings.load(sandbox="runc").adapter_name("sandbox") == "runc"
    assert Settings.load(sandbox={"queue": 7}).adapter_name("sandbox") == "runsc"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sandbox": {"pool_size": 0}, "sandbox_pool_size": 1}, r"sandbox_pool_size and sandbox.pool_size are one"),
        ({"sandbox": {"poolsize": 0}}, r"sandbox.poolsize: unknown setting; did you mean sandbox.pool_size\?"),
        ({"http": {"port": "many"}}, r"http_port \(code\): "),
    ],
)
def test_what_is_wrong_in_a_group_is_named(given: dict[str, object], message: str) -> None:
    """With the setting that was meant."""
    with pytest.raises(ConfigurationError, match=message):
        Settings.load(**given)


def test_every_name_from_before_the_groups_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment too: whoever has set them keeps them."""
    for name, value in {
        "HTTP_HOST": "::1",
        "AUTH": "tokens",
        "CONCURRENT_BUILDS": "7",
        "ALLOWED_REGISTRIES": '["ghcr.io/acme"]',
        "MAX_PROGRAMS_PER_USER": "5",
        "SANDBOX": "runc",
    }.items():
        monkeypatch.setenv(f"HERSHY_{name}", value)
    settings = Settings.load()
    assert (settings.http.host, settings.http.auth, settings.builds.at_once) == ("::1", "tokens", 7)
    assert settings.builds.allowed_registries == ("ghcr.io/acme",)
    assert (settings.programs.max_programs_per_user, settings.adapters.sandbox) == (5, "runc")


def test_every_setting_tells_where_it_comes_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Code, variable, file or default; what may hold a password is hidden."""
    Path("hershy.toml").write_text("stop_grace_s = 3\n")
    monkeypatch.setenv("HERSHY_DATABASE_URL", "postgresql://me:secret@db/hershy")
    told = {it.name: it for it in Settings.load(sandbox_pool_size=0).listed()}
    assert (told["sandbox_pool_size"].value, told["sandbox_pool_size"].source) == (0, "code")
    assert (told["stop_grace_s"].source, told["stop_grace_s"].default) == (str(tmp_path / "hershy.toml"), 10)
    assert (told["database_url"].value, told["database_url"].source) == ("***", "HERSHY_DATABASE_URL")
    assert (told["http_port"].value, told["http_port"].source, told["http_port"].variable) == (
        9000,
        "default",
        "HERSHY_HTTP_PORT",
    )
    assert all(it.meaning for it in told.values())


def test_ports_are_one_list() -> None:
    """A port has a provider, an adapter to be chosen, and an entry point group with an adapter for tests in it."""
    chosen = {"runtime", *AdapterSettings.model_fields}
    assert set(PORTS) == chosen
    assert set(PORTS) <= set(HostContainer.providers)
    assert {name for name, port in PORTS.items() if not entry_points(group=port.group, name="memory")} == set()


@pytest.mark.parametrize("given", ["data", "./data", "../here/data", "sub/../data"])
def test_a_storage_root_is_one_place_wherever_somebody_stands_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    """C6: the engine is told of mounts, and children of files, by the whole path."""
    (tmp_path / "here" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    assert Settings.load(storage_root=given).storage_root == tmp_path / "here" / "data"
