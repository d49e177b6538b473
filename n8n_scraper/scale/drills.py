"""Drills: what becomes of a shared crawl when workers die, freeze or are poisoned, the database or the site goes away.

Four workers share a library in shards; every drill begins with an empty store. Its rows are compared with those of a
crawl that nobody disturbed (see audit.py), its requests are those of the replica's access log.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import audit
from n8n_scraper.scale.figures import busiest
from n8n_scraper.scale.killed_job import KilledJob
from n8n_scraper.scale.team import Team, team
from n8n_scraper.scale.trial import Trial
from n8n_scraper.work.outcome import MOST_CRASHES

WORKERS = 4
LATE = 0.3
"""Of a second's requests, those that were sent late and crowd the next second, on a busy machine."""
SETTINGS = {"N8N_SCRAPER_TIME_FACTOR": 10, "N8N_SCRAPER_STORE_PATIENCE": 60, "N8N_SCRAPER_BREAKER_COOLDOWN": 20}


_WAITING_SHARD = """
select t.id from work_tasks t join procrastinate.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id
where t.kind = 'crawl' and q.status = 'todo' order by t.id desc limit 1
"""


@dataclass
class Drill:
    """What one drill saw."""

    name: str
    lost: dict[int, str] = field(default_factory=dict)
    twice: list[int] = field(default_factory=list)
    fetched_again: int = 0
    recovery: float | None = None
    """Seconds from the blow until what it hit went on."""
    busiest_second: float = 0.0
    busiest_ten_seconds: float = 0.0
    seconds: float = 0.0
    load: float = 0.0
    remark: str = ""
    is_as_expected: bool = True
    """What is special to the drill."""

    def is_passed(self, rate: float) -> bool:
        is_polite = not rate or (
            self.busiest_second <= rate * (1 + LATE) + 1 and self.busiest_ten_seconds <= 10 * rate + 1
        )
        return not self.lost and not self.twice and is_polite and self.is_as_expected

    def line(self, rate: float) -> str:
        recovery = "" if self.recovery is None else f"{self.recovery:.1f} s"
        return (
            f"| {self.name} | {len(self.lost)} | {len(self.twice)} | {self.fetched_again} | {recovery}"
            f" | {self.busiest_second:.0f} / {self.busiest_ten_seconds:.0f} | {self.seconds:.0f} s | {self.load:.1f}"
            f" | {'passed' if self.is_passed(rate) else 'NOT passed'} | {self.remark} |"
        )


Blow = Callable[[Team, Drill], None]
"""Does the harm to a team at work, waits until it went on, and notes what is special."""


def run(replica: RunningReplica, folder: Path, *, rate: float, say: Callable[[str], None]) -> bool:
    """All drills, a line each; whether all passed."""
    expected = undisturbed(replica, folder / "undisturbed")
    say("| drill | lost | stored twice | fetched again | recovery | most in 1 / 10 s | took | load | verdict | |")
    say("|---|---|---|---|---|---|---|---|---|---|")
    passed = True
    for name in DRILLS:
        found = drill(name, replica, folder / name, expected, rate=rate)
        say(found.line(rate))
        passed = passed and found.is_passed(rate)
    say(f"{WORKERS} workers, {len(expected)} workflows, {rate:g} requests a second allowed")
    return passed


def undisturbed(replica: RunningReplica, folder: Path) -> dict[int, audit.Row]:
    """Rows of a plain crawl.

    Raises:
        StartError: it did not end well.
    """
    folder.mkdir(mode=0o711)
    trial = Trial(folder, replica)
    try:
        result = KilledJob(trial).finish()
        if result.exit_code:
            raise StartError(f"The undisturbed crawl ended with {result.exit_code}: see {trial.log}.")
        return result.rows
    finally:
        trial.close()


