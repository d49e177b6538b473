"""``scrapy preflight``: the whole command on a replica and a real Postgres, and the outcome tables of its checks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.preflight import checks
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.store import jobs, runs
from n8n_scraper.store.database import connect

from ..waiting import PATIENCE

ROOT = Path(__file__).parents[2]
CONFIG = Config.from_settings({}, ROOT)
SITE, API = CONFIG.site_url, CONFIG.api_url


@pytest.fixture(scope="module")
def replica() -> Iterator[RunningReplica]:
    with running_replica(count=5) as replica:
        yield replica


def preflight(replica: RunningReplica, folder: Path, database_url: str, **settings: Any) -> tuple[int, list[str]]:
    given = {**replica.settings, "N8N_SCRAPER_EXPORT_DIR": folder, **settings}
    command = [sys.executable, "-m", "scrapy", "preflight"]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    environment = {**os.environ, "DATABASE_URL": database_url}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT, env=environment
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_ready(replica: RunningReplica, tmp_path: Path, empty_database_url: str) -> None:
    before = len(replica.entries())
    code, lines = preflight(replica, tmp_path / "exports", empty_database_url, N8N_SCRAPER_REQUESTS_PER_SECOND=2)
    assert [line.split()[:2] for line in lines] == [
        ["ok", what] for what in ("store", "disk", "disk", "robots", "robots", "rate", "workers", "exports")
    ]
    assert code == 0
    assert "made just now, empty" in lines[0]
    assert "2 requests a second in force, as promised" in lines[5]
    assert [entry["path"] for entry in replica.entries()[before:]] == ["/robots.txt"] * 2
    with closing(psycopg2.connect(empty_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from rate_gates")
        assert cursor.fetchone() == (1,), "the turns were those of all processes of the store"
        cursor.execute("select count(*) from store_info")
        assert cursor.fetchone() == (0,), "and it belongs to no site yet"


def test_its_two_requests_keep_their_distance_from_those_of_others(
    replica: RunningReplica, tmp_path: Path, database_url: str
) -> None:
    site = Config.from_settings(replica.settings, tmp_path).site_host
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("insert into rate_gates (site, next_at) values (%s, now() + interval '8 s')", (site,))
        taken_until = time.monotonic() + 8
    before = len(replica.entries())
    code, _ = preflight(replica, tmp_path, database_url, N8N_SCRAPER_REQUESTS_PER_SECOND=0.5)
    first, second = (entry["t"] for entry in replica.entries()[before:])
    assert code == 0
    assert second - first >= 1.6, "two seconds, but for what the way to the replica took"
    assert first >= taken_until - 0.5, "not before the turns that others have taken"


def test_not_ready_without_a_store_and_then_nothing_is_asked(replica: RunningReplica, tmp_path: Path) -> None:
    before = len(replica.entries())
    code, lines = preflight(replica, tmp_path, "postgresql://nobody:secret@127.0.0.1:1/none")
    assert code == 1
    assert lines[0].startswith("FAIL store    ")
    assert "secret" not in "\n".join(lines)
    assert "warn robots   not asked: all processes of a store share one rate, and the store cannot be used" in lines
    assert replica.entries()[before:] == []


def said(findings: Any) -> list[tuple[str, str]]:
    return [(finding.verdict, finding.said) for finding in findings]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ({SITE: True, API: True}, ["ok", "ok"]),
        ({SITE: True, API: False}, ["ok", "warn"]),
        ({SITE: False, API: True}, ["warn", "ok"]),
        ({SITE: False, API: False}, ["FAIL", "FAIL"]),
        ({SITE: True, API: "server: status 503"}, ["ok", "FAIL"]),
        ({SITE: True}, ["ok", "FAIL"]),
        ({}, ["FAIL", "FAIL"]),
    ],
)
def test_robots(verdicts: Mapping[str, bool | str], expected: list[str]) -> None:
    assert [finding.verdict for finding in checks.check_robots(verdicts, CONFIG)] == expected


def test_an_api_that_is_not_asked_is_said() -> None:
    config = Config.from_settings({"N8N_SCRAPER_API_ROBOTSTXT_OBEY": "False"}, ROOT)
    [_, api] = checks.check_robots({SITE: True, API: True}, config)
    assert (api.verdict, "API_ROBOTSTXT_OBEY = False" in api.said) == ("warn", True)


@pytest.mark.parametrize(("in_force", "verdict"), [(2.0, "ok"), (1.0, "warn"), (None, "warn")])
def test_rate(in_force: float | None, verdict: str) -> None:
    assert checks.check_rate(in_force, CONFIG).verdict == verdict


@pytest.mark.parametrize(("free", "verdict"), [(100_000_000, "FAIL"), (1_000_000_000, "warn"), (10**10, "ok")])
def test_disk(free: int, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert checks.check_disk(tmp_path / "not" / "there" / "yet").verdict == verdict


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exports", "exports is a file, and no folder"),
        ("exports/more", "exports is a file, and no folder"),
        ("n" * 300, "cannot be made or written to (File name too long)"),
        ("/proc/exports", "/proc/exports: "),
    ],
)
def test_a_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "exports").write_text("")
    finding = checks.check_disk(tmp_path / name)
    assert (finding.verdict, said in finding.said) == ("FAIL", True), finding.said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exports"]
    if name == "exports":
        assert checks.check_exports(tmp_path / name).verdict == "FAIL"
    assert checks.check_exports(tmp_path / ("n" * 300)).verdict == "FAIL"  # stat fails, as on a hidden folder


def test_a_store_of_another_site_and_a_newer_one_are_refused(database_url: str) -> None:
    config = Config.from_settings({"DATABASE_URL": database_url}, ROOT)
    assert checks.check_store(database_url, config).verdict == "ok"
    with closing(connect(database_url)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("insert into store_info (site_url, api_url) values ('https://other.example', 'https://a.b')")
        refused = checks.check_store(database_url, config)
        assert (refused.verdict, "it was made for https://other.example" in refused.said) == ("FAIL", True)
        with connection, connection.cursor() as cursor:
            cursor.execute("insert into schema_migrations (version, name, sha256) values (9999, 'later.sql', '')")
        refused = checks.check_store(database_url, config)
        assert (refused.verdict, "newer than this code" in refused.said) == ("FAIL", True)


def test_a_store_that_is_behind_is_left_as_it_is(replica: RunningReplica, tmp_path: Path, database_url: str) -> None:
    with closing(connect(database_url)) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("delete from schema_migrations where version = (select max(version) from schema_migrations)")
        config = Config.from_settings({"DATABASE_URL": database_url}, ROOT)
        finding = checks.check_store(database_url, config)
        assert (finding.verdict, "the next crawl brings it up to date: 0" in finding.said) == ("warn", True)
        code, lines = preflight(replica, tmp_path, database_url)
        assert code == 0, lines
        assert [line.split()[1] for line in lines] == ["store", "disk", "disk", "robots", "exports"]
        assert "the store is not up to date" in lines[3]
        assert checks.check_store(database_url, config) == finding


def test_a_store_that_cannot_be_reached_is_refused() -> None:
    with pytest.raises(StartError):
        checks.check_store("postgresql://nobody@127.0.0.1:1/none", CONFIG)


def test_workers_that_are_gone_and_those_that_live(database_url: str) -> None:
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        assert said(checks.check_workers(cursor)) == [("ok", "no run is under way, and none was left without an end")]
        for number, (key, host) in enumerate([("/jobs/a", "elsewhere"), ("/jobs/b", None)], start=1):
            job = jobs.open_job(cursor, key, {})
            runs.begin(cursor, runs.Run(f"run-{number}", job.id, {}, {}, {}))
            cursor.execute("update runs set host = coalesce(%s, host) where run_id = %s", (host, f"run-{number}"))
        cursor.execute("select pg_advisory_unlock(%s, %s)", (jobs.LOCK_CLASS, 1))
        [gone, live] = checks.check_workers(cursor)
        assert gone.said.startswith("run-1 never ended and process ")
        assert "JOBDIR /jobs/a" in gone.said
        assert live.said.startswith("run-2 is live (process ")
        assert {gone.verdict, live.verdict} == {"warn"}


def test_exports_are_read_as_their_manifest_says(tmp_path: Path, database_url: str) -> None:
    assert checks.check_exports(tmp_path).verdict == "ok"
    write_snapshot(database_url, tmp_path, csv_defuse=True)
    assert checks.check_exports(tmp_path).verdict == "ok"
    jsonl = tmp_path / "workflows.json"
    jsonl.write_bytes(jsonl.read_bytes().replace(b"[", b"("))
    finding = checks.check_exports(tmp_path)
    assert (finding.verdict, "workflows.json has not the sha256" in finding.said) == ("FAIL", True)
    (tmp_path / "manifest.json").unlink()
    assert checks.check_exports(tmp_path).verdict == "FAIL"
