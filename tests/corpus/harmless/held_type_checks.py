from typing import get_type_hints


class Person:
    name: str
    age: int = 0

    def __init__(self, **values):
        for name, kind in get_type_hints(type(self)).items():
            value = values.get(name, getattr(type(self), name, None))
            if not isinstance(value, kind):
                raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")
            setattr(self, name, value)


print(vars(Person(name="Ada", age=36)))
try:
    Person(name=1)
except TypeError as error:
    print(error)
