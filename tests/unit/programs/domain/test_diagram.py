"""The state diagram in the documentation is the reducer's table."""

from pathlib import Path

from hershy.programs.domain.diagram import document

DOCUMENT = Path(__file__).parents[4] / "docs" / "state-machine.md"


def test_the_diagram_in_docs_is_not_stale() -> None:
    """``python -m hershy.programs.domain.diagram > docs/state-machine.md`` would change nothing."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_the_diagram_draws_every_state() -> None:
    """All nine states occur."""
    text = document()
    for state in ("Created", "Building", "Built", "Starting", "Running", "Ready", "Stopping", "Stopped", "Error"):
        assert f" {state}" in text
