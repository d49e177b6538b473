from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ..waiting import PATIENCE

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "n8n_scraper" / "ops" / "alerts.yml"
TESTS = [HERE / "alerts_test.yml", HERE / "alerts_of_weeks_test.yml"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus")
def test_alerts_fire_where_they_must_and_nowhere_else() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", *TESTS], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested() -> None:
    names = re.findall(r"alert: (\w+)", RULES.read_text(encoding="utf-8"))
    assert len(names) == 9
    fires = "".join(test.read_text(encoding="utf-8") for test in TESTS)
    assert [name for name in names if not re.search(rf"alertname: {name}\n +exp_alerts:\n +- ", fires)] == []
