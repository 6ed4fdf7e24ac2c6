import enum
import itertools


class Light(enum.Enum):
    RED = "red"
    GREEN = "green"
    AMBER = "amber"

    def next(self):
        order = list(Light)
        return order[(order.index(self) + 1) % len(order)]


light = Light.RED
for _ in range(7):
    print(light.name, light.value)
    light = light.next()
print(list(itertools.islice(itertools.cycle("abc"), 7)))
