"""The load tests as ``scrapy scale`` runs them: each prints its findings and tells whether all thresholds hold."""

from __future__ import annotations

import argparse
from pathlib import Path

from n8n_scraper.replica.process import running_replica
from n8n_scraper.scale.load import captions, crawls
from n8n_scraper.scale.load import queries as questions
from n8n_scraper.scale.load.crawls import Say
from n8n_scraper.scale.transcript_table import LIBRARY_SHARE


def scrapyd(opts: argparse.Namespace, folder: Path, say: Say) -> bool:
    known = {"users": opts.users, "minutes": opts.minutes, "out": opts.out or opts.home}
    with running_replica(count=opts.count, seed=opts.seed, latency=opts.latency) as replica:
        return crawls.run(replica, folder, **known, say=say)


def transcripts(opts: argparse.Namespace, folder: Path, say: Say) -> bool:
    known = {"count": opts.count, "seed": opts.seed, "minutes": opts.minutes, "out": opts.out or opts.home}
    library = {"count": opts.count * LIBRARY_SHARE, "seed": opts.seed, "icons": 0, "images": "self"}
    with running_replica(**library, latency=opts.latency) as replica:
        return captions.run(replica, folder, **known, say=say)


def queries(opts: argparse.Namespace, folder: Path, say: Say) -> bool:
    known = {"rows": opts.count, "rounds": opts.rounds, "seed": opts.seed, "corpus": opts.corpus}
    return questions.run(folder, **known, out=opts.out or opts.home, say=say)
