"""A shared crawl on four hosts (site, database, two workers); cables are pulled in mid-shard, and plugged in again.

Hosts are network namespaces of this machine (see network.py).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg2.extensions import make_dsn, parse_dsn

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.project import project_root
from n8n_scraper.scale import audit
from n8n_scraper.scale.figures import busiest
from n8n_scraper.scale.network import cut_off, heal, hosts, on_host
from n8n_scraper.scale.trial import rows_of
from n8n_scraper.store.database import open_database
from n8n_scraper.store.embedded import EmbeddedPostgres

ADDRESSES = {"site": "10.77.0.1", "database": "10.77.0.2", "worker1": "10.77.0.3", "worker2": "10.77.0.4"}
PORT = 5432
LEASE = 6.0
DATABASE_AWAY = 2 * LEASE
"""Seconds without the database's host: nobody's lease outlives them."""
PATIENCE = 120.0
"""Seconds, of us with each step and of those who are cut off with the store: nobody gives up before the drill does."""
_ADDRESS = re.compile(r"http://[\d.]+:\d+")


@dataclass
class Hosts:
    """What runs where; ``dsn`` is the database as the drill itself reaches it, without the network."""

    folder: Path
    dsn: str
    site: tuple[str, str]
    settings: dict[str, object] = field(default_factory=dict)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_worker(self, name: str) -> None:
        dsn = make_dsn(**{**parse_dsn(self.dsn), "host": ADDRESSES["database"], "port": PORT})
        words = ["work", "run", "--lease", str(LEASE), "--until-done"]
        with (self.folder / f"{name}.log").open("wb") as log:
            self.workers[name] = subprocess.Popen(  # noqa: S603 - our own command
                [*on_host(name), *self._scrapy(words)], stdout=log, stderr=log, **_place(dsn)
            )

    def enqueue(self, *words: str) -> None:
        command = self._scrapy(["work", "enqueue", *words])
        subprocess.run(command, check=True, capture_output=True, timeout=60, **_place(self.dsn))  # noqa: S603 - our own command

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        return rows_of(self.dsn, statement, *values)

    def tasks_of(self, name: str) -> list[int]:
        """Tasks that this host's worker has in hands."""
        rows = self.rows(
            "select t.id from work_tasks t where t.worker like %s and t.kind = 'crawl' and t.finished_at is null",
            f"%:{self.workers[name].pid}",
        )
        return [row["id"] for row in rows]

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()

    def _scrapy(self, words: Sequence[str]) -> list[str]:
        options = [f"{name}={value}" for name, value in self.settings.items()]
        return [sys.executable, "-m", "scrapy", *words, *(word for one in options for word in ("-s", one))]


