"""``scrapy scale run`` and ``dataset``: from the options of the command to what is said at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from datetime import datetime, timezone
from pathlib import Path

from n8n_scraper.arguments import Arguments
from n8n_scraper.config import Config
from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale import scale_run
from n8n_scraper.scale.again import Again, choose, lines
from n8n_scraper.scale.conditions import Conditions
from n8n_scraper.scale.criteria import verdict_table
from n8n_scraper.scale.dataset import Dataset
from n8n_scraper.scale.dataset_files import Served, make_dataset, read_dataset, write_dataset
from n8n_scraper.scale.run_folder import RunFolder, new_folder, read_folder, read_outcomes_whole
from n8n_scraper.site.addresses import Site

Say = Callable[..., None]
DATASET = "dataset"
"""Folder in that of a run: what :func:`read_dataset` reads."""


def dataset(opts: argparse.Namespace, say: Say) -> bool:
    folder = opts.out or Path(DATASET)
    composed, served = make_dataset(opts.size, opts.seed, opts.corpus, _conditions(opts).stages)
    write_dataset(folder, composed, served)
    for name, counts in composed.composition().items():
        say(f"{name}: {', '.join(f'{what} {count}' for what, count in sorted(counts.items()))}")
    say(f"{folder}: ids.txt, faults.json, expected.jsonl, dataset.json")
    return True


def run(opts: argparse.Namespace, folder: Path, say: Say) -> bool:
    if opts.again:
        return _again(opts, folder, say)
    conditions = _conditions(opts)
    composed, served = make_dataset(opts.size, opts.seed, opts.corpus, conditions.stages)
    served["latency"] = conditions.latency(opts.latency)
    return _run(opts, conditions, composed, served, folder, say)


def _conditions(opts: argparse.Namespace) -> Conditions:
    Arguments.read({"layers": opts.layers}, Site(Config.site_url, Config.api_url))  # says what is wrong with them
    return Conditions(rate=opts.rate, clock=opts.clock, layers=opts.layers)


def _again(opts: argparse.Namespace, folder: Path, say: Say) -> bool:
    """Under the conditions of the former run; only --out is another one."""
    former = read_outcomes_whole(opts.again)
    chosen = choose(former.outcomes)
    if not chosen.ids:
        say(f"{opts.again}: nothing in it failed, was unexpected or slow: there is nothing to ask for again.")
        return True
    whole, served = read_dataset(opts.again / DATASET)
    told = former.run
    conditions = Conditions(
        rate=told.get("rate", 0.0), clock=told.get("clock", 1.0), layers=told.get("layers", "1,2,3"), is_again=True
    )
    return _run(opts, conditions, whole.only(chosen.ids), served, folder, say, former=(former, chosen))


def _control(former: RunFolder, chosen: Again) -> int | None:
    good = (one["id"] for one in former.outcomes if one["group"] == "good" and one["is_as_expected"])
    return next((id for id in good if id not in chosen.ids), None)


def _run(
    opts: argparse.Namespace,
    conditions: Conditions,
    composed: Dataset,
    served: Served,
    folder: Path,
    say: Say,
    *,
    former: tuple[RunFolder, Again] | None = None,
) -> bool:
    size = len(composed.members)
    name = _name(size, conditions, opts.seed, is_again=former is not None)
    kept = new_folder(opts.out or opts.home / name)
    write_dataset(kept / DATASET, composed, served)
    say(f"{size} workflows: {conditions.sentence()}")
    task = scale_run.Task(
        dataset=composed,
        conditions=conditions,
        kept=kept,
        name=name,
        again=str(opts.again) if former else None,
        control=_control(*former) if former else None,
    )
    with running_replica(**served) as replica:
        found = scale_run.run(task, replica, folder, say)
    say("", *verdict_table(found.verdicts), "", *(f"{id}: {what}" for id, what in sorted(found.wrong.items())))
    if former:
        say(*lines(former[1], read_folder(kept).outcomes))
    say(_sentence(found), f"kept in {kept}")
    return found.run["passed"]


def _sentence(found: scale_run.ScaleRun) -> str:
    one = found.run
    disturbed = "; others used the machine meanwhile" if one["is_disturbed"] else ""
    clock = f" by a clock compressed {one['clock']:g} times" if one["clock"] != 1 else ""
    return (
        f"{one['size']} workflows in {one['seconds']:.0f} s{clock}: {'passed' if one['passed'] else 'NOT passed'};"
        f" load average {one['load_before']:.1f} before, {one['load_after']:.1f} after, on {one['cpu_count']} CPUs"
        f"{disturbed}"
    )


def _name(size: int, conditions: Conditions, seed: int, *, is_again: bool) -> str:
    """Sortable by what was run, then by when."""
    words: Collection[str] = (
        "again" if is_again else "run",
        str(size),
        *(stage for stage in conditions.stages),
        *([f"x{conditions.clock:g}"] if conditions.clock != 1 else []),
        *([f"seed{seed}"] if seed != 1 else []),
        f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}",
    )
    return "-".join(words)
