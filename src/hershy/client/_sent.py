"""A call of the Host API, described once, as a method of either client."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar, get_args

from ._calls import Call

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M")


def blocking(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], T]:
    """A method with the parameters and the docstring of ``describe`` that returns the call's answer."""

    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        answer: T = self._send(describe(*args, **kwargs))
        return answer

    return _like(method, describe)


def awaiting(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]:
    """The same, for asyncio."""

    async def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        answer: T = await self._send(describe(*args, **kwargs))
        return answer

    return _like(method, describe)


def _like(method: M, describe: Callable[..., Any]) -> M:
    told: Any = method
    signature = inspect.signature(describe)
    (answer,) = get_args(signature.return_annotation)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    told.__signature__ = signature.replace(
        parameters=[itself, *signature.parameters.values()], return_annotation=answer
    )
    told.__annotations__ = {**describe.__annotations__, "return": answer}
    told.__doc__, told.__module__ = describe.__doc__, describe.__module__
    told.__name__ = told.__qualname__ = describe.__name__
    return method
