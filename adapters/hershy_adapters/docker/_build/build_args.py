"""Hands build arguments to ``docker-buildx`` where no other user of the machine sees their values.

Command lines stand in ``ps`` for everybody; a process's environment is its own user's alone to read. A name without a
value has the tool take it from there.
"""

import json
import re
from collections.abc import Mapping, Sequence

from hershy.builds.policy import BuildPolicy

_STEERING = re.compile(
    r"DOCKER|BUILDX|BUILDKIT|MOBY|COMPOSE|EXPERIMENTAL|OTEL|JAEGER|TRACE|KUBE|GIT_|GO(?!OGLE)|SSL_|SSH_|XDG_|LD_|LC_"
    r"|RES_|NSS_|GLIBC|MALLOC|LOC|GCONV|NLS|TZ|HOSTALIASES|COLUMNS|LINES|NO_|NOCOLOR|CLICOLOR|FORCE_COLOR"
    r"|(?:TMP|TEMP|TMPDIR|TERM|LANG|LANGUAGE|HOME|PATH|PWD|SHELL|USER|LOGNAME)$"
)
"""Names that begin like what the tool, Go's runtime or the C library obey when they find it in their environment."""


def handed_over(build_args: Mapping[str, str]) -> tuple[Sequence[str], Mapping[str, str]]:
    """Options for the command line, and variables for the environment of the tool.

    What could steer the tool itself stays on the command line, value and all: it must not run with an environment that
    a stranger has written.
    """
    options, environment = [], {}
    for name, value in build_args.items():
        if _STEERING.match(name) or not name.isascii():
            options.append(f"--build-arg={name}={value}")
        else:
            options.append(f"--build-arg={name}")
            environment[name] = value
    return options, environment


def configuration(policy: BuildPolicy) -> str:
    """The tool's ``config.json``: nothing but the operator's proxy, which may hold a password, for every step."""
    if not policy.proxy:
        return "{}"
    told = {"httpProxy": policy.proxy, "httpsProxy": policy.proxy, "noProxy": policy.no_proxy}
    return json.dumps({"proxies": {"default": told}})
