import functools
import inspect


def validated(function):
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        for name, value in bound.arguments.items():
            expected = function.__annotations__.get(name)
            if expected and not isinstance(value, expected):
                raise TypeError(name)
        return function(*args, **kwargs)

    return wrapper


@validated
def greet(name: str, times: int = 1):
    return "hi " * times + name


print(greet("Ada", 2), inspect.getdoc(validated))
