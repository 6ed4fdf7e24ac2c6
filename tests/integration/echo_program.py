"""A program to deploy: echoes WebSocket frames on 8080, and answers any other request. Standard library only."""

import asyncio
import base64
import hashlib

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CLOSE = 8


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if "sec-websocket-key" in headers:
        digest = hashlib.sha1((headers["sec-websocket-key"] + MAGIC).encode()).digest()
        accept = f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}"
        upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
        writer.write(f"{upgrade}\r\n{accept}\r\n\r\n".encode())
        await echo(reader, writer)
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await writer.drain()
    writer.close()


async def echo(reader, writer):
    """Short frames only: their length is in the second byte."""
    opcode = None
    while opcode != CLOSE:
        first, second = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        masked = await reader.readexactly(second & 127)
        data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked))
        writer.write(bytes([first, len(data)]) + data)
        opcode = first & 15


async def main():
    await (await asyncio.start_server(serve, "0.0.0.0", 8080)).serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
