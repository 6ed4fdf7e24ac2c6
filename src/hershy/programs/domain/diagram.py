"""Draws the state diagram from the reducer's table.

``python -m hershy.programs.domain.diagram > docs/state-machine.md``
"""

import sys
from collections.abc import Iterator

from .events import DeleteRequested, DeletionCompleted, DeletionFailed, HostRestarted, LeftoverFound
from .reducer import TABLE
from .state import ProgramState

_HEAD = """\
# The state machine

Generated from the table in `src/hershy/programs/domain/reducer.py` by `python -m hershy.programs.domain.diagram`; a
test fails when it is stale. Not drawn, since they start from every state: *delete requested* (to gone, by way of
`Stopping` where something runs), *deletion failed* (to `Error`) and *host restarted* (what runs is adopted, what was
half done is done again; see `docs/recovery.md`). Any other event raises and changes nothing.
"""
NOT_DRAWN = (DeleteRequested, DeletionCompleted, DeletionFailed, HostRestarted, LeftoverFound)


def document() -> str:
    """The whole of ``docs/state-machine.md``: a Mermaid diagram and the same as a table."""
    rows = list(_rows())
    diagram = [f"    {source} --> {target}: {label}" for source, label, target in rows]
    table = [f"| {source} | {label} | {target} |" for source, label, target in rows]
    return "\n".join(
        [
            _HEAD,
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {ProgramState.CREATED}",
            *diagram,
            "```",
            "",
            "| from | event | to |",
            "|---|---|---|",
            *table,
            "",
        ]
    )


def _rows() -> Iterator[tuple[str, str, str]]:
    for (state, event), row in TABLE.items():
        if event not in NOT_DRAWN:
            for target in row.targets:
                yield str(state), event.label, str(target)


if __name__ == "__main__":
    sys.stdout.write(document())
