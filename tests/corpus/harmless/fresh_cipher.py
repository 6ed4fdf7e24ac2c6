import itertools
import random


def keystream(seed):
    rng = random.Random(seed)
    while True:
        yield rng.randrange(256)


def crypt(data, seed):
    return bytes(a ^ b for a, b in zip(data, keystream(seed)))


secret = crypt("hello".encode(), 42)
print(secret.hex(), crypt(secret, 42).decode(), list(itertools.islice(keystream(1), 3)))
