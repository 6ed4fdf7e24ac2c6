"""The probe's control API on 8080: what it can try, what came of it, and where it is."""

import json
import os
import socket
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from . import files, kernel, limits, network, privileges
from .child import result_of
from .outcome import TRIES

PORT = 8080
LISTED = (privileges, kernel, network, files, limits)
"""Importing them has put their tries on the list."""


class Probe(BaseHTTPRequestHandler):
    listeners: tuple[socket.socket, ...] = ()

    def do_GET(self) -> None:
        match self.path:
            case "/":
                self._answer({"probe": "hershy"})
            case "/about":
                self._answer(about())
            case "/tries":
                self._answer({"tries": list(TRIES)})
            case _:
                self._answer({"error": "not found"}, 404)

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        match self.path.strip("/").split("/", 1):
            case ["tries", name] if name in TRIES:
                self._answer(result_of(TRIES[name], given))
            case ["listen"]:
                listener = socket.create_server(("0.0.0.0", given["port"]))  # noqa: S104 -- the try
                type(self).listeners = (*self.listeners, listener)
                self._answer({"listening": given["port"]})
            case ["eat"]:
                held = []
                while True:
                    held.append(os.urandom(4096) * 256)
            case _:
                self._answer({"error": "not found"}, 404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as the base class calls it
        """The log is one of the things under test."""

    def _answer(self, document: Mapping[str, Any], status: int = 200) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def about() -> Mapping[str, Any]:
    """Its address, that of the machine as the container's network shows it, and the release of its kernel."""
    address = socket.gethostbyname(socket.gethostname())
    return {"address": address, "gateway": gateway(), "kernel": os.uname().release}


def gateway() -> str | None:
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000":
            return socket.inet_ntoa(bytes.fromhex(fields[2])[::-1])
    return None


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", PORT), Probe).serve_forever()  # noqa: S104 -- all a container has is its own
