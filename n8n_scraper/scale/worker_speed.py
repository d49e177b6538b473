"""What more workers bring: the same shards with one, two and four of them, at one allowed rate, and none starves.

Each worker asks from a loopback address of its own, so that the access log tells them apart; they share one egress.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.conditions import TRUE_RATE
from n8n_scraper.scale.figures import busiest, is_kept
from n8n_scraper.scale.team import Team, team

COUNTS = (1, 2, 4)
LEAST_SHARE = 0.97
"""Of the promise, on the mean while shards wait; for two workers and more, at the true rate: higher ones are decided by
the machine, and one worker alone asks for nothing while it starts its next crawl."""
ROUNDS = 3
"""In which each worker gets a turn: one is its due, one may be missed on a busy machine."""
LONGEST_SHARD_WAIT = 5.0
"""Seconds between a task and the next; a worker asks the queue once a second."""
_TASK_OF = """
select i.id, t.id as task from job_ids i join jobs j on j.id = i.job_id join work_tasks t on j.key = 'work/' || t.id
"""
_SHARD_WAIT = """
select coalesce(max(wait), 0)::float8 as seconds from (
    select extract(epoch from min(e.at) filter (where type = 'started')
        - lag(max(e.at) filter (where type = 'succeeded')) over (partition by worker order by min(e.at))) as wait
    from work_tasks t join procrastinate.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id
    join procrastinate.procrastinate_events e on e.job_id = q.id where e.type in ('started', 'succeeded')
    group by t.id, t.worker
) waits
"""


@dataclass
class Speed:
    """What so many workers did; times in seconds, rates a second."""

    workers: int
    rate: float
    workflows: int
    seconds: float
    busiest_second: float
    busiest_ten_seconds: float
    mean: float | None
    """Requests a second while shards waited."""
    turn_wait: float
    """The longest that a worker with a shard did not ask."""
    shard_wait: float
    """The longest that a worker had none while others waited."""
    shards: Sequence[int]
    is_whole: bool
    """Every workflow was stored, once."""

    def failures(self) -> list[str]:
        """What did not hold."""
        slow = self.workers > 1 and 0 < self.rate <= TRUE_RATE and (self.mean or 0) < LEAST_SHARE * self.rate
        held = {
            "workflows were lost or stored twice": self.is_whole,
            "the rate was exceeded": is_kept(self.rate, self.busiest_second, self.busiest_ten_seconds),
            f"the mean is below {LEAST_SHARE:.0%} of the promise": not slow,
            f"a worker waited for a turn for more than {self.longest_turn_wait:.1f} s": self.is_fair,
            f"a worker waited for a shard for more than {LONGEST_SHARD_WAIT:g} s": self.shard_wait
            <= LONGEST_SHARD_WAIT,
        }
        return [failure for failure, holds in held.items() if not holds]

    @property
    def longest_turn_wait(self) -> float:
        return ROUNDS * self.workers / (self.rate or TRUE_RATE) + 1

    @property
    def is_fair(self) -> bool:
        return self.turn_wait <= self.longest_turn_wait

    def line(self) -> str:
        mean = "" if self.mean is None else f"{self.mean:.2f}"
        return (
            f"| {self.workers} | {self.workflows} | {self.seconds:.1f} | {self.workflows / self.seconds:.2f} | {mean}"
            f" | {self.busiest_second:.0f} / {self.busiest_ten_seconds:.0f}"
            f" | {self.turn_wait:.1f} s (< {self.longest_turn_wait:.1f})"
            f" | {self.shard_wait:.1f} s (< {LONGEST_SHARD_WAIT:g}) | {', '.join(map(str, self.shards))}"
            f" | {os.getloadavg()[0]:.1f} | {'; '.join(self.failures()) or 'passed'} |"
        )


def run(replica: RunningReplica, folder: Path, *, rate: float, say: Callable[[str], None]) -> bool:
    """A line a team; whether each workflow was stored once by each, the rate kept, and nobody starved."""
    say(
        "| workers | workflows | seconds | workflows a second | requests a second while shards wait | most in 1 / 10 s"
        " | longest wait for a turn | for a shard | shards each | load | verdict |"
    )
    say("|---|---|---|---|---|---|---|---|---|---|---|")
    is_passed = True
    for count in COUNTS:
        speed = measure(replica, folder / str(count), count, rate)
        say(speed.line())
        is_passed = is_passed and not speed.failures()
    return is_passed


def measure(replica: RunningReplica, folder: Path, count: int, rate: float) -> Speed:
    before = len(replica.entries())
    listed = [row["id"] for row in replica.library() if row["listed"] and row["status"] == "published"]
    with team(folder, replica, {"N8N_SCRAPER_REQUESTS_PER_SECOND": rate}) as members:
        members.do("enqueue", "--shard", str(max(15, len(listed) // 12)))
        for number in range(1, count + 1):
            members.start(DOWNLOAD_BIND_ADDRESS=f"127.0.0.{number}")
        members.wait_for_end(3600)
        rows, twice = members.found()
        task_of = {row["id"]: row["task"] for row in members.rows(_TASK_OF)}
        [shard_wait] = members.rows(_SHARD_WAIT)
        shards = _shards_each(members)
    entries = replica.entries()[before:]
    times = [entry["t"] for entry in entries]
    details = [entry for entry in entries if entry["host"] == "api" and entry["id"] in task_of]
    return Speed(
        count,
        rate,
        len(rows),
        details[-1]["t"] - details[0]["t"],
        busiest(times, 1.0) or 0.0,
        busiest(times, 10.0) or 0.0,
        mean_while_shards_wait(times, details, task_of),
        longest_turn_wait(details, task_of),
        shard_wait["seconds"],
        shards,
        len(rows) == len(listed) and not twice,
    )


def _shards_each(members: Team) -> list[int]:
    rows = members.rows("select count(*) from work_tasks where kind = 'crawl' group by worker order by 1")
    return [row["count"] for row in rows]


def mean_while_shards_wait(
    times: Sequence[float], details: Sequence[Mapping[str, Any]], task_of: Mapping[int, int]
) -> float | None:
    """Requests a second from the first workflow's to the first of the last shard to be begun; None of one shard."""
    begun: dict[int, float] = {}
    for entry in details:
        begun.setdefault(task_of[entry["id"]], entry["t"])
    first, last = min(begun.values()), max(begun.values())
    return sum(first < time <= last for time in times) / (last - first) if last > first else None


def longest_turn_wait(details: Iterable[Mapping[str, Any]], task_of: Mapping[int, int]) -> float:
    """The longest time between two requests of a worker for workflows of one shard."""
    of_task: dict[tuple[object, int], list[float]] = {}
    for entry in details:
        of_task.setdefault((entry.get("client"), task_of[entry["id"]]), []).append(entry["t"])
    return max((later - time for times in of_task.values() for time, later in pairwise(times)), default=0.0)
