"""The blows of the drills: each does its harm to a team at work, waits until it went on, and notes what is special."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from subprocess import Popen
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.figures import busiest
from n8n_scraper.scale.team import LEASE, Team
from n8n_scraper.work.outcome import MOST_CRASHES

if TYPE_CHECKING:
    from n8n_scraper.scale.drills import Drill

Strike = Callable[[Team, "Drill"], None]
WORKERS = 4
SECOND_ADDRESS = "127.0.0.2"
SECOND = {"N8N_SCRAPER_EGRESS": "second", "DOWNLOAD_BIND_ADDRESS": SECOND_ADDRESS}
OF_TWO_EGRESSES: tuple[Mapping[str, str], ...] = ({}, {}, SECOND, SECOND)
GOES_ON = 15
"""Requests of the one, in which the other that is refused sends nothing but probes."""
PROBES = 5
_OF_SECOND = {"route": "detail", "client": SECOND_ADDRESS}
_WAITING_SHARD = """
select t.id from work_tasks t join procrastinate.procrastinate_jobs q on (q.args ->> 'task')::bigint = t.id
where t.kind = 'crawl' and q.status = 'todo' order by t.id desc limit 1
"""


def _kill(count: int) -> Strike:
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
    waiting = members.rows(_WAITING_SHARD)
    if not waiting:
        raise StartError("No shard was left to be poisoned when the drill began: give the drills more workflows.")
    task, dead = waiting[0]["id"], set[int]()

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
    with suppress(StartError):
        members.wait_for(lambda: False, 5)
    asked = len(members.trial.replica.entries()) - at_opening
    members.trial.replica.set_faults()
    done = members.done_count()
    found.recovery = members.wait_for(lambda: members.done_count() > done)
    found.is_as_expected = asked <= 2 * WORKERS + 5
    found.remark = f"{at_opening - before} requests until a breaker opened, {asked} of all workers in the 5 s after"


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


def _two_egresses(members: Team, found: Drill) -> None:
    """One address gets a 429 and is refused; whoever asks from the other goes on, and the two make two promises."""
    replica = members.trial.replica
    members.wait_for(lambda: clients(replica.entries()) == {None, SECOND_ADDRESS})
    replica.set_faults({**_OF_SECOND, "kind": "429", "at_most": 1})
    members.wait_for(lambda: _factors(members).get("second", 1.0) <= 0.7)
    factors = _factors(members)
    replica.set_faults({**_OF_SECOND, "kind": "403"})
    members.wait_for(lambda: members.rows("select 1 from rate_gates where egress = 'second' and shut_until > now()"))
    opened = len(replica.entries())
    seconds = members.wait_for(lambda: _asked(replica.entries()[opened:])[None] >= GOES_ON)
    asked = _asked(replica.entries()[opened:])
    replica.set_faults()
    healed = len(replica.entries())
    found.recovery = members.wait_for(lambda: _is_answered(replica.entries()[healed:]))
    entries = replica.entries()
    began = next(number for number, entry in enumerate(entries) if entry.get("client") == SECOND_ADDRESS)
    together = busiest([entry["t"] for entry in entries[began:]], 10.0) or 0.0
    promise = float(members.trial.settings["N8N_SCRAPER_REQUESTS_PER_SECOND"])
    found.is_as_expected = factors[""] == 1.0 and asked[SECOND_ADDRESS] <= PROBES and together > 10 * promise + 1
    found.remark = (
        f"{promise:g} a second each, both {together:.0f} in 10 s; a 429 at the second: {factors['second']:.0%} of its"
        f" promise, the first {factors['']:.0%}; the second refused: {asked[SECOND_ADDRESS]} requests in the"
        f" {seconds:.1f} s after its breaker opened, the first {asked[None]}"
    )


def clients(entries: Iterable[Mapping[str, Any]]) -> set[str | None]:
    """Addresses that requests came from; None is the replica's own."""
    return {entry.get("client") for entry in entries}


def _factors(members: Team) -> dict[str, float]:
    """Share of the promise in force, by egress."""
    return {row["egress"]: row["factor"] for row in members.rows("select egress, factor from rate_gates")}


def _asked(entries: Iterable[Mapping[str, Any]]) -> Counter[str | None]:
    """Requests by the address they came from."""
    return Counter(entry.get("client") for entry in entries)


def _is_answered(entries: Iterable[Mapping[str, Any]]) -> bool:
    return any(entry.get("client") == SECOND_ADDRESS and entry["status"] == 200 for entry in entries)


class Blow(NamedTuple):
    """``seconds`` and what ``shards`` take are the longest recovery that passes."""

    strike: Strike
    seconds: float
    shards: int = 0

    def bound(self, shard_seconds: float) -> float:
        return self.seconds + self.shards * shard_seconds


FEW = 5.0
"""Seconds, for a machine that has other things to do."""
TAKEN_OVER = LEASE + 2.0 + 1.0 + FEW
"""Seconds: the lease, the others' next look, the wait after a crash (ten times shorter). Whoever is to take over may
have a shard to finish before.
"""
BLOWS: dict[str, Blow] = {
    "one_killed": Blow(_kill(1), TAKEN_OVER, shards=1),
    "two_killed": Blow(_kill(2), TAKEN_OVER, shards=2),
    "database_restarted": Blow(_restart_database, 20.0),
    "worker_frozen": Blow(_freeze, TAKEN_OVER, shards=1),
    # the last shard comes after three of each worker; then as many deaths, with waits that grow
    "poison_shard": Blow(_poison, MOST_CRASHES * TAKEN_OVER, shards=3 + MOST_CRASHES),
    "one_429": Blow(_limit, FEW),
    "site_refuses": Blow(_refuse, 15.0),  # cooldowns of 2, 4 and 8 s
    "two_egresses": Blow(_two_egresses, 15.0),
}
