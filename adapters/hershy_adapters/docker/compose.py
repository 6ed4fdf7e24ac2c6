"""A container's configuration as a Compose file, for a person to run by hand."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from hershy.core.ids import ProgramID
from hershy_adapters._durable import replace_file
from hershy_adapters._threads import to_its_end

from ._container.policy import NO_NETWORK, Config
from ._container.seccomp import SeccompProfile
from ._network.bridge import INTER_CONTAINER

_SERVICE = "program"
_NETWORK = "programs"
_HEADER = "# Run by hand: docker compose up (while hershy does not run this program)\n"
_UNPLUGGED = (
    "# It has no network. Ask it from inside its own, as root:\n"
    "#   nsenter --net --target $(docker inspect -f '{{{{.State.Pid}}}}' {name}) curl http://127.0.0.1:8080/\n"
)


async def write_compose(storage_root: Path, program_id: ProgramID, text: str) -> None:
    """Replace the program's Compose file: readers, and whoever looks after a crash, find the old one or the new.

    None is written for a program whose storage keeps no folder for it. Raises OSError.
    """
    folder = storage_root / str(program_id) / "compose"
    if folder.is_dir():
        await to_its_end(replace_file, folder / "compose.yaml", text)


def render_compose(name: str, image: str, config: Config, seccomp: SeccompProfile) -> str:
    """Translate what is sent to the engine, setting by setting.

    Raises ValueError for a setting it has no translation for, so that none is forgotten. The network is one of
    the project's own with the same option: as isolated, and there without hershy. Compose reads the seccomp profile
    from its file.
    """
    rest = copy.deepcopy(config)
    host = rest.pop("HostConfig")
    options = [f"seccomp={seccomp.path}" if it == seccomp.option else it for it in host["SecurityOpt"]]
    host["SecurityOpt"] = options
    service: dict[str, Any] = {"container_name": name, "image": image, "pull_policy": "never"}
    for settings, translations in ((rest, _CONFIG), (host, _HOST_CONFIG)):
        unknown = settings.keys() - translations.keys()
        if unknown:
            raise ValueError(f"no Compose translation for {sorted(unknown)}")
        for key, value in settings.items():
            service |= translations[key](value)
    document: dict[str, Any] = {
        "name": re.sub(r"[^a-z0-9_-]", "-", name.lower()),
        "services": {_SERVICE: service},
    }
    if "networks" in service:
        document["networks"] = {_NETWORK: {"driver": "bridge", "driver_opts": {INTER_CONTAINER: "false"}}}
    header = _HEADER if "networks" in service else _HEADER + _UNPLUGGED.format(name=name)
    return header + yaml.safe_dump(_without_interpolation(document), sort_keys=False, allow_unicode=True)


def _without_interpolation(value: Any) -> Any:
    """Compose takes ``$`` for the begin of a variable unless it is doubled."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_without_interpolation(it) for it in value]
    if isinstance(value, dict):
        return {key: _without_interpolation(it) for key, it in value.items()}
    return value


def _network(name: str) -> dict[str, Any]:
    return {"network_mode": NO_NETWORK} if name == NO_NETWORK else {"networks": [_NETWORK]}


def _ports(bindings: Any) -> dict[str, Any]:
    if not bindings:
        return {}
    return {
        "ports": [
            f"{host['HostIp']}:{host['HostPort']}:{inside}" for inside, hosts in bindings.items() for host in hosts
        ]
    }


def _mount(mount: Config) -> dict[str, Any]:
    volume: dict[str, Any] = {"type": mount["Type"], "target": mount["Target"]}
    if "Source" in mount:
        volume["source"] = mount["Source"]
    if mount.get("ReadOnly"):
        volume["read_only"] = True
    if "TmpfsOptions" in mount:
        volume["tmpfs"] = {"size": mount["TmpfsOptions"]["SizeBytes"], "mode": mount["TmpfsOptions"]["Mode"]}
    if "BindOptions" in mount:
        volume["bind"] = {"propagation": mount["BindOptions"]["Propagation"], "create_host_path": False}
    return volume


def _logging(log: Any) -> dict[str, Any]:
    return {"logging": {"driver": log["Type"], "options": log["Config"]}}


def _ulimits(limits: Any) -> dict[str, Any]:
    return {"ulimits": {limit["Name"]: {"soft": limit["Soft"], "hard": limit["Hard"]} for limit in limits}}


_Translation = Callable[[Any], dict[str, Any]]

_CONFIG: dict[str, _Translation] = {
    "Image": lambda image_id: {},  # named instead, which a person can read
    "User": lambda user: {"user": user},
    "Env": lambda env: {"environment": list(env)},
    "ExposedPorts": lambda ports: {},  # said by the published ports
    "StopSignal": lambda name: {"stop_signal": name},
    "Healthcheck": lambda check: {"healthcheck": {"disable": check == {"Test": ["NONE"]}}},
    "Labels": lambda labels: {"labels": labels},
}

_HOST_CONFIG: dict[str, _Translation] = {
    "Runtime": lambda name: {"runtime": name},
    "Init": lambda init: {"init": init},
    "NetworkMode": _network,
    "PortBindings": _ports,
    "ReadonlyRootfs": lambda read_only: {"read_only": read_only},
    "Mounts": lambda mounts: {"volumes": [_mount(mount) for mount in mounts]},
    "CapDrop": lambda capabilities: {"cap_drop": capabilities},
    "SecurityOpt": lambda options: {"security_opt": options},
    "IpcMode": lambda mode: {"ipc": mode},
    "CgroupnsMode": lambda mode: {"cgroup": mode},
    "Memory": lambda size: {"mem_limit": size},
    "MemorySwap": lambda size: {"memswap_limit": size},
    "NanoCpus": lambda nano: {"cpus": nano / 1_000_000_000},
    "PidsLimit": lambda limit: {"pids_limit": limit},
    "Ulimits": _ulimits,
    "LogConfig": _logging,
    "RestartPolicy": lambda policy: {"restart": policy["Name"]},
}
