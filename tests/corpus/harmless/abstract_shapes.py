import math
from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable


@runtime_checkable
class HasArea(Protocol):
    def area(self) -> float: ...


class Shape(ABC):
    registry: dict = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Shape.registry[cls.__name__] = cls

    @abstractmethod
    def area(self) -> float:
        """In square units."""


class Circle(Shape):
    def __init__(self, radius: float = 1) -> None:
        self.radius = radius

    def area(self) -> float:
        return math.pi * self.radius**2


for name, kind in Shape.registry.items():
    print(name, round(kind().area(), 3), isinstance(kind(), HasArea), kind.__mro__[1].__name__)
