"""What a benchmark has measured beside what, noted for ``run.py``: one line of JSON each, where it asks for them."""

import json
import os
from pathlib import Path

VARIABLE = "BENCHMARK_RESULTS"
"""Names the file; without it nothing is noted."""


def note(name: str, ours: float, other: float, unit: str, beside: str, *, more_is_better: bool = False) -> None:
    """``other``: what the peer, or the limit, named ``beside`` has, measured in the same run where it is measured."""
    if file := os.environ.get(VARIABLE):
        row = {
            "name": name,
            "ours": ours,
            "other": other,
            "unit": unit,
            "beside": beside,
            "more_is_better": more_is_better,
        }
        with Path(file).open("a") as results:
            results.write(f"{json.dumps(row)}\n")
