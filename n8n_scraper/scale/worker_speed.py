"""What more workers bring: the same shards with one, two and four of them, at one allowed rate."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale import audit
from n8n_scraper.scale.figures import busiest
from n8n_scraper.scale.team import team

COUNTS = (1, 2, 4)


def run(replica: RunningReplica, folder: Path, *, rate: float, say: Callable[[str], None]) -> bool:
    """A line a team; whether each workflow was stored once by each, and the rate kept."""
    say(
        "| workers | workflows | seconds | workflows a second | requests a second | most in 10 s | shards each | load |"
    )
    say("|---|---|---|---|---|---|---|---|")
    measured = [_measure(replica, folder / str(count), count, rate, say) for count in COUNTS]
    return all(measured)


def _measure(replica: RunningReplica, folder: Path, count: int, rate: float, say: Callable[[str], None]) -> bool:
    before = len(replica.entries())
    with team(folder, replica, {"N8N_SCRAPER_REQUESTS_PER_SECOND": rate}) as members:
        listed = [row["id"] for row in replica.library() if row["listed"] and row["status"] == "published"]
        members.do("enqueue", "--shard", str(max(15, len(listed) // 12)))
        for _ in range(count):
            members.start()
        members.wait_for_end(3600)
        rows, twice = members.found()
        shares = members.rows("select count(*) from work_tasks where kind = 'crawl' group by worker order by 1")
    entries = replica.entries()[before:]
    details = [entry["t"] for entry in entries if entry["id"] in audit.usable_answers(entries)]
    seconds = details[-1] - details[0]
    times = [entry["t"] for entry in entries]
    most = busiest(times, 10.0) or 0.0
    shards = ", ".join(str(share["count"]) for share in shares)
    requests = len(entries) / (times[-1] - times[0])
    say(
        f"| {count} | {len(rows)} | {seconds:.1f} | {len(rows) / seconds:.1f} | {requests:.1f}"
        f" | {most:.0f} | {shards} | {os.getloadavg()[0]:.1f} |"
    )
    return len(rows) == len(listed) and not twice and (not rate or most <= 10 * rate + 1)
