"""The pytest plugin in somebody else's test run, with no configuration of theirs."""

import pytest

from hershy.testing import plugin

pytest_plugins = ["pytester"]

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "ignore")
TESTS = """
import pytest

async def test_function(hershy_twins):
    assert await hershy_twins.host.list() == []

class TestMethods:
    @pytest.mark.parametrize("number", [1, 2])
    async def test_method(self, hershy_host, number):
        assert await hershy_host.list() == []

    @pytest.mark.asyncio
    async def test_marked(self, hershy_host):
        assert await hershy_host.list() == []
"""


def test_coroutines_that_ask_for_the_fixtures_run(pytester: pytest.Pytester) -> None:
    """Neither a mark nor a setting is needed, and a mark does no harm."""
    pytester.makepyfile(TESTS)
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=4)


def test_other_coroutines_are_left_alone(pytester: pytest.Pytester) -> None:
    """Which framework runs them is their authors' choice."""
    pytester.makepyfile("async def test_other(): pass")
    pytester.runpytest_inprocess(*OPTIONS).assert_outcomes(failed=1)


def test_without_pytest_asyncio(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not use the fixtures notices nothing; whoever does is told what is missing."""
    monkeypatch.setattr(plugin, "find_spec", lambda name: None)
    pytester.makepyfile("def test_mine(): pass\ndef test_twins(hershy_host): pass")
    result = pytester.runpytest_inprocess(*OPTIONS)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*pip install 'hershy[[]testing[]]'*"])
