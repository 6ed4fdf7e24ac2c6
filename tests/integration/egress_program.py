"""A program that tries what it is asked to, from inside its container; for the rest, it is the echo program."""

import asyncio
import json
import os
import socket
import struct
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import echo_program

PATIENCE_S = 3


def connect(address, port):
    began = time.monotonic()
    try:
        with socket.create_connection((address, int(port)), PATIENCE_S) as connection:
            connection.settimeout(PATIENCE_S)
            outcome = connection.recv(64).decode() or "ended"
    except OSError as error:
        outcome = f"refused: {error}"
    return {"outcome": outcome, "seconds": time.monotonic() - began}


def resolve(name):
    began = time.monotonic()
    try:
        outcome = sorted({address[4][0] for address in socket.getaddrinfo(name, 80)})
    except OSError as error:
        outcome = f"refused: {error}"
    seconds = time.monotonic() - began
    return {"outcome": outcome, "seconds": seconds, "resolv_conf": Path("/etc/resolv.conf").read_text()}


def whois(address):
    """What the engine's resolver answers when it is asked for the name of an address."""
    labels = [*reversed(address.split(".")), "in-addr", "arpa"]
    name = b"".join(bytes([len(it)]) + it.encode() for it in labels) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(PATIENCE_S)
        try:
            asking.sendto(
                struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 12, 1), ("127.0.0.11", 53)
            )
            outcome = asking.recv(512).decode("latin-1")
        except OSError as error:
            outcome = f"refused: {error}"
    return {"outcome": outcome}


def told():
    """All that a program finds written down about where it is."""
    names = (
        "/etc/hosts",
        "/etc/hostname",
        "/proc/self/cgroup",
        "/proc/self/mountinfo",
        "/proc/self/environ",
        "/proc/net/arp",
    )
    return {"outcome": {name: Path(name).read_text() for name in names if Path(name).exists()}}


def devices():
    return {"outcome": [name for _, name in socket.if_nameindex()]}


def finish():
    os._exit(3)


TRIES = {
    "/connect": connect,
    "/resolve": resolve,
    "/whois": whois,
    "/told": told,
    "/devices": devices,
    "/finish": finish,
}


async def serve(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    target = urlsplit(head.split()[1].decode())
    if target.path not in TRIES:
        rest = asyncio.StreamReader()
        rest.feed_data(head)
        feeding = asyncio.create_task(feed(reader, rest))
        await echo_program.serve(rest, writer)
        feeding.cancel()
        return
    arguments = {name: values[0] for name, values in parse_qs(target.query).items()}
    body = json.dumps(await asyncio.to_thread(TRIES[target.path], **arguments)).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()


async def feed(reader, rest):
    while data := await reader.read(65536):
        rest.feed_data(data)
    rest.feed_eof()


async def main():
    await (await asyncio.start_server(serve, "0.0.0.0", 8080)).serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
