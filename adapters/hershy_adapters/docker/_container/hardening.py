"""What is sent to the engine to make a container: a spec, with every security contract enforced.

The one source of it: the Compose file is a translation of this configuration, and the readback compares the
engine's own account with the contract it stands for.
"""

import hashlib
import json
import signal
from pathlib import Path

from hershy.programs.domain.security import STATE_MOUNT
from hershy.programs.ports.runtime import ContainerSpec

from .enclosure import Bounds, sent
from .places import SCRATCH, SCRATCH_MODE, masked_places, scratch_places
from .policy import PORT_KEY, Config, ContainerPolicy, ImageFacts

OWNER_LABEL = "hershy.owner"
PROGRAM_LABEL = "hershy.program-id"
USER_LABEL = "hershy.user-id"
BUILD_LABEL = "hershy.build-id"
"""Of containers, and of the images they run."""
DIGEST_LABEL = "hershy.build-digest"
"""Of images: what the BuildID is the beginning of."""
PORT_LABEL = "hershy.publish-port"
SPEC_HASH_LABEL = "hershy.spec-hash"

RESOLV_CONF = "/etc/resolv.conf"
LOG_FILES = 2
"""The engine rotates a log between so many files, so that the newest half is always there."""


def create_config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    """The body of the engine's "create a container"."""
    config = _config(spec, image, policy)
    config["Labels"] = {**labels(spec, policy), SPEC_HASH_LABEL: _digest(config)}
    return config


def spec_hash(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> str:
    """Of everything that is sent but the labels: equal for containers made alike."""
    return _digest(_config(spec, image, policy))


def environment(spec: ContainerSpec) -> dict[str, str]:
    return {"TMPDIR": SCRATCH if spec.resources.scratch_bytes else STATE_MOUNT, **spec.env}


def labels(spec: ContainerSpec, policy: ContainerPolicy) -> dict[str, str]:
    return {
        OWNER_LABEL: str(policy.owner),
        PROGRAM_LABEL: str(spec.program_id),
        USER_LABEL: str(spec.user_id),
        BUILD_LABEL: str(spec.build_id),
        PORT_LABEL: str(spec.publish_port),
    }


def _config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    return {
        "Image": str(spec.image_id),
        "User": policy.contract.user_for(image.user),
        "Env": [f"{name}={value}" for name, value in sorted(environment(spec).items())],
        "ExposedPorts": {PORT_KEY: {}},
        "StopSignal": signal.SIGTERM.name,
        # Checks of the image's own would run beside the program and count against its limits, for nobody.
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _host_config(spec, image, policy),
    }


def bounds_of(spec: ContainerSpec) -> Bounds:
    limits = spec.resources
    ulimits = {
        "core": 0,
        # The whole of /state is measured from time to time; by then, one file has not outgrown it.
        "fsize": limits.state_bytes,
        # Nothing can be put into /dev/mqueue, which is writable for everybody.
        "msgqueue": 0,
        "nofile": limits.open_files,
    }
    return Bounds(limits.cpus, limits.memory_bytes, limits.pids, ulimits)


def _host_config(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Config:
    return {
        **sent(policy, bounds_of(spec)),
        "Init": True,
        "NetworkMode": policy.network_of(spec),
        "PortBindings": policy.ports_of(spec),
        "Mounts": _mounts(spec, image, policy.resolv_conf_of(spec)),
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(spec.resources.log_bytes // LOG_FILES), "max-file": str(LOG_FILES)},
        },
    }


def _mounts(spec: ContainerSpec, image: ImageFacts, resolv_conf: Path | None) -> list[Config]:
    bound = [_bind(spec.state.handle, STATE_MOUNT)]
    if resolv_conf is not None:
        bound.append({**_bind(str(resolv_conf), RESOLV_CONF), "ReadOnly": True})
    size = spec.resources.scratch_bytes
    options = {"SizeBytes": size, "Mode": SCRATCH_MODE}
    return [
        *bound,
        *({"Type": "tmpfs", "Target": place, "ReadOnly": True} for place in masked_places(image, size)),
        *({"Type": "tmpfs", "Target": place, "TmpfsOptions": options} for place in scratch_places(image, size)),
    ]


def _bind(source: str, target: str) -> Config:
    return {"Type": "bind", "Source": source, "Target": target, "BindOptions": {"Propagation": "rprivate"}}


def _digest(config: Config) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
