"""100 users who schedule crawls on a scrapyd: does it answer, how soon do crawls start, and where is its limit?"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.load.answers import Seen, judged, told
from n8n_scraper.scale.load.findings import Finding, is_passed, percentile, table, write
from n8n_scraper.scale.load.locust_run import let_users_loose, require_tools
from n8n_scraper.scale.load.plan import ASKS_EVERY, Plan, Ramp
from n8n_scraper.scale.load.scrapyd_server import PROJECT, SPIDER, ScrapydServer, running_scrapyd
from n8n_scraper.scale.trial import Trial

CORES = os.cpu_count() or 1
CONFIGURATION = {"max_proc": 4 * CORES, "poll_interval": 0.5}
"""A crawl mostly waits for its turns, so that a place for each core would keep others from starting for as long."""
USUAL_MINUTES = 10.0
IDS_A_CRAWL = 3
MOST_AT_ONCE = 12
"""Scheduled in one go, to see how many a minute get done at most; fewer than that for fewer users."""
MOST_ERRORS, MOST_START_SECONDS, MOST_MS = 1.0, 5.0, 500.0
SECONDS_A_CRAWL = 30.0
"""It is waited for at most, at the end."""
_ENDED_WELL = (
    "select count(*) filter (where exit_code = 0) as well, count(*) as runs from runs where ended_at is not null"
)
Say = Callable[..., None]


def run(replica: RunningReplica, folder: Path, *, users: int, minutes: float, out: Path, say: Say) -> bool:
    """Ramps of ``minutes`` in all, then more crawls at once than can start; writes ``load.json`` into ``out``.

    Raises:
        StartError: a tool is missing, or scrapyd did not start.
    """
    ids = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
    with deployed(replica, folder, {"N8N_SCRAPER_REQUESTS_PER_SECOND": 0}) as (server, trial):
        plan = _plan(server, users, minutes, ids)
        seen, locust_passed = let_users_loose(plan, server.address, folder / "ramps")
        is_idle = server.wait_until_idle(SECONDS_A_CRAWL * len(plan.crawls))
        findings = [*judged(plan, seen), *_of_crawls(server, trial, seen, is_idle=is_idle), *told(seen)]
        findings += _limit(server, plan, folder / "at-once")
    say("", *table(findings), "", f"{configuration()}; load average {os.getloadavg()[0]:.1f}")
    write(out / "load.json", findings, {"users": users, "minutes": minutes, "scrapyd": CONFIGURATION})
    say(str(out / "load.json"))
    return locust_passed and is_passed(findings)


def configuration() -> str:
    return "scrapyd.conf: " + ", ".join(f"{name} = {value}" for name, value in CONFIGURATION.items())


@contextmanager
def deployed(
    replica: RunningReplica, folder: Path, settings: Mapping[str, Any]
) -> Iterator[tuple[ScrapydServer, Trial]]:
    """A scrapyd with the project, and the one store of its jobs, which all goes at the end."""
    require_tools()
    trial = Trial(folder, replica, settings)
    ours = {name: value for name, value in trial.all_settings.items() if name != "JOBDIR"}
    try:
        with trial.store(), running_scrapyd(folder / "scrapyd", ours, **CONFIGURATION) as server:
            server.ask("listspiders.json", project=PROJECT)  # reads the egg, which the first user would wait for
            yield server, trial
    finally:
        trial.close()


def form(ids: Sequence[int], **arguments: str) -> dict[str, str]:
    return {"project": PROJECT, "spider": SPIDER, "ids": ",".join(map(str, ids)), **arguments}


def _plan(server: ScrapydServer, users: int, minutes: float, ids: Sequence[int]) -> Plan:
    """Of the usual ten minutes each user schedules one crawl; in a shorter time so many fewer."""
    ramp = Ramp.of(minutes)
    count = max(2, math.ceil(users * minutes / USUAL_MINUTES))
    return Plan(
        users=users,
        ramp=ramp,
        crawls=[form([ids[(number * IDS_A_CRAWL + n) % len(ids)] for n in range(IDS_A_CRAWL)], page="no", refresh="all")
                for number in range(count)],
        spread=ramp.up + ramp.hold,
        authorization=server.authorization,
        most_errors=MOST_ERRORS,
        most_ms=MOST_MS,
        answers=("schedule.json", "status.json", "daemonstatus.json"),
        asks_every=min(ASKS_EVERY, 6 * minutes),
    )  # fmt: skip


def _of_crawls(server: ScrapydServer, trial: Trial, seen: Seen, *, is_idle: bool) -> Iterator[Finding]:
    jobs = server.jobs()
    waits = [jobs[one.job].started_at - one.sent_at for one in seen.scheduled if one.job in jobs]
    count = len(seen.scheduled)
    yield Finding(
        name="crawls started",
        figure=100 * len(waits) / count if count else None,
        unit="%",
        threshold=100,
        is_least=True,
        note=f"{len(waits)} of {count} scheduled" + ("" if is_idle else ", and some still run"),
    )
    yield Finding(
        name="start of a crawl",
        figure=percentile(waits, 0.95),
        unit="s p95",
        threshold=MOST_START_SECONDS,
        note=f"from schedule.json to its process, longest {max(waits, default=0):.1f} s",
    )
    cost = server.cpu_seconds_of_jobs() / count if count else None
    yield Finding(
        name="cost of a crawl", figure=cost, unit="CPU s", note=f"{os.cpu_count()} cores have 60 a minute each"
    )
    [ended] = trial.rows(_ENDED_WELL)
    yield Finding(
        name="crawls ended well",
        figure=100 * ended["well"] / count if count else None,
        unit="%",
        threshold=100 - MOST_ERRORS,
        is_least=True,
        note=f"{ended['well']} with exit code 0, of {ended['runs']} in the ledger",
    )


def _limit(server: ScrapydServer, plan: Plan, folder: Path) -> list[Finding]:
    """How many crawls a minute get done when there are always some to do: more than that only wait longer."""
    count = min(MOST_AT_ONCE, plan.users + 2)
    at_once = replace(
        plan,
        users=count,
        ramp=Ramp(0.1, 2.0, 0.1),
        crawls=[plan.crawls[n % len(plan.crawls)] for n in range(count)],
        spread=0.0,
        asks_every=0.1,
    )
    seen, _ = let_users_loose(at_once, server.address, folder)
    server.wait_until_idle(SECONDS_A_CRAWL * count)
    jobs = server.jobs()
    done = [jobs[one.job] for one in seen.scheduled if one.job in jobs]
    ends = [job.ended_at for job in done if job.ended_at is not None]
    per_minute = 60 * len(ends) / (max(ends) - min(job.started_at for job in done)) if ends else None
    note = f"{len(ends)} scheduled at once, each of {IDS_A_CRAWL} workflows and without a limit of the rate"
    return [Finding(name="limit: crawls a minute", figure=per_minute, unit="1/min", note=note)]
