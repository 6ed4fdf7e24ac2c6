from dataclasses import asdict, dataclass, field, replace
from math import hypot


@dataclass(order=True, frozen=True)
class Point:
    x: float
    y: float = 0.0
    tags: tuple = field(default=(), compare=False)

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __abs__(self):
        return hypot(self.x, self.y)


points = [Point(3, 4), Point(1, 1, ("a",)), Point(0, 9)]
print(sorted(points))
print(abs(points[0] + points[1]))
print(asdict(replace(points[1], y=8)))
