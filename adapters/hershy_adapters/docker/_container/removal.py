"""Removes a container, whoever else is removing it."""

from http import HTTPStatus

import aiohttp
from aiodocker.exceptions import DockerError

from hershy.core.ids import ContainerID

from .._engine import ANSWER_TIMEOUT_S, CONNECT_TIMEOUT_S, Engine
from .._errors import translated


async def remove_container(engine: Engine, container_id: ContainerID) -> None:
    """Return once the container is gone. An absent one is no error."""
    timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=ANSWER_TIMEOUT_S)
    container = engine.client.containers.container(str(container_id))
    with translated("removing", container_id):
        try:
            await container.delete(force=True, v=True, timeout=timeout)
        except DockerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            if error.status != HTTPStatus.CONFLICT or "already in progress" not in str(error.message):
                raise
            await _gone(engine, container_id, timeout)


async def _gone(engine: Engine, container_id: ContainerID, timeout: aiohttp.ClientTimeout) -> None:
    try:
        await engine.client.containers.container(str(container_id)).wait(timeout=timeout, condition="removed")
    except DockerError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
