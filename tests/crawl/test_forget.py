"""What was taken down stays away: from later crawls, resumed jobs, and a crawl that runs at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.store import forgotten
from n8n_scraper.store.database import connect

from ..waiting import PATIENCE
from .conftest import Crawler

NewReplica = Callable[..., RunningReplica]


def forget(crawl: Crawler, replica: RunningReplica, *words: str) -> str:
    command = [sys.executable, "-m", "scrapy", "forget", *words, "--yes"]
    for name, value in {**replica.settings, "N8N_SCRAPER_EXPORT_DIR": crawl.folder}.items():
        command += ["-s", f"{name}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **crawl.place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked_for(replica: RunningReplica, id: int) -> int:
    return sum(entry["id"] == id for entry in replica.entries())


@pytest.fixture
def small(new_replica: NewReplica) -> RunningReplica:
    return new_replica(count=30, traps=0, icons=0)


def test_a_forgotten_workflow_is_not_asked_for(crawl: Crawler, small: RunningReplica) -> None:
    crawl(small, "ids=1,2,3")
    [name] = [entry["name"] for entry in small.library() if entry["id"] == 2]
    texts = [path for path in crawl.folder.rglob("*.*") if path.suffix != ".parquet"]
    assert {"report.html", "report.md", "report.json", "workflows.csv"} <= {
        p.name for p in texts if name in p.read_text()
    }
    forget(crawl, small, "2", "5")
    assert [path for path in texts if name in path.read_text()] == []
    before = [asked_for(small, id) for id in (2, 5)]
    given = crawl(small, "ids=1,2,5,6", "refresh=all")
    assert given.code == 0, given.said
    assert "Taken down by scrapy forget, and not asked for: 2, 5" in given.said
    assert [row["id"] for row in given.feed()] == [1, 6]
    listed = crawl(small, "refresh=all")
    assert "Taken down" not in listed.said
    assert (given.stats()["run/forgotten_count"], listed.stats()["run/forgotten_count"]) == (2, 2)
    assert [asked_for(small, id) for id in (2, 5)] == before
    assert not {2, 5} & {row["id"] for row in listed.snapshot()}
    assert len(listed.snapshot()) == 28
    assert crawl.query("select id from listed where id in (2, 5)") == []


def test_a_job_begun_before_does_not_bring_it_back(crawl: Crawler, small: RunningReplica, tmp_path: Path) -> None:
    settings = {"JOBDIR": tmp_path / "job", "N8N_SCRAPER_REQUESTS_PER_SECOND": 8}
    process = crawl.start(small, **settings)
    crawl.wait_for("(select count(*) > 3 from observed)", process)
    process.kill()
    process.communicate()
    [stored] = crawl.query("select max(id) as id from observed")
    [left] = crawl.query("select max(id) as id from job_ids where not is_done")
    forget(crawl, small, str(stored["id"]), str(left["id"]))
    before = asked_for(small, stored["id"])
    done = crawl(small, JOBDIR=tmp_path / "job")
    assert done.code == 0, done.said
    assert len(done.snapshot()) == 28
    assert (asked_for(small, stored["id"]), asked_for(small, left["id"])) == (before, 0)


def test_a_crawl_that_runs_meanwhile_does_not_bring_it_back(crawl: Crawler, small: RunningReplica) -> None:
    """Taken down are one that its feeds have already, one that it waits for, and one that is far away in its queue."""
    small.set_faults({"id": 2, "route": "detail", "kind": "slow", "seconds": 6})
    ids = ",".join(map(str, sorted(entry["id"] for entry in small.library() if entry["listed"])[:30]))
    process = crawl.start(small, f"ids={ids}", N8N_SCRAPER_REQUESTS_PER_SECOND=5)
    crawl.wait_for("exists (select from observed where id = 1)", process)
    last = int(ids.rsplit(",", 1)[1])
    with closing(connect(crawl.database_url)) as connection, connection, connection.cursor() as cursor:
        forgotten.forget(cursor, [1, 2, last], None, datetime.now(timezone.utc))
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert (asked_for(small, 2), asked_for(small, last)) == (1, 0), "what is under way is not asked for again"
    assert crawl.query("select id from observed where id in (1, 2, %s)", last) == []
    [run] = (crawl.folder / "runs").iterdir()
    for name in (crawl.folder / "workflows.jsonl", run / "workflows.jsonl"):
        found = [json.loads(line)["id"] for line in name.read_bytes().split(b"\n") if line]
        assert len(found) == 27
        assert not {1, 2, last} & set(found)
    assert not {1, 2, last} & set(pq.read_table(run / "workflows.parquet", columns=["id"])["id"].to_pylist())
    stats = json.loads((run / "stats.json").read_text())
    assert stats["store/row_count/forgotten"] == 1


def test_images_that_are_under_way_are_not_kept(crawl: Crawler, new_replica: NewReplica, tmp_path: Path) -> None:
    replica = new_replica(count=30, traps=1, icons=0, images="self")
    replica.set_faults({"route": "image", "kind": "slow", "seconds": 3})
    ids = ",".join(str(entry["id"]) for entry in replica.library() if entry["trap"] in {"linked_images", "note_image"})
    settings = {"N8N_SCRAPER_DATA_DIR": tmp_path / "data", "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 20}
    process = crawl.start(replica, f"ids={ids}", "layers=1,2,3,media", **settings)
    crawl.wait_for("exists (select from derived where json_array_length(images) > 0)", process)
    [first, *_] = crawl.query("select id from derived where json_array_length(images) > 0 order by id")
    with closing(connect(crawl.database_url)) as connection, connection, connection.cursor() as cursor:
        forgotten.forget(cursor, [first["id"]], None, datetime.now(timezone.utc))
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert f"workflow {first['id']} was taken down meanwhile" in said
    shown = "select from derived d, json_array_elements(d.images) i where i->>'url' = m.url"
    assert crawl.query(f"select url from media_files m where not exists ({shown})") == []
    kept = {row["path"] for row in crawl.query("select path from media_files where path is not null")}
    files = {str(path.relative_to(tmp_path / "data")) for path in (tmp_path / "data" / "media").rglob("*.*")}
    assert files == kept