def drill(name: str, replica: RunningReplica, folder: Path, expected: dict[int, audit.Row], *, rate: float) -> Drill:
    """One drill, from an empty store to the end of all its workers."""
    found = Drill(name.replace("_", " "))
    before = len(replica.entries())
    with team(folder, replica, {**SETTINGS, "N8N_SCRAPER_REQUESTS_PER_SECOND": rate}) as members:
        members.do("enqueue", "--shard", str(max(5, len(expected) // 12)))
        for _ in range(WORKERS):
            members.start()
        members.wait_for(lambda: members.done_count() >= len(expected) // 4)
        DRILLS[name](members, found)
        found.seconds = members.wait_for_end()
        rows, found.twice = members.found()
    replica.set_faults()
    found.lost = audit.differences(expected, rows)
    entries = replica.entries()[before:]
    times = [entry["t"] for entry in entries]
    found.fetched_again = sum(count - 1 for count in audit.usable_answers(entries).values())
    found.busiest_second, found.busiest_ten_seconds = busiest(times, 1.0) or 0.0, busiest(times, 10.0) or 0.0
    found.seconds, found.load = times[-1] - times[0], os.getloadavg()[0]
    return found


def _kill(count: int) -> Blow:
    def blow(members: Team, found: Drill) -> None:
        hit = list(_crawling(members))[:count]
        tasks = [task for task, _ in hit]
        for _, worker in hit:
            worker.send_signal(signal.SIGKILL)
        found.recovery = members.wait_for(lambda: _are_with_others(members, tasks, [w.pid for _, w in hit]))

    return blow


def _restart_database(members: Team, found: Drill) -> None:
    members.restart_server()
    before = members.done_count()
    found.recovery = members.wait_for(lambda: members.done_count() > before)
    found.remark = "killed with -9 and started again; recovery: until the next row"


def _freeze(members: Team, found: Drill) -> None:
    """The worker and its crawl, as a machine that is suspended."""
    task, worker = next(_crawling(members))
    frozen = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    for process in frozen:
        process.suspend()
    found.recovery = members.wait_for(lambda: _are_with_others(members, [task], [worker.pid]))
    for process in frozen:
        with suppress(psutil.NoSuchProcess):
            process.resume()
    found.remark = "woken when its shard was with another"


def _poison(members: Team, found: Drill) -> None:
    """Whoever has one shard dies at once, and another is started, as a supervisor would."""
    [row] = members.rows(_WAITING_SHARD)
    task, dead = row["id"], set[int]()

    def is_aside() -> bool:
        for claim in members.running():
            if claim["task"] == task and claim["pid"] not in dead:
                _worker(members, claim["pid"]).kill()
                dead.add(claim["pid"])
                members.start()
        return bool(members.rows("select 1 from work_tasks where id = %s and set_aside_at is not null", task))

    found.recovery = members.wait_for(is_aside, 240)
    members.wait_for_end()
    [row] = members.rows("select reason, id_count from work_tasks where id = %s", task)
    left = members.rows("select count(*) from job_ids where not is_done")[0]["count"]
    found.is_as_expected = len(dead) == MOST_CRASHES and left == row["id_count"]
    members.do("retry")
    members.start()
    found.remark = f"set aside after {len(dead)} deaths, {left} ids left: {row['reason']}; put back, they were crawled"


def _refuse(members: Team, found: Drill) -> None:
    """The site refuses everybody."""
    members.trial.replica.set_faults({"route": "detail", "kind": "403"})
    before = len(members.trial.replica.entries())
    members.wait_for(lambda: "Circuit breaker open" in members.trial.log.read_text(encoding="utf-8"))
    at_opening = len(members.trial.replica.entries())
    asked = Counter[str]()
    with suppress(StartError):
        members.wait_for(lambda: False, 5)
    entries = members.trial.replica.entries()
    asked.update(str(entry["status"]) for entry in entries[at_opening:])
    members.trial.replica.set_faults()
    done = members.done_count()
    found.recovery = members.wait_for(lambda: members.done_count() > done)
    found.is_as_expected = sum(asked.values()) <= 2 * WORKERS + 5
    found.remark = (
        f"{at_opening - before} requests until a breaker opened, {sum(asked.values())} of all workers in the 5 s after"
    )


def _limit(members: Team, found: Drill) -> None:
    """One worker gets one 429."""
    replica = members.trial.replica
    [before] = members.rows("select factor from rate_gates where site = '127.0.0.1' and egress = ''")
    replica.set_faults({"route": "detail", "kind": "429", "at_most": 1})
    members.wait_for(lambda: replica.faults()["rules"][0]["fired"])
    found.recovery = members.wait_for(
        lambda: members.rows("select 1 from rate_gates where site = '127.0.0.1' and factor <= 0.7")
    )
    told = members.rows("select factor from rate_gates where site = '127.0.0.1'")[0]["factor"]
    found.remark = f"rate of all from {before['factor']:.0%} to {told:.0%} of the promise"


def _crawling(members: Team) -> Iterator[tuple[int, Popen[bytes]]]:
    """Tasks that crawl, each with its worker."""
    for row in members.running():
        if row["kind"] == "crawl":
            yield row["task"], _worker(members, row["pid"])


def _worker(members: Team, pid: int) -> Popen[bytes]:
    return next(worker for worker in members.workers if worker.pid == pid)


def _are_with_others(members: Team, tasks: list[int], pids: list[int]) -> bool:
    """Each is run by another worker, or done."""
    rows: list[dict[str, Any]] = members.rows("select worker, finished_at from work_tasks where id = any(%s)", tasks)
    return all(row["finished_at"] or int(row["worker"].rpartition(":")[2]) not in pids for row in rows)


DRILLS: dict[str, Blow] = {
    "one_killed": _kill(1),
    "two_killed": _kill(2),
    "database_restarted": _restart_database,
    "worker_frozen": _freeze,
    "poison_shard": _poison,
    "one_429": _limit,
    "site_refuses": _refuse,
}
