"""Environment variables whose name begins with ``HERSHY_``: which of them mean something.

One that means nothing is a setting misspelt: an operator believes in a limit that does not hold.
"""

import os
import re
from collections.abc import Mapping

from pydantic import BaseModel

from hershy.core.log import get_logger
from hershy.core.nearest import hint

from . import config_file
from .names import NESTED, PREFIX, leaves_of

NO_SETTINGS = frozenset({"HERSHY_URL", "HERSHY_TOKEN", config_file.VARIABLE})
"""The client's, and the one that names the file of settings."""

_OF_KUBERNETES = re.compile(
    r"HERSHY_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""What Kubernetes puts into every container beside a Service called hershy; so is HERSHY_PORT, with such a value:"""
_LINK = re.compile(r"(tcp|udp|sctp)://.*")

_log = get_logger("hershy.wiring")
_told: set[str] = set()


def unknown_variables(settings: type[BaseModel], environment: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each variable that nothing reads, naming the nearest that something does."""
    known = {leaf.variable: leaf.field.annotation for leaf in leaves_of(settings).values()}
    names = [*known, *NO_SETTINGS]
    for variable, kind in known.items():
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += [f"{variable}{NESTED}{it.upper()}" for it in kind.model_fields]
    sentences = []
    for given, value in (os.environ if environment is None else environment).items():
        name = given.upper()  # settings are found whatever their case
        if name.startswith(PREFIX) and name not in names and not _is_elsewhere(name, value, known):
            sentences.append(f"{given:.200}: unknown variable{hint(name, names, prefix=PREFIX)}")
    return sentences


def warn_of_unknown_variables(settings: type[BaseModel]) -> None:
    """Log each once in a process: it may merely inherit them."""
    for sentence in new_warnings(settings):
        _log.warning(sentence)


def new_warnings(settings: type[BaseModel]) -> list[str]:
    """The sentences that this process has not been told yet."""
    new = [it for it in unknown_variables(settings) if it not in _told]
    _told.update(new)
    return new


def _is_elsewhere(name: str, value: str, known: Mapping[str, object]) -> bool:
    """Whether it is an entry of a free mapping (``HERSHY_ADAPTER_OPTIONS__docker_host``), or Kubernetes's."""
    setting, nested, _ = name.partition(NESTED)
    if nested and getattr(known.get(setting), "__origin__", None) is dict:
        return True
    return bool(_OF_KUBERNETES.fullmatch(name) or (name == "HERSHY_PORT" and _LINK.fullmatch(value)))
