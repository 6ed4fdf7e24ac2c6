"""Values of build arguments are for the build alone; names cannot steer the tool that builds."""

import json

import pytest

from hershy.builds.policy import BuildPolicy
from hershy_adapters.docker._build.build_args import configuration, handed_over
from hershy_adapters.docker._build.buildx import Buildx


@pytest.mark.parametrize(
    "name", ["BASE", "VERSION", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "GOOGLE_API_KEY", "password", "PATHS", "_"]
)
def test_a_value_is_not_on_the_command_line(name: str) -> None:
    """Any local user can read command lines; the environment of a process only its own user."""
    assert handed_over({name: "secret"}) == ([f"--build-arg={name}"], {name: "secret"})


@pytest.mark.parametrize(
    "name",
    [
        *(
            "DOCKER_HOST",
            "DOCKER_CONFIG",
            "BUILDX_CONFIG",
            "BUILDX_EXPERIMENTAL",
            "BUILDKIT_COLORS",
            "KUBERNETES_MASTER",
        ),
        *("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", "OTEL_EXPORTER_OTLP_ENDPOINT", "XDG_CONFIG_HOME", "SSL_CERT_FILE"),
        *("GODEBUG", "GOMAXPROCS", "GOCOVERDIR", "GIT_DIR", "SSH_AUTH_SOCK", "PATH", "HOME", "TMPDIR", "NO_COLOR"),
        *(
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "LC_ALL",
            "GLIBC_TUNABLES",
            "LOCPATH",
            "GCONV_PATH",
            "HOSTALIASES",
            "TZ",
            "é",
        ),
    ],
)
def test_what_could_steer_the_tool_is_no_variable_of_it(name: str) -> None:
    """It reaches the build all the same, where a value means nothing but itself."""
    assert handed_over({name: "x"}) == ([f"--build-arg={name}=x"], {})


def test_no_argument_replaces_what_hershy_sets() -> None:
    """Every variable of the tool's own environment is one that an argument cannot become."""
    own = Buildx("docker-buildx", "tcp://engine:2376")._environment("/empty")
    assert handed_over(dict.fromkeys(own, "x"))[1] == {}


def test_the_operators_proxy_is_in_a_file() -> None:
    """Which only the Host's user can read; a password in it is not on a command line."""
    assert configuration(BuildPolicy()) == "{}"
    told = json.loads(configuration(BuildPolicy(proxy="http://u:secret@proxy:3128", no_proxy="near")))
    assert told["proxies"]["default"] == {
        "httpProxy": "http://u:secret@proxy:3128",
        "httpsProxy": "http://u:secret@proxy:3128",
        "noProxy": "near",
    }
