import math
import random


def estimate(samples, rng):
    inside = sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(samples))
    return 4 * inside / samples


rng = random.Random(1)
guess = estimate(20_000, rng)
print(round(guess, 2), abs(guess - math.pi) < 0.1)
