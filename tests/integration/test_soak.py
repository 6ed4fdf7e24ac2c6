"""A short soak: random requests, exits, kills and faults on real programs leave nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"
SECONDS = 20
DEADLINE_S = 180


def test_eight_programs_under_random_treatment_leave_nothing(busybox_image: str) -> None:
    """Never two containers of one program; in the end no container, image, folder, lease, task or open file."""
    command = [sys.executable, SOAK, "--minutes", str(SECONDS / 60), "--seed", "7", "--image", busybox_image]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    did = json.loads(done.stdout)["did"]
    print(did)
    for happening in ("start", "stop", "restart", "kill", "exit", "fault", "host restarted"):
        assert did[happening] > 0, did
