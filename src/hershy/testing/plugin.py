"""pytest plugin, found by its entry point: fixtures for unit tests without Docker, network or waiting.

pytest loads it wherever hershy is installed, also for those who test something else without pytest-asyncio.
"""

from importlib.util import find_spec

import pytest

pytest.register_assert_rewrite("hershy.testing.contracts")


def pytest_configure(config: pytest.Config) -> None:
    if find_spec("pytest_asyncio") is None:
        config.pluginmanager.register(_Unavailable(), "hershy-fixtures")
    else:
        from . import fixtures

        config.pluginmanager.register(fixtures, "hershy-fixtures")


class _Unavailable:
    @pytest.fixture(name="hershy_twins")
    def twins(self) -> None:
        pytest.fail("hershy's fixtures need pytest-asyncio: pip install 'hershy[testing]'", pytrace=False)

    @pytest.fixture(name="hershy_host")
    def host(self, hershy_twins: None) -> None:
        """Fails as the one before it."""
