"""Runs Locust with our users, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.load.answers import Seen
from n8n_scraper.scale.load.plan import Plan

NEEDED = ("locust", "scrapyd", "scrapyd_client")
_USERS = Path(__file__).with_name("locustfile.py")
_ROOT = Path(__file__).parents[3]
GRACE_SECONDS = 60.0


def require_tools() -> None:
    """Raises:
    StartError: the extra ``scale`` is not installed.
    """
    if absent := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise StartError(f"This needs {', '.join(absent)}: pip install -e '.[scale]'.")


def let_users_loose(plan: Plan, address: str, folder: Path) -> tuple[Seen, bool]:
    """What they saw, and whether Locust says by its exit code that all thresholds held.

    Raises:
        StartError: Locust ended without saying anything.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan.write(folder / "plan.json")
    environment = {
        **os.environ,
        "LOAD_PLAN": str(folder / "plan.json"),
        "LOAD_SEEN": str(folder / "seen.json"),
        "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    command = [sys.executable, "-m", "locust", "-f", str(_USERS), "--headless", "--host", address]
    command += ["--exit-code-on-error", "0", "--loglevel", "WARNING", "--only-summary"]
    longest = plan.ramp.up + plan.ramp.hold + plan.ramp.down + GRACE_SECONDS
    with (folder / "locust.log").open("ab") as log:
        users = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            code = users.wait(longest)
        except subprocess.TimeoutExpired:
            code = -1
        finally:
            users.kill()
            users.wait()
    if not (folder / "seen.json").exists():
        tail = " / ".join((folder / "locust.log").read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
        raise StartError(f"Locust ended with exit code {code} and told nothing: {tail}")
    return Seen.read(folder / "seen.json"), code == 0
