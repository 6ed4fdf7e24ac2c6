"""bandit's findings, beside hershy's own reasons. Without bandit there are none."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hershy.sandbox.domain.risk import LintFinding

MAX_FINDINGS = 100
MAX_MESSAGE = 300

Lint = Callable[[Mapping[str, str]], Sequence[LintFinding]]


def load() -> Lint:
    """Import bandit now, which takes a while, so that no analysis waits for it."""
    try:
        from bandit.core.config import BanditConfig  # type: ignore[import-untyped]
        from bandit.core.manager import BanditManager  # type: ignore[import-untyped]
    except ImportError:
        return lambda files: ()
    logging.disable()  # it complains of files that it cannot read
    config = BanditConfig()

    def lint(files: Mapping[str, str]) -> Sequence[LintFinding]:
        with tempfile.TemporaryDirectory(prefix="hershy-lint-") as folder:
            # Numbers for names: what a program calls its files has no say in where they lie.
            names = {f"{folder}/{number}.py": path for number, path in enumerate(_python(files))}
            for name, path in names.items():
                Path(name).write_text(files[path], encoding="utf-8")
            # A comment in the code does not silence a finding.
            manager = BanditManager(config, "file", quiet=True, ignore_nosec=True)
            manager.discover_files(list(names))
            manager.run_tests()
            return _findings(manager, names)

    lint({"main.py": "import os\n"})
    return lint


def _python(files: Mapping[str, str]) -> Sequence[str]:
    return sorted(path for path in files if path.endswith(".py"))


def _findings(manager: object, names: Mapping[str, str]) -> Sequence[LintFinding]:
    issues = manager.get_issue_list()  # type: ignore[attr-defined]
    found = [
        LintFinding(
            tool="bandit",
            rule=str(issue.test_id),
            severity=str(issue.severity).lower(),
            confidence=str(issue.confidence).lower(),
            message=str(issue.text)[:MAX_MESSAGE],
            file=names[issue.fname],
            line=int(issue.lineno),
        )
        for issue in issues
    ]
    return sorted(found, key=lambda it: (it.file, it.line, it.rule))[:MAX_FINDINGS]
