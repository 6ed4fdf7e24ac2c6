# a process by asyncio
import asyncio


async def main():
    process = await asyncio.create_subprocess_shell("cat $HERSHY_CANARY_FILE", stdout=asyncio.subprocess.PIPE)
    print("LEAK:", (await process.communicate())[0].decode())


try:
    asyncio.run(main())
except Exception as error:
    print(type(error).__name__)
