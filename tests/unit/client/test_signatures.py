"""The two clients differ in how they wait, and in nothing else; programs have one vocabulary, here and from afar."""

import inspect
from typing import Any

import pytest

from hershy.client import AsyncClient, AsyncProgramHandle, BlockingProgramHandle, Client
from hershy.programs.application.running_program import RunningProgram

ONLY_ONE = {"close", "aclose"}


def methods(of: type[Any]) -> set[str]:
    return {name for name, it in inspect.getmembers(of, inspect.isfunction) if not name.startswith("_")} - ONLY_ONE


def test_both_have_the_same_methods() -> None:
    """Whatever one can do the other can."""
    assert methods(Client) == methods(AsyncClient)
    assert len(methods(Client)) > 20


@pytest.mark.parametrize("name", sorted(methods(Client)))
def test_both_take_the_same(name: str) -> None:
    """Names, order, kinds, defaults and annotations of each method's parameters; and what comes back is the same."""
    blocking = inspect.signature(getattr(Client, name), eval_str=True)
    awaiting = inspect.signature(getattr(AsyncClient, name), eval_str=True)
    assert list(blocking.parameters.values()) == list(awaiting.parameters.values())
    assert _plain(blocking.return_annotation) == _plain(awaiting.return_annotation)


PROGRAMS = (RunningProgram, AsyncProgramHandle, BlockingProgramHandle)
VIEWED = {"id", "info", "state", "url"}


@pytest.mark.parametrize("name", sorted(methods(RunningProgram)))
def test_programs_have_one_vocabulary(name: str) -> None:
    """A program of a Host in this process, and both handles: the same methods, taking the same by the same names."""
    assert methods(RunningProgram) == methods(AsyncProgramHandle) == methods(BlockingProgramHandle)
    here, awaiting, blocking = (inspect.signature(getattr(it, name), eval_str=True) for it in PROGRAMS)
    assert here.parameters == awaiting.parameters == blocking.parameters
    if "Program" not in str(here.return_annotation) or name == "request":
        assert len({_plain(it.return_annotation) for it in (here, awaiting, blocking)}) == 1


@pytest.mark.parametrize("of", PROGRAMS)
def test_programs_show_the_same(of: type[Any]) -> None:
    """Beside their methods."""
    shown = {name for name, it in inspect.getmembers(of) if isinstance(it, property)}
    assert shown | {"info"} == VIEWED


def _plain(annotation: Any) -> str:
    """Of a generator, what it yields."""
    text = str(annotation).replace("collections.abc.AsyncGenerator", "collections.abc.Generator")
    text = text.replace("_async_handle.AsyncProgramHandle", "_handle.BlockingProgramHandle")
    return text.replace(", None, None]", ", None]")


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_few_arguments_stand_without_their_names(client: type[Any]) -> None:
    """At most three, which every call has; whatever is optional beyond them is given by name."""
    for name in methods(client):
        parameters = list(inspect.signature(getattr(client, name)).parameters.values())[1:]
        assert sum(it.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for it in parameters) <= 3, name
