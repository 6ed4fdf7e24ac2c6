"""The examples are programs, not packages of this distribution: a test finds them by their folder."""

import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "examples"

sys.path.insert(0, str(EXAMPLES / "trading_long"))
