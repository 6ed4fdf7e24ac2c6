"""The state diagram in the documentation is the reducer's table."""

import re
from pathlib import Path

from hershy.programs.domain.diagram import NOT_DRAWN, document
from hershy.programs.domain.reducer import TABLE

TABLE_LINE = r"^\| ([A-Z]\w+) \| (.+) \| (\w+) \|$"
DOCUMENT = Path(__file__).parents[4] / "docs" / "state-machine.md"


def test_the_diagram_in_docs_is_not_stale() -> None:
    """``python -m hershy.programs.domain.diagram > docs/state-machine.md`` would change nothing."""
    assert DOCUMENT.read_text(encoding="utf-8") == document()


def test_the_diagram_draws_the_edges_of_the_table_and_no_other() -> None:
    """Each line is a row's target, each row's target a line; what every state has is left out, and said so."""
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (.+)$", document(), re.MULTILINE))
    rows = {
        (str(state), str(target), event.label)
        for (state, event), row in TABLE.items()
        if event not in NOT_DRAWN
        for target in row.targets
    }
    assert drawn == rows
    listed = {(source, target, label) for source, label, target in re.findall(TABLE_LINE, document(), re.MULTILINE)}
    assert listed == rows


def test_the_diagram_draws_every_state() -> None:
    """All nine states occur."""
    text = document()
    for state in ("Created", "Building", "Built", "Starting", "Running", "Ready", "Stopping", "Stopped", "Error"):
        assert f" {state}" in text
