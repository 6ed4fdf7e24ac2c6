"""From a spec to what the engine is sent, and back from what the engine says it made."""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hershy.core.ids import BuildID, ImageID, OwnerID, ProgramID, PublishPort, UserID
from hershy.core.resources import MIB, ResourceLimits
from hershy.errors import ConfigurationError, InvalidValue
from hershy.programs.domain.security import SecurityContract
from hershy.programs.ports.runtime import ContainerSpec
from hershy.programs.ports.storage import StateVolume
from hershy_adapters._names import container_name, image_name
from hershy_adapters.docker._container.account import NOTHING_OF
from hershy_adapters.docker._container.hardening import create_config
from hershy_adapters.docker._container.policy import ContainerPolicy, ImageFacts
from hershy_adapters.docker._container.readback import NOTHING_OF_CONFIG, differences
from hershy_adapters.docker._container.seccomp import load_profile, own_profile
from hershy_adapters.docker._engine import Engine
from hershy_adapters.docker.compose import render_compose
from hershy_adapters.docker.runtime import DockerRuntime
from hershy_adapters.gvisor.runtime import GVisorRuntime

USER, BUILD, OWNER = UserID("Alice.B"), BuildID("build-0123456789ab"), OwnerID("a" * 16)
SPEC = ContainerSpec(
    ProgramID.compose(USER, BUILD, "0123abcd"),
    USER,
    BUILD,
    ImageID("sha256:" + "1" * 64),
    StateVolume("/srv/hershy/program/state"),
    PublishPort(19005),
    env={"GREETING": "hello"},
    resources=ResourceLimits(cpus=0.5, memory_bytes=64 * MIB, pids=10, open_files=100, log_bytes=MIB),
)
ENCLOSURE = ContainerPolicy("runc", OWNER)
IMAGE = ImageFacts()


Path_ = tuple[str | int, ...]


