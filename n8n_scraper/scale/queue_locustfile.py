"""Workers of the queue, for Locust: each claims an entry, acknowledges it and enqueues another, once a second.

In a process of its own, see queue_load.py: Locust changes Python's own modules. Whether the bounds held is its exit
code; what nobody measured did not succeed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust import User, constant_pacing, events, task
from psycopg import Connection, Error
from psycopg_pool import ConnectionPool, PoolTimeout

from n8n_scraper.scale.queue_load import Figures, is_passed

OPERATIONS = int(os.environ["QUEUE_OPERATIONS"])
POOL: ConnectionPool[Connection[Any]] = ConnectionPool(
    os.environ["QUEUE_DSN"],
    min_size=int(os.environ["QUEUE_CONNECTIONS"]),
    max_size=int(os.environ["QUEUE_CONNECTIONS"]),
    kwargs={"autocommit": True, "options": "-c search_path=procrastinate,public"},
    open=True,
)
_CLAIM = "select id from procrastinate_fetch_job_v2(array['load']::varchar[], %s)"
_ACKNOWLEDGE = "select procrastinate_finish_job_v1(%s, 'succeeded', false)"
_ENQUEUE = (
    "select procrastinate_defer_jobs_v1(array[row('load', 'run', 0, null, null, '{}', null)"
    "::procrastinate_job_to_defer_v1])"
)


class Worker(User):
    wait_time = constant_pacing(float(os.environ["QUEUE_PACE"]))

    def on_start(self) -> None:
        self._number = self._ask("register", "select worker_id from procrastinate_register_worker_v1()")

    @task
    def work(self) -> None:
        began = time.perf_counter()
        entry = self._ask("claim", _CLAIM, self._number)
        if entry is not None:
            self._ask("acknowledge", _ACKNOWLEDGE, entry)
            _note("claim and acknowledge", began, kind="whole")
        self._ask("enqueue", _ENQUEUE)
        if self.environment.stats.total.num_requests >= OPERATIONS:
            self.environment.runner.quit()

    def _ask(self, name: str, statement: str, *values: object) -> Any:
        began, error = time.perf_counter(), None
        try:
            with POOL.connection() as connection:
                row = connection.execute(statement.encode(), values).fetchone()
                return row[0] if row else None
        except (Error, PoolTimeout) as failed:
            error = failed
            return None
        finally:
            if name != "register":
                _note(name, began, error)


def _note(name: str, began: float, error: Exception | None = None, kind: str = "queue") -> None:
    milliseconds = (time.perf_counter() - began) * 1000
    told: Callable[..., None] = events.request.fire if kind == "queue" else WHOLE.append_time
    told(request_type=kind, name=name, response_time=milliseconds, response_length=0, exception=error)


class _Whole:
    """Times of the two together, apart from the operations that they are made of."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def append_time(self, *, response_time: float, **_: object) -> None:
        self.times.append(response_time)


WHOLE = _Whole()


@events.quitting.add_listener
def judge(environment: Any, **_: object) -> None:
    total = environment.stats.total
    whole = sorted(WHOLE.times)
    figures = Figures(
        operations=total.num_requests,
        errors=total.num_failures,
        p95=total.get_response_time_percentile(0.95),
        whole_p95=whole[int(len(whole) * 0.95)] if whole else None,
        per_second=total.total_rps,
    )
    Path(os.environ["QUEUE_FIGURES"]).write_text(json.dumps(figures._asdict()), encoding="utf-8")
    environment.process_exit_code = 0 if is_passed(figures, OPERATIONS) else 1
