"""DockerRuntime: containers on a Docker Engine, by default with runc."""

import asyncio
import json
import math
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence, Set
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Self

import aiohttp
from aiodocker.exceptions import DockerError

from hershy.core.adapter import AdapterContext
from hershy.core.diagnosis import Requirement
from hershy.core.endpoint import Endpoint
from hershy.core.exits import ExitKind, ExitReason
from hershy.core.ids import ContainerID, OwnerID, ProgramID, PublishPort
from hershy.errors import ContainerNotFound, InvalidValue, RuntimeFailure
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.security import SecurityContract
from hershy.programs.ports.local_runtime import LocalRuntime
from hershy.programs.ports.runtime import (
    ContainerEvent,
    ContainerSpec,
    ContainerStats,
    ContainerStatus,
    LogLine,
    LogQuery,
)
from hershy_adapters._names import container_name, image_name

from ._container.creation import Creation
from ._container.exits import egress_of, exit_reason, network_of, publish_port_of, was_never_started
from ._container.hardening import OWNER_LABEL, PROGRAM_LABEL, create_config
from ._container.inherited import InheritedConfig
from ._container.owned import held_ports, status_of_owned
from ._container.policy import Config, ContainerPolicy
from ._container.removal import remove_container
from ._container.seccomp import SeccompProfile, load_profile, own_profile
from ._container.stats import read_stats
from ._diagnosis import diagnose
from ._engine import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, Engine
from ._errors import translated
from ._events import subscribed
from ._network.bridge import DEFAULT_SUBNETS, ProgramNetworks
from ._network.forwarder import can_listen
from ._network.forwarding import Forwarding
from ._network.process_network import obstacle as obstacle_to_entering
from ._network.resolvers import ResolvConf, resolv_conf_for
from ._output.logs import read_logs
from .compose import render_compose, write_compose

INSPECTED_AT_ONCE = 16


