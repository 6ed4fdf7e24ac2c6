"""A resolver that knows one name, on an address of this machine."""

import contextlib
import socket
import threading
from collections.abc import Iterator

NAME, ADDRESS = "known.hershy.test", "192.0.2.7"
_A = 1


@contextlib.contextmanager
def answering(address: str) -> Iterator[list[str]]:
    """Gives the names it has been asked for, as they come."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        thread = threading.Thread(target=_serve, args=(server, asked), daemon=True)
        thread.start()
        try:
            yield asked
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", (address, 53))
            thread.join(10)


def _serve(server: socket.socket, asked: list[str]) -> None:
    while query := (received := server.recvfrom(512))[0]:
        name, end = _name(query)
        asked.append(name)
        is_known = name == NAME
        answers = 1 if is_known and int.from_bytes(query[end : end + 2]) == _A else 0
        flags = 0x8180 if is_known else 0x8183
        header = query[:2] + flags.to_bytes(2) + (1).to_bytes(2) + answers.to_bytes(2) + bytes(4)
        record = b"\xc0\x0c" + bytes([0, 1, 0, 1, 0, 0, 0, 60, 0, 4]) + socket.inet_aton(ADDRESS)
        server.sendto(header + query[12 : end + 4] + record * answers, received[1])


def _name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1
