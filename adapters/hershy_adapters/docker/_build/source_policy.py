"""The operator's policy as BuildKit's own source policy: the engine itself asks it before it fetches anything.

What the Dockerfile says has been looked at before; this holds whatever was made of it, for a frontend's own fetches
and for triggers that a base image brings along.
"""

import json
import re
from collections.abc import Iterator

from hershy.builds.policy import OWN_IMAGES, BuildPolicy
from hershy.builds.image_names import ANY

VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
"""Where docker-buildx looks for the policy's file. An engine before 23.0 does not know policies."""

Rule = dict[str, object]


def source_policy(policy: BuildPolicy) -> str:
    """JSON. The last rule that matches decides."""
    return json.dumps({"rules": list(_rules(policy))})


def _rules(policy: BuildPolicy) -> Iterator[Rule]:
    # What denies is a wildcard, BuildKit's default: should it not know regular expressions, nothing is allowed.
    yield _rule("DENY", "*")
    # The context: a folder of the client's, or what the client was given on its standard input.
    yield _rule("ALLOW", "local://*")
    yield _rule("ALLOW", "http://buildkit-session/*")
    images = policy.allowed_images
    yield from [_rule("ALLOW", "docker-image://*")] if images.is_any else map(_image, images.patterns)
    yield _rule("DENY", f"docker-image://{OWN_IMAGES}*")
    yield from (_host(host) for host in policy.allowed_add_hosts)


def _image(pattern: str) -> Rule:
    return _rule("ALLOW", f"^docker-image://{pattern}$", match_type="REGEX")


def _host(host: str) -> Rule:
    authority = ".*" if host == ANY else rf"(?i:{re.escape(host)})(?:[/#?].*)?"
    return _rule("ALLOW", f"^(?:https?|git)://{authority}$", match_type="REGEX")


def _rule(action: str, identifier: str, **how: str) -> Rule:
    return {"action": action, "selector": {"identifier": identifier, **how}}
