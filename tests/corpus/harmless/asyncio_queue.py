import asyncio


async def producer(queue):
    for number in range(5):
        await queue.put(number)
    await queue.put(None)


async def consumer(queue):
    while True:
        item = await queue.get()
        if item is None:
            break
        print("got", item)


async def heartbeat():
    while True:
        await asyncio.sleep(0.01)


async def main():
    queue = asyncio.Queue(maxsize=2)
    beat = asyncio.create_task(heartbeat())
    await asyncio.gather(producer(queue), consumer(queue))
    beat.cancel()


asyncio.run(main())
