"""The queue under load: so many users claim, acknowledge and enqueue at once; Locust measures and judges."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from n8n_scraper.exceptions import StartError
from n8n_scraper.store.database import connect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.migrations import migrate
from n8n_scraper.work.tasks import enter_engine_schema

OPERATIONS = 1000
MOST_P95, MOST_WHOLE_P95, MOST_ERRORS = 100.0, 200.0, 0.005
CONNECTIONS = 40
"""Of 50 that the embedded server takes: more users than that share them."""


class Load(NamedTuple):
    users: int
    pace: float
    """Seconds from one round of a user to its next; 0: no pause at all."""
    operations: int = OPERATIONS
    is_judged: bool = True


LOADS = (
    Load(50, 1.0),
    Load(100, 1.0, is_judged=False),
    Load(50, 0.0, is_judged=False),
    Load(100, 0.0, is_judged=False),
)
"""A worker asks once a second. The bounds are for 50; the others tell where the queue's limit is."""


class Figures(NamedTuple):
    """Of one load; times in milliseconds, None where nothing was measured."""

    operations: int
    errors: int
    p95: float | None
    whole_p95: float | None
    per_second: float


def is_passed(figures: Figures, operations: int) -> bool:
    if figures.p95 is None or figures.whole_p95 is None or figures.operations < operations:
        return False
    is_sound = figures.errors < MOST_ERRORS * figures.operations
    return is_sound and figures.p95 < MOST_P95 and figures.whole_p95 < MOST_WHOLE_P95


def run(folder: Path, *, say: Callable[[str], None]) -> bool:
    """All loads on one store, a line each; whether those that are judged held the bounds.

    Raises:
        StartError: Locust or the queue's engine is not installed.
    """
    if any(importlib.util.find_spec(name) is None for name in ("locust", "procrastinate")):
        raise StartError("scrapy scale queue needs two extras: pip install -r requirements.txt -e '.[work,scale]'.")
    say(
        f"| users | pause | operations | a second | p95 (< {MOST_P95:g} ms) | claim and acknowledge p95"
        f" (< {MOST_WHOLE_P95:g} ms) | errors | load average | verdict |"
    )
    say("|---|---|---|---|---|---|---|---|---|")
    with EmbeddedPostgres(folder / "data" / "postgres") as server:
        verdicts = [_measure(server.dsn(), folder, load, say) for load in LOADS]
    server.remove()
    return all(verdicts)


def _measure(dsn: str, folder: Path, load: Load, say: Callable[[str], None]) -> bool:
    _fill(dsn, entries=load.operations)
    file = folder / "figures.json"
    file.unlink(missing_ok=True)
    locustfile = Path(__file__).with_name("queue_locustfile.py")
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--only-summary"]
    ramp = max(1, load.users // 4)  # workers do not begin, and ask, in step
    command += ["-u", str(load.users), "-r", str(ramp), "--run-time", "120s"]
    done = subprocess.run(  # noqa: S603 - our own command
        command, env=_environment(dsn, file, load), capture_output=True, text=True, check=False, timeout=180
    )
    if not file.exists():
        raise StartError(f"Locust ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}.")
    figures = Figures(**json.loads(file.read_text(encoding="utf-8")))
    say(_line(load, figures, done.returncode))
    return done.returncode == 0 or not load.is_judged


def _environment(dsn: str, file: Path, load: Load) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "QUEUE_DSN": dsn,
        "QUEUE_FIGURES": str(file),
        "QUEUE_OPERATIONS": str(load.operations),
        "QUEUE_PACE": str(load.pace),
        "QUEUE_CONNECTIONS": str(min(load.users, CONNECTIONS)),
    }


def _fill(dsn: str, entries: int) -> None:
    from n8n_scraper.work.engine_schema import install_engine  # noqa: PLC0415 - it needs the extra

    with closing(connect(dsn)) as connection:
        migrate(connection)
        install_engine(connection)
        with connection, connection.cursor() as cursor:
            enter_engine_schema(cursor)
            cursor.execute(
                "insert into procrastinate_jobs (queue_name, task_name)"
                " select 'load', 'run' from generate_series(1, %s)",
                (entries,),
            )


def _line(load: Load, figures: Figures, code: int) -> str:
    p95, whole = ("no data" if one is None else f"{one:.0f} ms" for one in (figures.p95, figures.whole_p95))
    errors = f"{100 * figures.errors / max(1, figures.operations):.2f} %"
    verdict = ("passed" if code == 0 else "NOT passed") if load.is_judged else "limit, not judged"
    pause = f"{load.pace:g} s" if load.pace else "none"
    return (
        f"| {load.users} | {pause} | {figures.operations} | {figures.per_second:.0f} | {p95} | {whole} | {errors}"
        f" | {os.getloadavg()[0]:.1f} | {verdict} |"
    )
