"""Adapters are found by entry point, a stranger's like ours, and mistakes are told apart."""

import sys
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers

from hershy.core.ids import OwnerID, ProgramID
from hershy.errors import ConfigurationError, ProgramNotFound, StorageInUse
from hershy.testing.twins import open_twins, twin_container
from hershy.wiring import HostContainer, Settings, diagnose, open_host
from hershy_adapters.memory.runtime import InMemoryRuntime

THIRD_PARTY = '''
"""An adapter from outside the tree."""
from hershy.builds.builder import Builder
from hershy.programs.ports.repository import Repository
from hershy.programs.ports.storage import Storage
from hershy_adapters.memory.repository import InMemoryRepository


class CountingRepository(InMemoryRepository):
    """Counts saves; its factory reads an option and uses the clock it is given."""

    def __init__(self, label, clock):
        super().__init__()
        self.label, self.clock, self.saves = label, clock, 0

    async def save(self, program):
        self.saves += 1
        return await super().save(program)


def create(context):
    repository = CountingRepository(context.option("tiny_label", "none"), context.clock)
    repository.name, repository.owner = context.adapter_name, context.owner
    return repository


def create_wrong(context):
    return "not a repository"


def create_circle(context):
    return context.peer(Builder)


def create_builder_in_circle(context):
    return context.peer(Repository)


def create_with_wrong_option(context):
    return context.option("tiny_label", 7)


def create_needing_what_is_not_wired(context):
    return context.peer(dict)
'''

ENTRY_POINTS = """
[hershy.repositories]
tiny = tiny_adapter:create
tiny-wrong = tiny_adapter:create_wrong
tiny-missing = tiny_adapter:no_such_name
tiny-circle = tiny_adapter:create_circle
tiny-option = tiny_adapter:create_with_wrong_option
tiny-unwired = tiny_adapter:create_needing_what_is_not_wired
tiny-twice = tiny_adapter:create
[hershy.builders]
tiny-circle = tiny_adapter:create_builder_in_circle
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a distribution with an adapter into a folder on the path, as pip would lay it out."""
    for name, points in (("tiny_adapter", ENTRY_POINTS), ("other", "[hershy.repositories]\ntiny-twice = x:y\n")):
        (tmp_path / f"{name}.py").write_text(THIRD_PARTY)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tiny_adapter", raising=False)


@pytest.mark.usefixtures("third_party")
async def test_a_third_partys_adapter_is_chosen_by_configuration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed and named in the environment, it serves the Host, with its option, owner and clock."""
    monkeypatch.setenv("HERSHY_REPOSITORY", "tiny")
    monkeypatch.setenv("HERSHY_ADAPTER_OPTIONS__tiny_label", "mine")
    async with open_twins() as twins:
        await twins.ready()
        repository: Any = twins.repository
        assert type(repository).__name__ == "CountingRepository"
        assert repository.saves == 5
        assert repository.label == "mine"
        assert repository.name == "tiny"
        assert repository.clock is twins.clock
        assert repository.owner == await twins.storage.claim()


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repository": "nope"}, r"no repository adapter named 'nope' is installed .*; there are: memory, sql, tiny"),
        (
            {"repository": "tiny-wrong"},
            r"makes a str, which is not a subclass of hershy\.programs\.ports\.\S+\.Repository",
        ),
        ({"repository": "tiny-missing"}, r"cannot be loaded: .*no_such_name.*hershy\[all\]"),
        ({"repository": "tiny-twice"}, r"claimed more than once: tiny_adapter:create, x:y; uninstall one"),
        ({"repository": "tiny-unwired"}, r"nothing is wired for dict"),
        (
            {"repository": "tiny-circle", "builder": "tiny-circle"},
            r"in a circle: builder -> repository -> builder",
        ),
        ({"repository": "tiny-option", "adapter_options": {"tiny_label": "x"}}, r"adapter_options.tiny_label: .*'x'"),
    ],
)
async def test_mistakes_are_named(settings: dict[str, object], message: str) -> None:
    """Each wrong choice has its own message."""
    with pytest.raises(ConfigurationError, match=message):
        async with open_twins(twin_container(**settings)):
            pass


async def test_a_provider_can_be_overridden() -> None:
    """A test's own object takes an adapter's place."""
    container = twin_container()
    mine = InMemoryRuntime(container.clock(), OwnerID("0" * 16))
    container.runtime.override(providers.Object(mine))
    async with open_host(container=container) as host:
        assert await host.list() == []
        assert container.runtime() is mine


async def test_open_host_takes_settings_by_name() -> None:
    """``open_host(runtime="memory")`` is all it takes."""
    async with open_host(runtime="memory") as host:
        with pytest.raises(ProgramNotFound):
            await host.get(ProgramID("nobody-build-0123456789ab-00000000"))


async def test_two_hosts_cannot_share_a_storage_root(tmp_path: Path) -> None:
    """The second is refused, and what it had made by then is released."""
    settings = Settings.load(runtime="memory", storage="filesystem", storage_root=tmp_path)
    async with open_host(settings):
        with pytest.raises(StorageInUse, match="in use by process"):
            async with open_host(settings):
                pass
    async with open_host(settings) as host:
        assert await host.list() == []


async def test_adapters_are_closed_even_if_the_host_cannot_be_opened(tmp_path: Path) -> None:
    """A wrong runtime name frees the storage root again."""
    with pytest.raises(ConfigurationError):
        async with open_host(runtime="nope", storage_root=tmp_path):
            pass
    async with open_host(runtime="memory", storage="filesystem", storage_root=tmp_path):
        pass


async def test_diagnose_says_what_the_chosen_adapters_need() -> None:
    """Twins need nothing."""
    findings = await diagnose(runtime="memory")
    assert findings
    assert all(finding.ok for finding in findings)


async def test_the_container_makes_one_of_each() -> None:
    """Every consumer of a port gets the same adapter."""
    container = HostContainer(settings=Settings.load(runtime="memory", clock="memory"), owner=OwnerID("0" * 16))
    assert container.services().runtime is container.runtime()
    assert container.host() is container.host()
