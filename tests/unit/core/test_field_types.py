"""A value object refuses a field of another type where it is made, in words that say which type it has."""

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from hershy.builds.policy import BuildPolicy
from hershy.core.resources import ResourceLimits
from hershy.errors import InvalidValue
from hershy.programs.application.policy import HostPolicy
from hershy.programs.domain.egress import Egress
from hershy.programs.domain.health import HealthCheck
from hershy.programs.domain.program import ProgramOptions
from hershy.programs.domain.restart import RestartPolicy
from hershy.sandbox.application.policy import SandboxPolicy
from hershy.sandbox.domain.job import SandboxJob, SandboxLimits

KINDS: list[type[Any]] = [
    BuildPolicy,
    HealthCheck,
    HostPolicy,
    ProgramOptions,
    ResourceLimits,
    RestartPolicy,
    SandboxLimits,
    SandboxPolicy,
]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, it.name) for kind in KINDS for it in fields(kind)],
    ids=lambda it: it if isinstance(it, str) else it.__name__,
)
@pytest.mark.parametrize("wrong", [object(), b"5"], ids=["object", "bytes"])
def test_every_field_has_a_type(kind: type[Any], name: str, wrong: object) -> None:
    """What is of another is refused by the field's name, never by an error of Python's."""
    with pytest.raises(InvalidValue, match=name):
        kind(**{name: wrong})


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (SandboxLimits, {"timeout": 5}, "limits: timeout must be a timedelta, not 5"),
        (SandboxLimits, {"timeout": None}, "limits: timeout must be a timedelta, not None"),
        (RestartPolicy, {"base_delay": 1.5}, "restart_policy: base_delay must be a timedelta, not 1.5"),
        (RestartPolicy, {"max_restarts": True}, "restart_policy: max_restarts must be a whole number, not True"),
        (HealthCheck, {"interval": 10}, "health_check: interval must be a timedelta, not 10"),
        (HealthCheck, {"path": None}, "health_check: path must be a text, not None"),
        (ProgramOptions, {"ttl": 60}, "program options: ttl must be a timedelta or None, not 60"),
        (
            ProgramOptions,
            {"egress": "none"},
            "program options: egress must be Egress.OPEN or Egress.NONE, not 'none'",
        ),
        (BuildPolicy, {"cpus": "2"}, "build policy: cpus must be a number or None, not '2'"),
        (BuildPolicy, {"allow_network": 0}, "build policy: allow_network must be True or False, not 0"),
        (BuildPolicy, {"allowed_add_hosts": "a.org"}, "allowed_add_hosts must be a tuple of texts, not 'a.org'"),
        (HostPolicy, {"build": 600}, "host limits: build must be a timedelta, not 600"),
        (SandboxPolicy, {"limits": {}}, "sandbox policy: limits must be a SandboxLimits, not {}"),
        (SandboxJob, {"code": b"x"}, "sandbox job: code must be a text or None, not b'x'"),
        (SandboxJob, {"command": [1]}, "command: must be a text, not 1"),
        (SandboxJob, {"command": 1}, "command: must be a list of texts, not 1"),
        (SandboxJob, {"code": "", "files": {"a": 5}}, r"files\['a'\]: must be a text or bytes, not 5"),
        (SandboxJob, {"code": "", "files": ["a"]}, r"files: must be a mapping, not \['a'\]"),
        (SandboxJob, {"code": "", "stdin": 5}, "stdin must be a bytes or a text, not 5"),
        (SandboxJob, {"code": "", "env": {"A": 1}}, "env: the value of 'A' must be a text, not a int"),
        (ProgramOptions, {"labels": {1: "a"}}, "labels: a name: must be a text, not 1"),
        (ProgramOptions, {"env": ["A=1"]}, "env: must be a mapping"),
    ],
)
def test_the_message_says_which(kind: type[Any], given: dict[str, Any], message: str) -> None:
    """It names the field, its type, and what was given."""
    with pytest.raises(InvalidValue, match=message):
        kind(**given)


def test_what_fits_is_taken() -> None:
    """A whole number is a number, bytes of any kind are bytes."""
    assert ResourceLimits(cpus=2).cpus == 2
    assert SandboxJob(code="", stdin=bytearray(b"x")).input == b"x"
    assert ProgramOptions(ttl=timedelta(seconds=5), egress=Egress.NONE).egress is Egress.NONE
