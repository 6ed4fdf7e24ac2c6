"""Compares the engine's own account of a container with the security contract.

Written against the contract, not against what was sent: a setting that was never sent is missed here.
"""

from collections.abc import Iterator

from hershy.programs.domain.security import STATE_MOUNT
from hershy.programs.ports.runtime import ContainerSpec

from .account import Account, Difference, compared, lookup, own_paths
from .enclosure import expected
from .hardening import (
    LOG_FILES,
    RESOLV_CONF,
    SPEC_HASH_LABEL,
    bounds_of,
    environment,
    labels,
    spec_hash,
)
from .places import SCRATCH_MODE, masked_places, scratch_places
from .policy import PORT_KEY, ContainerPolicy, ImageFacts

NOTHING_OF_CONFIG = ("AttachStdin", "NetworkDisabled", "OpenStdin", "StdinOnce", "Tty")
"""Fields of Config that must be empty: nobody talks to a program but by its port, and what it writes are lines."""


def differences(account: Account, spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> list[Difference]:
    """Every field in which ``account``, as the engine inspects a container, breaks the contract."""
    return [
        *compared(account, _expected(spec, image, policy)),
        *_exposed(account),
        *own_paths(account),
        *_environment(account, spec),
        *_mounts(account, spec, image, policy),
        *_networks(account, policy.network_of(spec)),
    ]


def _exposed(account: Account) -> Iterator[Difference]:
    if PORT_KEY not in (lookup(account, "Config.ExposedPorts") or {}):
        yield Difference("Config.ExposedPorts", {PORT_KEY: {}}, lookup(account, "Config.ExposedPorts"))


def _environment(account: Account, spec: ContainerSpec) -> Iterator[Difference]:
    """The image's own variables are there too; where both have one, ours counts."""
    found = lookup(account, "Config.Env") or []
    last = dict(str(it).partition("=")[::2] for it in found)
    for name, value in environment(spec).items():
        if last.get(name) != value:
            # Values are often secrets: an error that ends up in logs names the variable only.
            yield Difference(f"Config.Env.{name}", "the value asked for", "another" if name in last else None)


def _networks(account: Account, network: str) -> Iterator[Difference]:
    found = sorted(lookup(account, "NetworkSettings.Networks") or ())
    if found != [network]:
        yield Difference("NetworkSettings.Networks", [network], found)


def _mounts(account: Account, spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> Iterator[Difference]:
    mounts = [
        (it.get("Type"), it.get("Source"), it.get("Destination"), it.get("RW"), it.get("Propagation"))
        for it in account.get("Mounts") or ()
    ]
    size = spec.resources.scratch_bytes
    scratch = scratch_places(image, size)
    masks = (("tmpfs", "", place, False, "") for place in masked_places(image, size))
    written = (("tmpfs", "", place, True, "") for place in scratch)
    wanted = [("bind", spec.state.handle, STATE_MOUNT, True, "rprivate"), *masks, *written]
    if resolv_conf := policy.resolv_conf_of(spec):
        wanted.append(("bind", str(resolv_conf), RESOLV_CONF, False, "rprivate"))
    if sorted(mounts, key=str) != sorted(wanted, key=str):
        yield Difference("Mounts", sorted(wanted, key=str), sorted(mounts, key=str))
    asked = {it.get("Target"): it.get("TmpfsOptions") for it in lookup(account, "HostConfig.Mounts") or ()}
    bounds = {place: asked.get(place) for place in scratch}
    bounded = {place: {"SizeBytes": size, "Mode": SCRATCH_MODE} for place in scratch}
    if bounds != bounded:
        yield Difference("HostConfig.Mounts", bounded, bounds)


def _expected(spec: ContainerSpec, image: ImageFacts, policy: ContainerPolicy) -> dict[str, object]:
    return {
        **expected(policy, bounds_of(spec)),
        "Image": str(spec.image_id),
        "Config.User": policy.contract.user_for(image.user),
        "Config.StopSignal": "SIGTERM",
        # The image's own numbers stand beside it, and mean nothing without a test.
        "Config.Healthcheck.Test": ["NONE"],
        **{f"Config.{name}": None for name in NOTHING_OF_CONFIG},
        **{f"Config.Labels.{name}": value for name, value in labels(spec, policy).items()},
        f"Config.Labels.{SPEC_HASH_LABEL}": spec_hash(spec, image, policy),
        "HostConfig.Init": True,
        "HostConfig.NetworkMode": policy.network_of(spec),
        "HostConfig.PortBindings": policy.ports_of(spec),
        "HostConfig.LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": str(spec.resources.log_bytes // LOG_FILES), "max-file": str(LOG_FILES)},
        },
    }
