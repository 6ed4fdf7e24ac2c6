# a connection by asyncio
import asyncio
import os


async def main():
    host, port = os.environ.get("HERSHY_CANARY_HOST", "127.0.0.1"), os.environ.get("HERSHY_CANARY_PORT", "1")
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 1)
    writer.write(b"escaped")
    await writer.drain()
    print("LEAK: connected")


try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__)