class DockerRuntime(LocalRuntime):
    """``runtime_name`` is what the engine calls the OCI runtime; ``network`` is what the names of the users' networks
    begin with, and ``subnets`` the range of their addresses.

    ``seccomp``: the operator's profile in place of hershy's own. ``resolv_conf``: the file that names the resolvers of
    programs with egress. ``egress``: the most that programs of this Host have. ``storage_root``: below it, programs
    that have a folder for it are given a Compose file.
    """

    usual_name: ClassVar[str] = "runc"

    remedy: ClassVar[str] = "register it under 'runtimes' in /etc/docker/daemon.json and send dockerd SIGHUP"

    def __init__(
        self,
        engine: Engine,
        owner: OwnerID,
        runtime_name: str = "",
        network: str = "hershy",
        seccomp: SeccompProfile | None = None,
        resolv_conf: ResolvConf | None = None,
        egress: Egress = Egress.OPEN,
        storage_root: Path | None = None,
        subnets: str = DEFAULT_SUBNETS,
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._policy = replace(
            self.policy(runtime_name or self.usual_name, owner, network),
            seccomp=seccomp or own_profile(),
            resolv_conf=None if resolv_conf is None else resolv_conf.path,
        )
        self._resolv_conf = resolv_conf
        self._egress = egress
        self._storage_root = storage_root
        self._forwarding = Forwarding(engine, self._inspect)
        self._images = InheritedConfig(engine)
        self._networks = ProgramNetworks(engine, subnets)
        self._creation = Creation(engine, self._images, self._networks, self._policy, self.remedy, resolv_conf)

    @classmethod
    def of(cls, context: AdapterContext) -> Self:
        return cls(
            Engine.of(context),
            context.owner,
            context.adapter_name,
            context.option("docker_network", "hershy"),
            load_profile(context.setting("seccomp_profile", str)),
            resolv_conf_for(context.storage_root, list(context.setting("dns", tuple))),
            context.setting("egress", Egress),
            context.storage_root,
            context.option("docker_subnets", DEFAULT_SUBNETS),
        )

    @classmethod
    def policy(cls, runtime_name: str, owner: OwnerID, network: str) -> ContainerPolicy:
        contract = SecurityContract.for_host(os.getuid(), os.getgid())
        return ContainerPolicy(runtime_name, owner, network, contract)

    async def create(self, spec: ContainerSpec) -> ContainerID:
        if spec.publish_port is None:
            raise InvalidValue(f"program {spec.program_id} has no publish port, by which this runtime reaches it")
        if spec.egress is Egress.NONE and (obstacle := await self.obstacle_to_forwarding()):
            raise RuntimeFailure(f"program {spec.program_id} without egress could not be reached: {obstacle}")
        if self._storage_root is not None:
            await write_compose(self._storage_root, spec.program_id, await self.compose_file(spec))
        return await self._creation.create(spec)

    async def start(self, container_id: ContainerID) -> Endpoint:
        account = await self._inspect(container_id)
        port = publish_port_of(account)
        if port is None:
            raise RuntimeFailure(f"starting {container_id}: it has no label that says which port it is reached on")
        if egress_of(account) is Egress.NONE:
            await self._forwarding.start(container_id, account, port)
        else:
            await self._start(container_id, network_of(account))
        return port.endpoint

    async def _start(self, container_id: ContainerID, network: str) -> None:
        container = self._engine.client.containers.container(str(container_id))
        with translated("starting", container_id):
            try:
                await container.start()
            except DockerError as error:
                if not _is_missing_network(error, network):
                    raise
                self._networks.forget(network)
                await self._networks.ensure(network)
                await container.start()

    async def stop(self, container_id: ContainerID, grace: timedelta) -> None:
        grace_s = max(0, math.ceil(grace.total_seconds()))
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=grace_s + ANSWER_TIMEOUT_S)
        with translated("stopping", container_id):
            container = self._engine.client.containers.container(str(container_id))
            await container.stop(t=grace_s, timeout=timeout)
        self._forwarding.end(container_id)

    async def remove(self, container_id: ContainerID) -> None:
        await remove_container(self._engine, container_id)
        self._forwarding.end(container_id)

    async def wait(self, container_id: ContainerID) -> ExitReason:
        with translated("waiting for", container_id):
            await self._engine.client.containers.container(str(container_id)).wait()
        self._forwarding.end(container_id)
        try:
            account = await self._inspect(container_id)
        except ContainerNotFound:
            return ExitReason(ExitKind.ENGINE_LOST)
        if was_never_started(account["State"]):
            raise RuntimeFailure(f"waiting for {container_id}: it was never started")
        reason = await exit_reason(account, self._policy.killed_codes)
        if reason is None:
            raise RuntimeFailure(f"waiting for {container_id}: the engine started it anew by itself")
        return reason

    def logs(self, container_id: ContainerID, query: LogQuery) -> AsyncGenerator[LogLine, None]:
        return read_logs(self._engine, container_id, query)

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        return subscribed(self._engine, self._owner)

    async def stats(self, container_id: ContainerID) -> ContainerStats:
        return await read_stats(self._engine, container_id)

    async def list_owned(self, program_id: ProgramID | None = None) -> Sequence[ContainerStatus]:
        wanted = [f"{OWNER_LABEL}={self._owner}"]
        if program_id is not None:
            wanted.append(f"{PROGRAM_LABEL}={program_id}")
        with translated("listing containers of", self._owner):
            filters = json.dumps({"label": wanted})
            listed = await self._engine.client.containers.list(all=True, filters=filters)
        # The list may lag behind a call that has just returned; an inspection does not.
        at_once = asyncio.Semaphore(INSPECTED_AT_ONCE)
        statuses = await asyncio.gather(*(self._status(ContainerID(it.id), at_once) for it in listed))
        return [status for status in statuses if status is not None]

    async def is_port_free(self, port: PublishPort) -> bool:
        if not can_listen(port):
            return False
        with translated("looking who publishes", port):
            filters = json.dumps({"publish": [str(port)], "status": ["running", "paused", "restarting"]})
            return not await self._engine.client.containers.list(filters=filters)

    async def published_ports(self) -> Set[PublishPort]:
        with translated("listing the ports of", self._engine.host):
            listed = await self._engine.client.containers.list()
        return held_ports(listed)

    async def compose_file(self, spec: ContainerSpec) -> str:
        """A Compose file (YAML) that a person can run, equal in effect to what ``create`` makes of ``spec``.

        Raises ImageNotFound: the user a program runs as depends on its image.
        """
        names = container_name(spec.program_id), image_name(spec.build_id)
        return render_compose(*names, await self.configuration(spec), self._policy.seccomp)

    async def configuration(self, spec: ContainerSpec) -> Config:
        """What ``create`` sends to the engine. Raises ImageNotFound."""
        return create_config(spec, await self._images.facts(spec.image_id), self._policy)

    async def diagnose(self) -> Sequence[Requirement]:
        findings = list(await diagnose(self._engine, self._policy.runtime, self.remedy))
        if all(it.ok for it in findings):
            findings.append(await self._forwarding_finding())
        if self._resolv_conf is not None and self._egress is Egress.OPEN:
            findings.append(self._resolv_conf.finding())
        return findings

    async def obstacle_to_forwarding(self) -> str:
        """Why programs without egress could not be reached, and the remedy; empty when they can. EngineUnavailable."""
        obstacle = obstacle_to_entering()
        return f"{obstacle}; run the Host as root on the engine's own machine" if obstacle else ""

    async def _forwarding_finding(self) -> Requirement:
        obstacle = await self.obstacle_to_forwarding()
        problem, _, remedy = obstacle.partition("; ")
        is_required = self._egress is Egress.NONE
        detail = problem or "programs without egress can be reached"
        return Requirement("egress none", not obstacle, detail, remedy, required=is_required)

    async def aclose(self) -> None:
        await self._forwarding.aclose()
        await self._engine.aclose()

    async def _status(self, container_id: ContainerID, at_once: asyncio.Semaphore) -> ContainerStatus | None:
        """None for a container that vanished since it was listed."""
        async with at_once:
            try:
                account = await self._inspect(container_id)
            except ContainerNotFound:
                return None
            return await status_of_owned(account, self._policy.killed_codes)

    async def _inspect(self, container_id: ContainerID) -> dict[str, Any]:
        with translated("inspecting", container_id):
            return await self._engine.client.containers.container(str(container_id)).show()


def _is_missing_network(error: DockerError, network: str) -> bool:
    return error.status == HTTPStatus.NOT_FOUND and f"network {network} not found" in str(error.message)


def create(context: AdapterContext) -> DockerRuntime:
    return DockerRuntime.of(context)