def run(folder: Path, *, count: int, rate: float, say: Callable[[str], None]) -> bool:
    """Whether nothing was lost or stored twice, and the rate was kept.

    Raises:
        StartError: there can be no hosts here.
    """
    with hosts(ADDRESSES), _running(folder, count, rate) as there:
        there.enqueue("--shard", str(max(5, count // 12)))
        for name in ("worker1", "worker2"):
            there.start_worker(name)
        back = _cut_off_database(there, count)
        seconds = _partition(there, count)
        _wait(lambda: all(worker.poll() is not None for worker in there.workers.values()), 300)
        codes = {name: worker.returncode for name, worker in there.workers.items()}
        rows, twice = audit.stored_rows(there.dsn), audit.stored_twice(there.dsn)
    entries = sorted(map(json.loads, (folder / "access.jsonl").read_text().splitlines()), key=lambda e: float(e["t"]))
    lost = count - len(rows)
    again = sum(number - 1 for number in audit.usable_answers(entries).values())
    times = [entry["t"] for entry in entries]
    most = busiest(times, 10.0) or 0.0
    passed = not lost and not twice and most <= 10 * rate + 1 and set(codes.values()) == {0}
    say(
        f"{count} workflows on four hosts (lease {LEASE:g} s); the database cut off for {DATABASE_AWAY:g} s: the next"
        f" row {back:.1f} s after its return; worker1 cut off in mid-shard: worker2 had its shard after {seconds:.1f}"
        f" s; lost {lost}, stored twice {len(twice)}, fetched again {again}, most in 10 s {most:.0f}"
        f" of {10 * rate:g} allowed, exit codes {codes}; load average {os.getloadavg()[0]:.1f}:"
        f" {'passed' if passed else 'NOT passed'}"
    )
    return passed


def _cut_off_database(there: Hosts, count: int) -> float:
    """Pull the cable of the database when both crawl; seconds from its return to the next row."""
    _wait(lambda: _done(there) >= count // 6 and all(there.tasks_of(name) for name in there.workers))
    cut_off("database")
    time.sleep(DATABASE_AWAY)
    done = _done(there)
    heal("database")
    began = time.monotonic()
    _wait(lambda: _done(there) > done)
    return time.monotonic() - began


def _partition(there: Hosts, count: int) -> float:
    """Pull the cable of worker1 when it crawls, and plug it in when the other has its shard; seconds until then."""
    while True:
        _wait(lambda: _done(there) >= count // 3 and there.tasks_of("worker1"))
        cut_off("worker1")
        began = time.monotonic()
        if tasks := set(there.tasks_of("worker1")):
            break
        heal("worker1")  # it was done with its shard just before
    _wait(lambda: not tasks & set(there.tasks_of("worker1")))
    seconds = time.monotonic() - began
    heal("worker1")
    return seconds


@contextmanager
def _running(folder: Path, count: int, rate: float) -> Iterator[Hosts]:
    """The site and the database on their hosts."""
    with ExitStack() as stack:
        log = folder / "access.jsonl"
        site = stack.enter_context(_process("site", "n8n_scraper.scale.host_site", ADDRESSES["site"], str(count), log))
        site_url, api_url, *_ = _ADDRESS.findall(site)
        server = stack.enter_context(EmbeddedPostgres(folder / "data" / "postgres"))
        socket = f"{parse_dsn(server.dsn())['host']}/.s.PGSQL.{parse_dsn(server.dsn()).get('port', PORT)}"
        stack.enter_context(
            _process("database", "n8n_scraper.scale.host_database", ADDRESSES["database"], str(PORT), socket)
        )
        settings = {
            "N8N_SCRAPER_SITE_URL": site_url,
            "N8N_SCRAPER_API_URL": api_url,
            "N8N_SCRAPER_TEST_HOSTS": ADDRESSES["site"],
            "N8N_SCRAPER_REQUESTS_PER_SECOND": rate,
            "N8N_SCRAPER_DATA_DIR": folder / "data",
            "N8N_SCRAPER_EXPORT_DIR": folder / "exports",
            "N8N_SCRAPER_STORE_PATIENCE": PATIENCE,
        }
        given = {name: str(value) for name, value in settings.items()} | {"DATABASE_URL": server.dsn()}
        with open_database(Config.from_settings(given, folder)) as dsn:
            audit.note_commits(dsn)
        there = Hosts(folder, server.dsn(), (site_url, api_url), {**settings, "N8N_SCRAPER_CHECKS": "off"})
        stack.callback(there.close)
        yield there


@contextmanager
def _process(host: str, module: str, *words: object) -> Iterator[str]:
    """A module on a host, for as long as the block; what it said first."""
    command = [*on_host(host), sys.executable, "-m", module, *map(str, words)]
    process = subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=project_root() or Path.cwd()
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def _done(there: Hosts) -> int:
    count: int = there.rows("select count(*) from job_ids where is_done")[0]["count"]
    return count


def _place(dsn: str) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("N8N_SCRAPER_")}
    return {"cwd": project_root() or Path.cwd(), "env": {**kept, "DATABASE_URL": dsn}, "stdin": subprocess.DEVNULL}


def _wait(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise StartError(f"It did not happen in {seconds:g} seconds: the logs are in the run's folder.")
        time.sleep(0.1)
