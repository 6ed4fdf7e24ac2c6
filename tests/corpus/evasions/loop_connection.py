# a connection by a method of the event loop, looked up by name
import asyncio
import os


class Quiet(asyncio.Protocol):
    def connection_made(self, transport):
        transport.write(b"escaped")
        print("LEAK: connected")


async def main():
    connect = getattr(asyncio.get_running_loop(), "create_" + "connection")
    await asyncio.wait_for(connect(Quiet, os.environ.get("HERSHY_CANARY_HOST", "127.0.0.1"), int(os.environ.get("HERSHY_CANARY_PORT", "1"))), 1)


try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__)
