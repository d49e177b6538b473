"""100 transcripts, wanted at once of a stand-in of YouTube that allows 50 requests a minute; each takes three.

Users schedule crawls of nothing but transcripts on a scrapyd; the crawler's own stage fetches them. The clock may be
compressed: then the stand-in's minute is shorter, which is said and never compared with a true one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.scale.load.answers import judged, told
from n8n_scraper.scale.load.crawls import USUAL_MINUTES, Say, configuration, deployed, form
from n8n_scraper.scale.load.findings import Finding, is_passed, table, write
from n8n_scraper.scale.load.locust_run import let_users_loose
from n8n_scraper.scale.load.plan import ASKS_EVERY, Plan, Ramp
from n8n_scraper.scale.load.scrapyd_server import ScrapydServer
from n8n_scraper.scale.transcript_table import videos_of
from n8n_scraper.scale.trial import Trial

MOST_ERRORS, MOST_MS = 2.0, 2000.0
SECONDS_ON_THE_WAY = 0.5
"""A request may already be under way when another one is told to wait."""
WORKFLOWS_A_CRAWL = 5
"""Starting a crawl costs more than a transcript: with one for each, the machine would be the limit."""
_SECONDS_A_TRANSCRIPT = 30.0
_SERVED = "select status, count(*) from transcripts group by 1 order by 1"


def run(replica: RunningReplica, folder: Path, *, count: int, seed: int, minutes: float, out: Path, say: Say) -> bool:
    """Of ``count`` workflows; ``replica`` serves the library that ``transcript_table.videos_of`` counts. Writes
    ``captions.json`` into ``out``.

    Raises:
        StartError: a tool is missing, the library has too few videos, or scrapyd did not start.
    """
    shown = videos_of(count, seed)
    if len(shown) < count:
        raise StartError(f"The library has {len(shown)} workflows with videos only, not {count}.")
    minute = 60 * minutes / USUAL_MINUTES
    allowed = max(2, count // 2)
    settings = {"N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": 4 * allowed / minute}
    with deployed(replica, folder, settings) as (server, trial):
        _store_workflows(trial, list(shown))
        replica.set_faults({"host": "youtube", "kind": "429", "allowance": [allowed, minute]})
        plan = _plan(server, list(shown), minutes)
        seen, locust_passed = let_users_loose(plan, server.address, folder / "ramps")
        server.wait_until_idle(_SECONDS_A_TRANSCRIPT * count)
        findings = [*judged(plan, seen), *_served(trial, shown), *_kept(replica.entries()), *told(seen)]
    say("", *table(findings), "")
    say(f"{allowed} requests in {minute:g} s; {configuration()}; load average {os.getloadavg()[0]:.1f}")
    details = {"count": count, "allowed": allowed, "minute_seconds": minute, "settings": settings}
    write(out / "captions.json", findings, details)
    say(str(out / "captions.json"))
    return locust_passed and is_passed(findings)


def _store_workflows(trial: Trial, ids: Sequence[int]) -> None:
    """The rows whose transcripts are wanted, by a crawl as a user starts it."""
    if code := trial.start(f"ids={','.join(map(str, ids))}", "page=no").wait():
        raise StartError(f"The crawl of the workflows ended with exit code {code}.")


def _plan(server: ScrapydServer, ids: Sequence[int], minutes: float) -> Plan:
    ramp = Ramp.of(minutes)
    chunks = [ids[first : first + WORKFLOWS_A_CRAWL] for first in range(0, len(ids), WORKFLOWS_A_CRAWL)]
    return Plan(
        users=len(chunks),
        ramp=ramp,
        crawls=[form(chunk, layers="transcripts") for chunk in chunks],
        spread=ramp.up,
        authorization=server.authorization,
        most_errors=MOST_ERRORS,
        most_ms=MOST_MS,
        answers=("schedule.json",),
        asks_every=min(ASKS_EVERY, 6 * minutes),
    )


def _served(trial: Trial, shown: Mapping[int, Sequence[str]]) -> Iterator[Finding]:
    counts = {row["status"]: row["count"] for row in trial.rows(_SERVED)}
    videos = len({id for ids in shown.values() for id in ids})
    note = f"{videos} videos of {len(shown)} workflows: {', '.join(f'{name} {n}' for name, n in counts.items())}"
    figure = 100 * counts.get("ok", 0) / videos
    yield Finding(name="served in the end", figure=figure, unit="%", threshold=100, is_least=True, note=note)


def _kept(entries: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """As the stand-in saw it: after a 429, nothing until Retry-After is over."""
    asked = [entry for entry in entries if entry["host"] == "youtube"]
    refused = [entry for entry in asked if entry["status"] == 429]
    early = too_early(asked)
    note = f"{len(asked)} requests, {len(refused)} refused with Retry-After, {asked[-1]['t'] - asked[0]['t']:.0f} s"
    yield Finding(name="refusals met", figure=len(refused), unit="answers", threshold=1, is_least=True, note=note)
    yield Finding(
        name="requests before Retry-After was over",
        figure=len(early),
        unit="requests",
        threshold=1,
        note=f"later than {SECONDS_ON_THE_WAY:g} s after the refusal",
    )


def too_early(asked: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Requests, in order of arrival, that came while an earlier answer had asked for a wait."""
    found, since, until = [], 0.0, 0.0
    for entry in asked:
        if since + SECONDS_ON_THE_WAY < entry["t"] < until:
            found.append(entry)
        if entry["status"] == 429 and entry["t"] >= until:
            since, until = entry["t"], entry["t"] + float(entry["retry_after"])
    return found
