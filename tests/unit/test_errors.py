"""The tree of errors: each survives a journey, and a client makes the same of what a Host says."""

import copy
import pickle
from collections.abc import Iterator

import pytest

from hershy import errors
from hershy.client._refusals import refused
from hershy.errors import HershyError

OTHERS = {
    "ProgramNotFound": ("a-program",),
    "TokenNotFound": ("a-token",),
    "ContainerNotFound": ("a-container",),
    "ImageNotFound": ("an-image",),
    "IllegalTransition": ("a-program", "Ready", "start", "stop it first"),
    "ProgramNotRunning": ("a-program", "Created", "stop"),
    "ProgramNotReady": ("a-program", "Created", "a request"),
    "PortHeld": (19001,),
    "ProgramFailed": ("a-program", "Error", "it broke"),
    "BuildError": ("no", ("one", "two")),
    "HostUnreachable": ("http://h", "refused"),
    "HostTimeout": ("http://h", "slow"),
    "WaitTimeout": ("a-program", "Ready", 5),
}


def below(kind: type[HershyError]) -> Iterator[type[HershyError]]:
    yield kind
    for it in kind.__subclasses__():
        yield from below(it)


TREE = sorted({it for it in below(HershyError) if it.__module__ == errors.__name__}, key=lambda it: it.__name__)


def made(kind: type[HershyError]) -> HershyError:
    return kind(*OTHERS.get(kind.__name__, ("why",)))


@pytest.mark.parametrize("kind", TREE)
def test_errors_survive_copies(kind: type[HershyError]) -> None:
    """Pickled or copied, an error has its type, text and attributes."""
    error = made(kind)
    error.remedy = "do something"
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert (type(again), str(again), again.args) == (kind, str(error), error.args)
        assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", TREE)
def test_a_client_raises_what_the_host_has_raised(kind: type[HershyError]) -> None:
    """The type's name and the fields make the same error; status and reason are told beside."""
    error = made(kind)
    again = refused(418, "Reason", error.message, {"type": kind.__name__, **error.fields})
    assert (type(again), again.message, dict(again.fields)) == (kind, error.message, dict(error.fields))
    assert str(again) == str(error)
    assert (again.status, again.reason) == (418, "Reason")


@pytest.mark.parametrize("kind", TREE)
def test_as_text_an_error_is_all_it_tells_and_nothing_twice(kind: type[HershyError]) -> None:
    """Message, detail and remedy are apart for those who compare and together for those who read."""
    error = made(kind)
    error.detail, error.remedy = "the third of them", "use another"
    assert (error.message in str(error), str(error).count("the third of them")) == (True, 1)
    assert str(error).endswith("; use another")
    error.detail = error.message
    assert error.explanation == error.message


def test_the_sentence_that_clients_compare_with() -> None:
    """Which program does not run, and what to do, are beside it."""
    error = errors.ProgramNotRunning("a-program", "Stopped", "restart", "use /start")
    assert (error.message, error.detail, error.remedy) == ("program not running", "a-program is Stopped", "use /start")


@pytest.mark.parametrize("told", [{"type": "Exception"}, {"type": "NotOfThisVersion"}, {"type": 5}, {"type": None}, {}])
def test_an_unknown_type_falls_back_to_the_status(told: dict[str, object]) -> None:
    """Nor does a field of another type disturb."""
    assert type(refused(404, "Not Found", "gone", {**told, "program_id": ["x"]})) is errors.NotFound
    assert type(refused(599, "", "gone", told)) is errors.HostFailure


@pytest.mark.parametrize("kind", TREE)
def test_the_tree_is_drawn(kind: type[HershyError]) -> None:
    """The module's docstring shows every error."""
    assert f" {kind.__name__} " in f"{errors.__doc__} ".replace("\n", " ")
