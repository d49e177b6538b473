"""A small scale run of everything, as a user starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_run_of_30_at_any_rate_is_killed_resumed_and_judged() -> None:
    command = [sys.executable, "-m", "scrapy", "scale", "run", "--size", "30", "--rate", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    zones = [line.split("|")[5].strip() for line in done.stdout.splitlines() if line.startswith("| ")][1:]
    assert "goes on" in done.stdout, "it was killed"
    assert len(zones) == 16, done.stdout + done.stderr
    red = [line for line in done.stdout.splitlines() if line.endswith("| red |") and "transactions" not in line]
    assert red == [], done.stdout  # how long a transaction takes is the machine's matter, in a test
    assert done.returncode == (1 if "| red |" in done.stdout else 0)
