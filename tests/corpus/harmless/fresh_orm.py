class Field:
    def __init__(self, kind):
        self.kind = kind


class ModelMeta(type):
    def __new__(mcs, name, bases, attrs):
        attrs["_fields"] = {key: value for key, value in attrs.items() if isinstance(value, Field)}
        return super().__new__(mcs, name, bases, attrs)


class Model(metaclass=ModelMeta):
    def __init__(self, **values):
        for name, declared in self._fields.items():
            setattr(self, name, declared.kind(values[name]))

    def __repr__(self):
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{self.__class__.__name__}({shown})"


class User(Model):
    name = Field(str)
    age = Field(int)


print(User(name="Ada", age="36"), type("Extra", (Model,), {"x": Field(float)})(x="1.5"))
