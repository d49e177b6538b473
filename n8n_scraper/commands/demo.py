"""``scrapy demo``: the main job end to end on the bundled replica and the embedded Postgres, at the polite rate."""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from n8n_scraper.command import ProjectCommand
from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.run_id import RUNS
from n8n_scraper.store.embedded import EmbeddedPostgres

LISTED, UNLISTED = 56, 4
"""About 60 workflows, some of which are not there any more."""
_TOLD = re.compile(r"n8n_scraper: |\S+ \S+ \[n8n_scraper|\S+ \S+ \[[^]]+] (WARNING|ERROR|CRITICAL):")
"""Lines of the crawl's log that the demo shows: what our own loggers say, and whatever went wrong."""
_PR_SET_PDEATHSIG = 1


class Command(ProjectCommand):
    requires_project = True

    def short_desc(self) -> str:
        return "Crawl about 60 made-up workflows from a bundled stand-in of n8n.io, and export them"

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        root = project_root() or Path.cwd()
        try:
            with _only_one(root / ".n8n_scraper" / "demo.lock") as lock:
                return _demonstrate(root, lock)
        except KeyboardInterrupt:
            return _interrupted(signal.SIGINT)


def _demonstrate(root: Path, lock: int) -> int:
    data, exports = root / ".n8n_scraper" / "demo", root / "exports" / "demo"
    EmbeddedPostgres(data / "postgres").remove()  # made anew: a store remembers the address of its replica
    shutil.rmtree(exports, ignore_errors=True)
    data.mkdir(exist_ok=True)
    with running_replica(count=LISTED, latency="0.05-0.3") as replica:
        ids = _ids(replica)
        print(f"Crawling {len(ids)} workflows of a stand-in on loopback at 2 requests a second …", flush=True)
        code, signals = _follow(_crawl(replica, ids, data, exports), root, data / "crawl.log", lock)
        if signals:
            return _interrupted(signals[0])
        if code == 0:
            print(_summary(exports, replica.stats()))
        else:
            print(f"The crawl ended with exit code {code}; its whole log: {data / 'crawl.log'}", file=sys.stderr)
    return code


def _interrupted(number: int) -> int:
    print("n8n_scraper: The demo was interrupted; the next one starts anew.", file=sys.stderr)
    return 128 + number


@contextmanager
def _only_one(path: Path) -> Iterator[int]:
    """The demo's lock; its crawl inherits it, as it may need a moment to end when the demo was killed."""
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError("Another demo is running; wait for it.") from None
        yield file.fileno()


def _crawl(replica: RunningReplica, ids: list[int], data: Path, exports: Path) -> list[str]:
    settings = {
        **replica.settings,
        "N8N_SCRAPER_DATA_DIR": str(data),
        "N8N_SCRAPER_EXPORT_DIR": str(exports),
        "N8N_SCRAPER_CONTACT": "demo@localhost",
        "N8N_SCRAPER_BREAKER_GIVE_UP": "60",  # a stand-in that went away does not come back
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "workflows", "-a", f"ids={','.join(map(str, ids))}"]
    for name, value in settings.items():
        command += ["-s", f"{name}={value}"]
    return command


def _follow(command: list[str], root: Path, log: Path, lock: int) -> tuple[int, list[int]]:
    """Run the crawl, its log into a file and what matters of it to stderr; its exit code, and the signals we got.

    It has a session of its own, and gets our signals from us: once, whether they come from a terminal or not.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
    crawl = subprocess.Popen(  # noqa: S603 - our own command
        command,
        cwd=root,
        env=environment | {"DATABASE_URL": ""},
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=(lock,),
        preexec_fn=_end_with_parent(),  # noqa: PLW1509 - the demo has one thread
    )
    with crawl, _handed_on(crawl) as signals, log.open("w", encoding="utf-8") as file:
        assert crawl.stderr is not None
        for line in crawl.stderr:
            file.write(line)
            if _TOLD.match(line):
                print(line, end="", file=sys.stderr, flush=True)
    return crawl.returncode, signals


def _end_with_parent() -> Callable[[], object] | None:
    """For the child to do at its start: on Linux it gets a SIGTERM when its parent is gone, also by kill -9."""
    if sys.platform != "linux":
        return None
    return partial(ctypes.CDLL(None).prctl, _PR_SET_PDEATHSIG, int(signal.SIGTERM))


@contextmanager
def _handed_on(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Hand signals that end us on to the process; yields those that came."""
    received: list[int] = []

    def hand_on(number: int, _frame: object) -> None:
        received.append(number)
        process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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
        f"at most {requests['max_in_10s']} requests in any 10 s, counted by the server",
        f"the files in {exports}:",
        *(f"  {name}  {entry['bytes']:,} bytes" for name, entry in manifest["files"].items()),
        *(f"the report of the run: {file}" for file in exports.glob(f"{RUNS}/*/report.html")),
    ]
    return "\n".join(line for line in lines if line)
