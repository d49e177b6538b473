"""``scrapy demo``: the main job end to end on the bundled replica and the embedded Postgres, at the polite rate."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from n8n_scraper.command import ProjectCommand
from n8n_scraper.project import project_root
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.store.embedded import EmbeddedPostgres

LISTED, UNLISTED = 56, 4
"""About 60 workflows, some of which are not there any more."""


class Command(ProjectCommand):
    requires_project = True

    def short_desc(self) -> str:
        return "Crawl about 60 made-up workflows from a bundled stand-in of n8n.io, and export them"

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        root = project_root() or Path.cwd()
        data, exports = root / ".n8n_scraper" / "demo", root / "exports" / "demo"
        EmbeddedPostgres(data / "postgres").remove()  # made anew: a store remembers the address of its replica
        shutil.rmtree(exports, ignore_errors=True)
        with running_replica(count=LISTED, latency="0.05-0.3") as replica:
            code = _crawl(replica, root, data, exports)
            if code == 0:
                print(_summary(exports, replica.stats()))
        return code


def _crawl(replica: RunningReplica, root: Path, data: Path, exports: Path) -> int:
    ids = ",".join(map(str, _ids(replica)))
    settings = {
        **replica.settings,
        "N8N_SCRAPER_DATA_DIR": str(data),
        "N8N_SCRAPER_EXPORT_DIR": str(exports),
        "N8N_SCRAPER_CONTACT": "demo@localhost",
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "workflows", "-a", f"ids={ids}"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
    environment["DATABASE_URL"] = ""
    print(f"Crawling {LISTED + UNLISTED} workflows of a stand-in on loopback at 2 requests a second …", flush=True)
    return subprocess.run(command, cwd=root, env=environment, check=False).returncode  # noqa: S603 - our own command


def _ids(replica: RunningReplica) -> list[int]:
    entries = replica.library()
    listed = [entry["id"] for entry in entries if entry["listed"] and entry["status"] == "published"]
    rest = [entry["id"] for entry in entries if entry["id"] not in set(listed)]
    return sorted(listed[:LISTED] + rest[:UNLISTED])


def _summary(exports: Path, requests: dict[str, object]) -> str:
    rows = [json.loads(line) for line in (exports / "workflows.jsonl").read_bytes().split(b"\n") if line]
    manifest = json.loads((exports / "manifest.json").read_text(encoding="utf-8"))
    statuses = Counter(row["crawl_status"] for row in rows)
    scores = [row["quality_score"] for row in rows if row["quality_score"] is not None]
    lines = [
        "",
        f"{len(rows)} workflows: " + ", ".join(f"{count} {status}" for status, count in statuses.most_common()),
        f"quality: {min(scores):.0f} to {max(scores):.0f}, mean {sum(scores) / len(scores):.0f}" if scores else "",
        *(f"  not complete: {row['id']}: {row['crawl_status']}, {row['error']}" for row in rows if row["error"]),
        f"{sum(row['is_paid'] is True for row in rows)} paid ones: their JSON is kept in the store and not exported",
        f"requests counted by the server: at most {requests['max_in_1s']} in 1 s, {requests['max_in_10s']} in 10 s",
        *(f"{exports / name}  {entry['bytes']:,} bytes" for name, entry in manifest["files"].items()),
    ]
    return "\n".join(line for line in lines if line)
