"""Users of a scrapyd, for Locust: they schedule crawls, and ask how these get on.

In a process of its own, see :mod:`n8n_scraper.scale.load.locust_run`: Locust changes Python's own modules. The plan and
the place for what was seen come by the environment. Whether the thresholds held is the exit code.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

from locust import FastHttpUser, LoadTestShape, constant_pacing, events, task

from n8n_scraper.scale.load.answers import Answer, Scheduled, Seen, judged
from n8n_scraper.scale.load.findings import is_passed
from n8n_scraper.scale.load.plan import Plan

PLAN = Plan.read(Path(os.environ["LOAD_PLAN"]))
SEEN = Seen()
_waiting = deque(enumerate(PLAN.crawls))
_told: deque[str] = deque(maxlen=max(1, PLAN.users))
"""Jobs that were scheduled last, which users ask for."""
_began = time.monotonic()


class Ramps(LoadTestShape):
    def tick(self) -> tuple[int, float] | None:
        users = PLAN.ramp.users(self.get_run_time(), PLAN.users)
        return None if users is None else (users, PLAN.users)


class SchedulingUser(FastHttpUser):
    wait_time = constant_pacing(PLAN.asks_every)

    def on_start(self) -> None:
        self.client.auth_header = PLAN.authorization

    @task
    def use(self) -> None:
        if _waiting and time.monotonic() - _began >= PLAN.due_at(_waiting[0][0]):
            self.schedule(_waiting.popleft()[1])
        elif _told:
            self.ask("status.json", job=_told[hash(self) % len(_told)])
        else:
            self.ask("daemonstatus.json")

    def schedule(self, form: dict[str, str]) -> None:
        sent_at = time.time()
        if found := self.ask("schedule.json", data=form):
            SEEN.scheduled.append(Scheduled(found["jobid"], sent_at))
            _told.append(found["jobid"])

    def ask(self, service: str, data: dict[str, str] | None = None, **query: str) -> dict[str, Any] | None:
        """The answer; None for one that is none."""
        given = {"data": data} if data else {"params": query}
        headers = {"Authorization": PLAN.authorization}
        with self.client.request(
            "POST" if data else "GET", f"/{service}", name=service, headers=headers, catch_response=True, **given
        ) as answer:
            found = _read(answer.text)
            if found.get("status") != "ok":
                answer.failure(str(found.get("message") or f"status {answer.status_code}"))
                return None
            return found


def _read(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@events.request.add_listener
def note(name: str, response_time: float, exception: BaseException | None, **_: object) -> None:
    users = PLAN.ramp.users(time.monotonic() - _began, PLAN.users) or 0
    SEEN.answers.append(Answer(name, response_time, exception is None, users))
    if exception is not None:
        SEEN.refused.append(str(exception)[:200])


@events.quitting.add_listener
def judge(environment: Any, **_: object) -> None:
    SEEN.write(Path(os.environ["LOAD_SEEN"]))
    environment.process_exit_code = 0 if is_passed(judged(PLAN, SEEN)) else 1
