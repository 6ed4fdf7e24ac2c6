"""Where a path leads to, as far as its text tells."""

import re
from enum import Enum, auto

_PRIVATE = re.compile(
    r"(file:/*)?/+(\.?/)*(etc|proc|sys|root|run|boot|var/run|var/lib|var/spool|var/log|dev/(?!null\Z|std(in|out|err)\Z))"
    r"(/|\Z)|.*docker\.sock|.*\b169\.254\.\d|.*\bfd00:ec2|.*metadata\.google"
)
_ABSOLUTE = re.compile(r"/[\w.+@-]+(/[\w.+@-]+)*/?\Z")
_URL = re.compile(r"(https?|ftp|s3|gs)://", re.IGNORECASE)
_WORK = re.compile(r"/work(/|\Z)")


class Place(Enum):
    INSIDE = auto()
    TEMPORARY = auto()
    OUTSIDE = auto()
    PRIVATE = auto()
    NETWORK = auto()


def place_of(text: str) -> Place:
    """Of a text that may be a path or not: what does not look like one is INSIDE."""
    if _PRIVATE.match(text[:300]):
        return Place.PRIVATE
    if _has_parent(text) or text.startswith("~/"):
        return Place.OUTSIDE if len(text) < 300 and " " not in text else Place.INSIDE
    if not _ABSOLUTE.match(text) or text in ("/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr"):
        return Place.INSIDE
    if _WORK.match(text):
        return Place.INSIDE
    return Place.TEMPORARY if text.startswith("/tmp") else Place.OUTSIDE  # noqa: S108 - looked at, not used


def place_of_file(text: str) -> Place:
    """Of a text that is the path of a file."""
    if _URL.match(text):
        return Place.NETWORK
    found = place_of(text)
    if (
        found is Place.INSIDE
        and not _WORK.match(text)
        and text not in ("/dev/null", "/dev/stdin", "/dev/stdout", "/dev/stderr")
    ) and (text.startswith(("/", "~", "file:")) or text == ".." or _has_parent(text)):
        return Place.OUTSIDE
    return found


def _has_parent(text: str) -> bool:
    return ("../" in text or text.endswith("/..")) and ".." in text.split("/")
