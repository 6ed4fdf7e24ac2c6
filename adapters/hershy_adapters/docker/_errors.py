"""Translates the engine client's errors into hershy's, keeping the cause."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import aiohttp
from aiodocker.exceptions import DockerError

from hershy.errors import (
    AlreadyExists,
    ContainerNotFound,
    EngineUnavailable,
    HershyError,
    ImageNotFound,
    PortHeld,
    RuntimeFailure,
)

CLIENT_CANNOT_CONNECT = 900
"""The status aiodocker gives its own error when no engine answers."""

_REMEDY = "is dockerd running? 'hershy doctor' tells what is missing"
_NO_IMAGE = re.compile(r"no such image|image .* not found", re.IGNORECASE)
_NO_CONTAINER = re.compile(r"no such container", re.IGNORECASE)
_CONTAINER_IS_GOING = "marked for removal"
_PORT_IS_HELD = re.compile(
    r":(\d+)(?: failed: port is already allocated|: bind: address already in use)", re.IGNORECASE
)


@contextmanager
def translated(doing: str, subject: object) -> Iterator[None]:
    """Run engine calls inside; ``doing`` and ``subject`` say in the error what was attempted on what."""
    try:
        yield
    except DockerError as error:
        raise translate(error, doing, subject) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        detail = str(error) or type(error).__name__
        raise EngineUnavailable(f"{doing} {subject}: the engine did not answer ({detail})", remedy=_REMEDY) from error


def translate(error: DockerError, doing: str, subject: object) -> HershyError:
    message = str(error.message)
    if error.status == CLIENT_CANNOT_CONNECT:
        return EngineUnavailable(f"{doing} {subject}: {message}", remedy=_REMEDY)
    if error.status == HTTPStatus.NOT_FOUND and _NO_IMAGE.search(message):
        return ImageNotFound(subject)
    if error.status == HTTPStatus.NOT_FOUND and _NO_CONTAINER.search(message):
        return ContainerNotFound(subject)
    if error.status == HTTPStatus.CONFLICT and _CONTAINER_IS_GOING in message:
        return ContainerNotFound(subject)
    if error.status == HTTPStatus.CONFLICT and "already in use" in message:
        return AlreadyExists(f"{doing} {subject}: {message}")
    held = _PORT_IS_HELD.search(message)
    if held is not None:
        return PortHeld(int(held[1]))
    return RuntimeFailure(f"{doing} {subject}: {message}")


def is_unknown_runtime(error: HershyError) -> bool:
    """Whether a container could not be made because the engine has no runtime of the name."""
    cause = error.__cause__
    return (
        isinstance(cause, DockerError)
        and cause.status == HTTPStatus.BAD_REQUEST
        and "runtime name" in str(cause.message)
    )
