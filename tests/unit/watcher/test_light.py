"""A program's container is small: what ``import hershy.watcher`` loads is, too."""

import subprocess
import sys

import hershy.watcher


def test_importing_the_watcher_loads_nothing_of_the_host() -> None:
    """And of libraries h11 only."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import hershy.watcher, hershy.watcher.testing\n"
        "new = set(sys.modules) - before\n"
        "print(sorted({name.split('.')[0] for name in new} - set(sys.stdlib_module_names) - {'__mp_main__'}))\n"
        "print(sorted(name for name in new if name.startswith('hershy.') and not name.startswith('hershy.watcher')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert loaded == "['h11', 'hershy']\n[]\n"


def test_the_public_names_are_those_that_are_promised() -> None:
    """Sorted, and each of them there."""
    assert all(hasattr(hershy.watcher, name) for name in hershy.watcher.__all__)
    assert {"Watcher", "Context", "StopWatcher", "KillWatcher", "CrashWatcher", "Update", "SKIP", "Failure"} <= set(
        hershy.watcher.__all__
    )
