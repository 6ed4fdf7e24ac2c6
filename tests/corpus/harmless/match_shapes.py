from dataclasses import dataclass


@dataclass
class Circle:
    radius: float


@dataclass
class Box:
    width: float
    height: float


def area(shape):
    match shape:
        case Circle(radius=r):
            return 3.14 * r * r
        case Box(w, h) if w == h:
            return w**2
        case Box(width, height):
            return width * height
        case [first, *rest]:
            return area(first) + sum(area(item) for item in rest)
        case {"radius": r}:
            return area(Circle(r))
        case _:
            raise TypeError(shape)


print(area([Circle(1), Box(2, 3), Box(2, 2), {"radius": 2}]))
