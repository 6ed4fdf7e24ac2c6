"""Tries to reach what is not this program's, and to listen where nobody should hear."""

import errno
import ipaddress
import socket
import struct
from collections.abc import Callable

from .outcome import ESCALATION, ISOLATION, Given, ProbeOutcome, a_try, attempted, breached, contained

CONNECT_TIMEOUT_S = 2.0
AF_ALG, AF_VSOCK, AF_PACKET = 38, 40, 17
ENGINES_RESOLVER = ("127.0.0.11", 53)
POINTER, INTERNET = 12, 1
NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT})


def _opened(family: int, kind: int, protocol: int) -> Callable[[], None]:
    return lambda: socket.socket(family, kind, protocol).close()


for _name, _tried, _family, _kind, _protocol in (
    ("raw-socket", "open a raw socket", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    ("raw-socket-6", "open a raw socket for IPv6", socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6),
    ("packet-socket", "open a packet socket", AF_PACKET, socket.SOCK_RAW, 0x300),
    ("alg-socket", "open a socket to the kernel's cryptography", AF_ALG, socket.SOCK_SEQPACKET, 0),
    ("vsock", "open a socket to the hypervisor", AF_VSOCK, socket.SOCK_STREAM, 0),
):
    _action = _opened(_family, _kind, _protocol)
    a_try(_name, ESCALATION, _tried)(lambda given, action=_action: attempted(action, absent=NO_SUCH_FAMILY))  # type: ignore[misc]


@a_try("connect", ISOLATION, "connect to an address")
def connect(given: Given) -> ProbeOutcome:
    """``host`` and ``port``. Silence is an answer: whatever is there cannot be talked to."""
    place = f"{given['host']}:{given['port']}"
    try:
        with socket.create_connection((given["host"], given["port"]), CONNECT_TIMEOUT_S):
            return breached(f"connected to {place}")
    except TimeoutError:
        return contained(f"no answer from {place} within {CONNECT_TIMEOUT_S:g} s")
    except OSError as error:
        return contained(f"{place}: {error.strerror or error}")


@a_try("name-of-address", ISOLATION, "ask the engine's resolver for the name of another user's container")
def name_of_address(given: Given) -> ProbeOutcome:
    """``address`` of the other. The name holds the ids of its user, program and build."""
    labels = ipaddress.ip_address(given["address"]).reverse_pointer.split(".")
    name = b"".join(bytes([len(it)]) + it.encode() for it in labels) + b"\0"
    question = struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", POINTER, INTERNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(CONNECT_TIMEOUT_S)
        try:
            asking.sendto(question, ENGINES_RESOLVER)
            answer = asking.recv(512)
        except OSError as error:
            return contained(f"no answer from {ENGINES_RESOLVER[0]}: {error.strerror or error}")
    if struct.unpack_from(">H", answer, 6)[0]:
        return breached(f"it is told {answer[len(question) :]!r}")
    return contained(f"{ENGINES_RESOLVER[0]} knows no such address")