def account_of(config: dict[str, Any], network: str = ENCLOSURE.network_of(SPEC)) -> dict[str, Any]:
    """What an engine that does as it is told says of the container."""
    config = copy.deepcopy(config)
    host = config.pop("HostConfig")
    mounts = [
        {
            "Type": it["Type"],
            "Source": it.get("Source", ""),
            "Destination": it["Target"],
            "RW": not it.get("ReadOnly", False),
            "Propagation": it.get("BindOptions", {}).get("Propagation", ""),
        }
        for it in host["Mounts"]
    ]
    nothing = dict.fromkeys(NOTHING_OF) | {"Privileged": False, "PidMode": "", "Devices": []}
    host = {**nothing, **host, "MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]}
    config = {**config, "Env": ["PATH=/bin", *config["Env"]], "Tty": False}
    return {
        "Image": config["Image"],
        "Config": config,
        "HostConfig": host,
        "Mounts": mounts,
        "NetworkSettings": {"Networks": {network: {}}},
    }


def fields(account: dict[str, Any]) -> list[str]:
    return [difference.field for difference in differences(account, SPEC, IMAGE, ENCLOSURE)]


def test_an_obedient_engine_keeps_the_contract() -> None:
    """What is sent is what the contract asks for, for plain images and those with volumes."""
    for image in (IMAGE, ImageFacts("1000", ("/data", "/state", "/tmp"), "/data/x")):
        account = account_of(create_config(SPEC, image, ENCLOSURE))
        assert differences(account, SPEC, image, ENCLOSURE) == []


def test_scratch_is_read_back() -> None:
    """Sent, it is found; of another size, with another mode or read-only it is a difference."""
    spec = replace(SPEC, resources=replace(SPEC.resources, scratch_bytes=MIB))
    account = account_of(create_config(spec, IMAGE, ENCLOSURE))
    assert differences(account, spec, IMAGE, ENCLOSURE) == []
    for name, value in (("SizeBytes", 2 * MIB), ("Mode", 0o777)):
        loosened = copy.deepcopy(account)
        loosened["HostConfig"]["Mounts"][-1]["TmpfsOptions"][name] = value
        (found,) = differences(loosened, spec, IMAGE, ENCLOSURE)
        assert found.field == "HostConfig.Mounts"
    assert {it.field for it in differences(account, SPEC, IMAGE, ENCLOSURE)} >= {"Mounts", "Config.Env.TMPDIR"}


def test_a_health_check_of_the_image_leaves_its_numbers() -> None:
    """Which the engine merges in; the test itself stays off."""
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    account["Config"]["Healthcheck"] |= {"Interval": 30_000_000_000, "Retries": 3}
    assert fields(account) == []
    account["Config"]["Healthcheck"]["Test"] = ["CMD-SHELL", "true"]
    assert fields(account) == ["Config.Healthcheck.Test"]


def loosened() -> Iterator[tuple[str, Any]]:
    yield from (("HostConfig." + name, ["something"]) for name in NOTHING_OF)
    yield "HostConfig.Runtime", "runc-other"
    yield "HostConfig.Init", False
    yield "HostConfig.NetworkMode", "host"
    yield "NetworkSettings.Networks", {"hershy": {}, "bridge": {}}
    yield "HostConfig.PortBindings", {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "19005"}]}
    yield "HostConfig.PortBindings", {"8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "19006"}]}
    yield "HostConfig.ReadonlyRootfs", False
    yield "HostConfig.CapDrop", None
    yield "HostConfig.SecurityOpt", ["no-new-privileges:true", "seccomp=unconfined"]
    yield "HostConfig.SecurityOpt", ["no-new-privileges:true"]
    yield "HostConfig.CgroupnsMode", "host"
    yield "HostConfig.SecurityOpt", []
    yield "HostConfig.IpcMode", "host"
    yield "HostConfig.Memory", 0
    yield "HostConfig.MemorySwap", -1
    yield "HostConfig.NanoCpus", 0
    yield "HostConfig.PidsLimit", None
    yield "HostConfig.Ulimits", None
    yield "HostConfig.LogConfig", {"Type": "json-file", "Config": {}}
    yield "HostConfig.RestartPolicy", {"Name": "always"}
    yield "HostConfig.MaskedPaths", []
    yield "HostConfig.ReadonlyPaths", None
    yield from (("Config." + name, True) for name in NOTHING_OF_CONFIG)
    yield "Config.User", "0"
    yield "Config.StopSignal", "SIGINT"
    yield "Mounts", []
    yield "Image", "sha256:" + "2" * 64


@pytest.mark.parametrize(("field", "value"), list(loosened()))
def test_a_loosened_setting_is_found(field: str, value: Any) -> None:
    """Whatever the engine made otherwise than asked for is named."""
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    node, *rest = field.split(".")
    target = account
    if rest:
        target, node = account[node], rest[0]
    target[node] = value
    (found,) = fields(account)
    assert found.startswith(field)


def leaves(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every value inside, by the keys and indices that lead to it."""
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield (*path, key)
        yield from leaves(child, (*path, key))


def changes(value: Any) -> list[Any]:
    """Other values of the same type that an engine could make of this one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [0, -1, value + 1] if value else [1, -1]
    if isinstance(value, str):
        return ["", value + "x"]
    return [None, type(value)()]


SENT = [
    path
    for path in leaves(create_config(SPEC, IMAGE, ENCLOSURE))
    if path not in {("HostConfig",), ("ExposedPorts", "8080/tcp")}  # the container of all, and an empty object
]


@pytest.mark.parametrize("path", SENT, ids=lambda it: ".".join(map(str, it)))
def test_whatever_is_sent_is_read_back(path: Path_) -> None:
    """An engine that leaves out or changes any one setting, however deep inside, is found out, and it is named."""
    sent = create_config(SPEC, IMAGE, ENCLOSURE)
    *way, last = path
    parent: Any = sent
    for key in way:
        parent = parent[key]
    for value in changes(parent[last]):
        if value == parent[last]:
            continue
        config = copy.deepcopy(sent)
        node: Any = config
        for key in way:
            node = node[key]
        node[last] = value
        found = fields(lenient_account_of(config))
        top = "Mounts" if "Mounts" in path else next(it for it in path if it != "HostConfig")
        assert found, f"{value!r} instead of {parent[last]!r} went unnoticed"
        assert all(top in field for field in found), found


def lenient_account_of(config: dict[str, Any]) -> dict[str, Any]:
    host = config["HostConfig"]
    host["Mounts"] = [{"Type": "", "Target": "", **(it or {})} for it in host["Mounts"] or ()]
    for mount in host["Mounts"]:
        mount["BindOptions"] = mount.get("BindOptions") or {}
    return account_of({**config, "Env": config["Env"] or []})


def test_a_secret_is_not_told() -> None:
    """A variable that an engine has lost is named, and its value is not."""
    spec = replace(SPEC, env={"TOKEN": "top-secret"})
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    told = "; ".join(map(str, differences(account, spec, IMAGE, ENCLOSURE)))
    assert "Config.Env.TOKEN" in told
    assert "top-secret" not in told


@pytest.mark.parametrize(
    "mount",
    [
        {"Type": "bind", "Source": "/", "Destination": "/host", "RW": False},
        {"Type": "bind", "Source": "/etc", "Destination": "/state", "RW": True},
        {"Type": "volume", "Source": "/var/lib/v", "Destination": "/data", "RW": True},
    ],
)
def test_a_mount_too_many_is_found(mount: dict[str, Any]) -> None:
    """Nothing but the state folder is mounted from outside."""
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    account["Mounts"].append(mount)
    assert fields(account) == ["Mounts"]


def test_a_missing_label_is_found() -> None:
    """A container that could not be found again is not accepted."""
    account = account_of(create_config(SPEC, IMAGE, ENCLOSURE))
    del account["Config"]["Labels"]["hershy.owner"]
    assert fields(account) == ["Config.Labels.hershy.owner"]


@pytest.mark.parametrize(
    ("image_user", "user"),
    [
        ("", "65532:65532"),
        ("root", "65532:65532"),
        ("app", "65532:65532"),
        ("0", "65532:65532"),
        ("00", "65532:65532"),
        ("0:1000", "65532:65532"),
        ("1000:staff", "65532:65532"),
        ("4294967296", "65532:65532"),
        ("0x3e8", "65532:65532"),
        ("-1", "65532:65532"),
        ("+1000", "65532:65532"),
        ("01000", "65532:65532"),
        (" 1000", "65532:65532"),
        ("1000:", "65532:65532"),
        ("1000:00", "1000:1000"),
        ("1000:-0", "65532:65532"),
        ("1000:2147483648", "65532:65532"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "65532:65532"),
        ("1000", "1000:1000"),
        ("1000:0", "1000:1000"),
        ("1000:50", "1000:50"),
    ],
)
def test_user_of_the_image(image_user: str, user: str) -> None:
    """Only a plain, unprivileged number of the image's own is honoured, and never root's group."""
    assert SecurityContract.for_host(0, 0).user_for(image_user) == user


def test_user_under_an_unprivileged_host() -> None:
    """Programs run as the Host itself then, so that it can delete what they leave."""
    assert SecurityContract.for_host(1001, 1002).user_for("") == "1001:1002"
    with pytest.raises(InvalidValue, match="root"):
        SecurityContract(uid=0)


def test_environment_and_temporary_files() -> None:
    """The program's temporary files go to /state unless it is told otherwise."""
    assert create_config(SPEC, IMAGE, ENCLOSURE)["Env"] == ["GREETING=hello", "TMPDIR=/state"]
    own = replace(SPEC, env={"TMPDIR": "/state/tmp"})
    assert create_config(own, IMAGE, ENCLOSURE)["Env"] == ["TMPDIR=/state/tmp"]


def test_log_bound_is_shared_by_the_rotated_files() -> None:
    """All log files together are as large as allowed, not each."""
    options = create_config(SPEC, IMAGE, ENCLOSURE)["HostConfig"]["LogConfig"]["Config"]
    assert int(options["max-size"]) * int(options["max-file"]) == SPEC.resources.log_bytes


def test_spec_hash_follows_the_spec() -> None:
    """Equal specs have equal hashes; a change of anything that is sent changes it."""

    def digest(spec: ContainerSpec) -> str:
        value: str = create_config(spec, IMAGE, ENCLOSURE)["Labels"]["hershy.spec-hash"]
        return value

    assert digest(SPEC) == digest(replace(SPEC))
    assert digest(SPEC) != digest(replace(SPEC, env={}))


def test_runtimes_differ_in_name_room_and_who_counts() -> None:
    """gVisor's sandbox needs processes of its own, and its kernel counts those of the program; all else is the same."""
    configs = [
        create_config(SPEC, IMAGE, cls.policy(name, OWNER, "hershy"))["HostConfig"]
        for cls, name in ((DockerRuntime, "runc"), (GVisorRuntime, "runsc"))
    ]
    plain, sandboxed = configs
    assert plain.pop("PidsLimit") == 11
    assert sandboxed.pop("PidsLimit") == 94
    assert (plain.pop("Runtime"), sandboxed.pop("Runtime")) == ("runc", "runsc")
    assert sandboxed.pop("Ulimits") == [*plain.pop("Ulimits"), {"Name": "nproc", "Soft": 11, "Hard": 11}]
    assert plain == sandboxed


def test_compose_translates_everything() -> None:
    """A setting without a translation is an error, so none is forgotten."""
    config = create_config(SPEC, IMAGE, ENCLOSURE)
    config["HostConfig"]["Sysctls"] = {"a": "b"}
    with pytest.raises(ValueError, match="Sysctls"):
        render_compose("name", "image", config, own_profile())


def test_compose_file() -> None:
    """The file has names a person knows, and a project name that Compose accepts."""
    config = create_config(replace(SPEC, env={"MONEY": "$1"}), IMAGE, ENCLOSURE)
    names = container_name(SPEC.program_id), image_name(SPEC.build_id)
    document = yaml.safe_load(render_compose(*names, config, own_profile()))
    assert document["name"] == "hersh-program-alice-b-build-0123456789ab-0123abcd"
    service = document["services"]["program"]
    assert service["container_name"] == "hersh-program-Alice.B-build-0123456789ab-0123abcd"
    assert service["image"] == "hersh-program-build-0123456789ab"
    assert service["ports"] == ["127.0.0.1:19005:8080/tcp"]
    assert service["environment"] == ["MONEY=$$1", "TMPDIR=/state"]
    assert service["restart"] == "no"
    assert service["security_opt"] == ["no-new-privileges:true", f"seccomp={own_profile().path}"]


def test_engine_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is the one given, else DOCKER_HOST's, else the usual socket."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert Engine("unix:///x.sock").host == "unix:///x.sock"
    assert Engine().host == "tcp://127.0.0.1:2375"
    monkeypatch.delenv("DOCKER_HOST")
    assert Engine().host == "unix:///var/run/docker.sock"


def test_hershys_profile_is_an_allowlist() -> None:
    """It refuses what it does not name, and names nothing that makes a namespace, traces, mounts or loads code."""
    profile = json.loads(own_profile().text)
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    plain = {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args")
        for name in rule["names"]
    }
    refused = "unshare setns mount ptrace bpf keyctl userfaultfd perf_event_open init_module kexec_load socket clone"
    assert not plain & set(refused.split())
    assert {"execve", "futex", "getrandom", "epoll_pwait", "rseq"} <= plain


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "not a JSON object"),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}', "defaultAction must refuse"),
        ('{"defaultAction": "SCMP_ACT_ERRNO"}', "syscalls must list"),
        ('{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": []}]}', r"syscalls\[0\].names"),
        ('{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "YES"}]}', "action is 'YES'"),
    ],
)
def test_a_profile_that_cannot_be_used_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """Before any container is made, with the file's name."""
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=why) as refusal:
        load_profile(str(path))
    assert str(path) in str(refusal.value)
    with pytest.raises(ConfigurationError, match="No such file"):
        load_profile(str(tmp_path / "absent.json"))


def test_the_operators_profile_takes_the_place_of_hershys(tmp_path: Path) -> None:
    """The engine is sent its text without white space, and expected to say it back."""
    path = tmp_path / "profile.json"
    path.write_text(
        '{\n "defaultAction": "SCMP_ACT_ERRNO",\n "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}'
    )
    policy = replace(ENCLOSURE, seccomp=load_profile(str(path)))
    config = create_config(SPEC, IMAGE, policy)
    (_, option) = config["HostConfig"]["SecurityOpt"]
    assert option.startswith('seccomp={"defaultAction":"SCMP_ACT_ERRNO",')
    assert differences(account_of(config), SPEC, IMAGE, policy) == []
    assert load_profile("") is own_profile()
