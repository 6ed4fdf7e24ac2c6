"""Says in the words of a Dockerfile's author what BuildKit says in its own: those stay in the build's last lines."""

import re

_CHAIN = re.compile(r"(?:failed to (?:compute|load) cache key: )+")
_IN_WORDS = (
    (
        re.compile(r'failed to calculate checksum of ref \S+: "/?(.+)": not found'),
        r"file not found in build context or excluded by .dockerignore: \1",
    ),
    (
        re.compile(r"lstat /\S*?/buildkit-mount\d+(/.+): no such file or directory"),
        r"file not found in the image or stage that it is copied from: \1",
    ),
    (
        re.compile(r'process "/bin/sh -c (.+)" did not complete successfully: exit code: (\d+)'),
        r"RUN \1: ended with exit code \2",
    ),
    (
        re.compile(r"(.+?): failed to resolve source metadata for \S+: (.+)"),
        r"image \1 is not on this machine and cannot be fetched: \2",
    ),
)


def cause(message: str) -> str:
    """BuildKit's last error as the author's affair; what has no other words stays as it is."""
    message = _CHAIN.sub("", message, count=1)
    for pattern, words in _IN_WORDS:
        if match := pattern.fullmatch(message):
            return match.expand(words)
    return message
