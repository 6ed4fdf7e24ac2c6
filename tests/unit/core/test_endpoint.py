"""Endpoint: an address as a URL and as a Host header."""

import pytest

from hershy.core.endpoint import Endpoint


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        (Endpoint("10.1.2.3", 8080), "10.1.2.3:8080"),
        (Endpoint("127.0.0.1", 19001, name="localhost"), "localhost:19001"),
        (Endpoint("fd00::7", 8080), "[fd00::7]:8080"),
    ],
)
def test_what_a_program_is_told(endpoint: Endpoint, authority: str) -> None:
    """Its name in place of its address, where it has one; an IPv6 address in brackets."""
    assert (endpoint.authority, str(endpoint), endpoint.url) == (authority, authority, f"http://{authority}")
