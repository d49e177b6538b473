"""The scenarios of ``scrapy scale``: what the project promises, tried out on a replica and a store of its own.

Apart from the command, because Scrapy imports every command at each start, and this imports all of them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale import (
    drills,
    fault_table,
    hosts,
    queue_load,
    run_scenario,
    speed_runs,
    transcript_table,
    watching,
    worker_speed,
)
from n8n_scraper.scale.analysis import scenarios as analysis
from n8n_scraper.scale.kill_loop import KillLoop, table
from n8n_scraper.scale.load import scenarios as load
from n8n_scraper.scale.scaling import runs as scaling


class Scenario(NamedTuple):
    """``run`` prints what it sees and tells whether the promise held."""

    run: Callable[[argparse.Namespace, Path], bool]
    workflows: int | None
    """Of the library, where no number is given; None: it has no library of its own."""
    does: str
    latency: str = "0.05-0.2"
    takes_folders: bool = False
    """Of runs, as words behind the name; scaling: names of ladders."""


def _kills(opts: argparse.Namespace, folder: Path) -> bool:
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency) as replica:
        loop = KillLoop(replica, folder, faulty=opts.faulty, seed=opts.seed, say=_say)
        tally = loop.run(opts.rounds or 50)
    _say("", *table(tally), "")
    _say(
        f"{len(tally.kills)} kills in {tally.jobs} jobs of {opts.count} workflows, {opts.faulty:.0%} of them faulty: "
        f"lost {tally.lost_count}, stored twice {len(tally.twice)}, fetched again {tally.fetched_again}, "
        f"servers left running {tally.servers_left}; load average {os.getloadavg()[0]:.1f}",
    )
    return tally.is_clean


def _faults(opts: argparse.Namespace, folder: Path) -> bool:
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency) as replica:
        found = fault_table.run(replica, folder, faulty=opts.faulty, seed=opts.seed)
    _say(*found.lines(), "")
    _say(
        f"{found.outcomes.total()} rows in {found.seconds:.0f} s, {opts.faulty:.0%} of the workflows faulty: "
        f"lost {len(found.lost)}, {'all' if found.is_diagonal else 'NOT all'} on the diagonal; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    return found.is_diagonal


def _transcripts(opts: argparse.Namespace, folder: Path) -> bool:
    library = {"count": opts.count * transcript_table.LIBRARY_SHARE, "seed": opts.seed, "icons": 0, "images": "self"}
    with running_replica(**library, latency=opts.latency) as replica:
        found = transcript_table.run(replica, folder, count=opts.count, seed=opts.seed)
    _say(*found.lines(), "")
    _say(
        f"{found.outcomes.total()} videos of {found.workflows} workflows, {found.requests} requests to YouTube in "
        f"{found.seconds:.0f} s and {len(found.codes)} runs (exit codes {found.codes}); refused "
        f"{found.refusals} times, workflows left due each time {found.stops}, captions sent twice "
        f"{found.fetched_again}: {'all' if found.is_diagonal else 'NOT all'} on the diagonal; "
        f"load average {os.getloadavg()[0]:.1f}"
    )
    return found.is_passed


def _dataset(opts: argparse.Namespace, _folder: Path) -> bool:
    return run_scenario.dataset(opts, _say)


def _speed(opts: argparse.Namespace, folder: Path) -> bool:
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency, corpus=opts.corpus) as replica:
        return speed_runs.compare(replica, folder, rounds=opts.rounds or 1, say=_say)


def _memory(opts: argparse.Namespace, folder: Path) -> bool:
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency, corpus=opts.corpus) as replica:
        return speed_runs.watch_memory(replica, folder, say=_say)


def _run(opts: argparse.Namespace, folder: Path) -> bool:
    return run_scenario.run(opts, folder, _say)


def _watch(opts: argparse.Namespace, _folder: Path) -> bool:
    watching.watch(opts.folders, _say)
    return True


def _report(opts: argparse.Namespace, _folder: Path) -> bool:
    return analysis.report(opts, _say)


def _gate(opts: argparse.Namespace, _folder: Path) -> bool:
    return analysis.gate(opts, _say)


def _baseline(opts: argparse.Namespace, _folder: Path) -> bool:
    return analysis.baseline(opts, _say)


def _scaling(opts: argparse.Namespace, folder: Path) -> bool:
    ladders = scaling.chosen([str(word) for word in opts.folders], opts.minutes, opts.count)
    return scaling.run(ladders, folder, opts.out or scaling.new_name(opts.home), _say)


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def _drills(opts: argparse.Namespace, folder: Path) -> bool:
    drills.check_count(opts.count)
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency, icons=0) as replica:
        return drills.run(replica, folder, rate=opts.rate, say=_say)


def _workers(opts: argparse.Namespace, folder: Path) -> bool:
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency, icons=0) as replica:
        return worker_speed.run(replica, folder, rate=opts.rate, say=_say)


def _hosts(opts: argparse.Namespace, folder: Path) -> bool:
    return hosts.run(folder, count=opts.count, rate=opts.rate, say=_say)


def _queue(_opts: argparse.Namespace, folder: Path) -> bool:
    return queue_load.run(folder, say=_say)


SCENARIOS: dict[str, Scenario] = {
    "kills": Scenario(_kills, 300, "kill crawls at many moments and look what is lost"),
    "faults": Scenario(_faults, 1000, "crawl past every kind of fault and look what each is taken for"),
    "transcripts": Scenario(_transcripts, 200, "crawl videos past every trouble of a stand-in YouTube, likewise"),
    "speed": Scenario(_speed, 2000, "measure crawls beside a bare spider over the same answers", latency="0"),
    "memory": Scenario(_memory, 50_000, "measure how a crawl's memory grows", latency="0"),
    "run": Scenario(_run, None, "crawl a dataset, killed once in the middle, and judge what came of it"),
    "watch": Scenario(_watch, None, "show live, in another terminal, what a scale command samples", takes_folders=True),
    "scaling": Scenario(_scaling, None, "LADDER …: more and more load, and where it bends", takes_folders=True),
    "drills": Scenario(_drills, 200, "kill, freeze, cut off and poison workers of a team (--rate 20, say)"),
    "hosts": Scenario(_hosts, 60, "share a crawl among network namespaces, and pull a cable (Linux, as root)"),
    "queue": Scenario(_queue, None, "put the workers' queue under load"),
    "workers": Scenario(_workers, 200, "measure one, two and four workers at one rate"),
    "scrapyd": Scenario(partial(load.scrapyd, say=_say), 300, "users schedule crawls on a scrapyd, by Locust"),
    "captions": Scenario(
        partial(load.transcripts, say=_say), 100, "transcripts of a stand-in that allows few a minute, likewise"
    ),
    "queries": Scenario(partial(load.queries, say=_say), 100_000, "ask what analysts ask, with each index and without"),
    "dataset": Scenario(_dataset, None, "write ids, fault plan and expected outcomes of a scale run"),
    "report": Scenario(_report, None, "FOLDER: what a run was like, as HTML, Markdown and JSON", takes_folders=True),
    "gate": Scenario(_gate, None, "FOLDER: its decision as the exit code", takes_folders=True),
    "baseline": Scenario(_baseline, None, "FOLDER …: save what later runs are compared with", takes_folders=True),
}
