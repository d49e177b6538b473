"""Images downloaded by a real crawl: what becomes of each, how often each is asked for, and at which rate."""

from __future__ import annotations

import signal
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from n8n_scraper.image_download import HOST_PLACES, PLACES
from n8n_scraper.layers.image_file import read_image
from n8n_scraper.replica.process import RunningReplica, running_replica
from n8n_scraper.worklist import MAX_STAGED

from ..waiting import PATIENCE
from .conftest import Crawl, Crawler

FAST = {"N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 100}


class Fault(NamedTuple):
    rule: dict[str, Any]
    kind: str | None
    """What the image is kept as; None: its file is there."""
    requests: int


PLAN = {
    "not there": Fault({"kind": "404"}, "gone", 1),
    "refused": Fault({"kind": "403"}, "blocked", 1),
    "challenge": Fault({"kind": "html"}, "blocked", 1),
    "fails once": Fault({"kind": "500", "times": 1}, None, 2),
    "fails": Fault({"kind": "503"}, "server", 4),
    "slow down": Fault({"kind": "429", "times": 1, "retry_after": "1"}, None, 2),
    "reset once": Fault({"kind": "reset", "times": 1}, None, 2),
    "cut off": Fault({"kind": "truncated"}, "malformed", 4),
    "broken": Fault({"kind": "malformed"}, "malformed", 1),
    "empty": Fault({"kind": "empty"}, "malformed", 4),
    "huge": Fault({"kind": "huge", "bytes": 3_000_000}, "too_large", 1),
    "unpacks to much": Fault({"kind": "gzip_bomb", "bytes": 30_000_000}, "too_large", 1),
    "too many pixels": Fault({"kind": "image_bomb"}, "too_large", 1),
    "wrong type": Fault({"kind": "wrong_type"}, None, 1),
    "slow": Fault({"kind": "slow", "seconds": 0.5}, None, 1),
    "moved": Fault({"kind": "redirect", "to": "/images/elsewhere.gif"}, None, 1),
    "moved for ever": Fault({"kind": "redirect", "to": "/images/{self}"}, "unexpected", 6),
    "moved into the cloud": Fault({"kind": "redirect", "to": "http://169.254.169.254/x.png"}, "unexpected", 1),
    "moved to this machine": Fault({"kind": "redirect", "to": "http://localhost/x.png"}, "unexpected", 1),
    "moved to this machine by name": Fault({"kind": "redirect", "to": "http://0x7f.1/x.png"}, "unexpected", 1),
    "moved to what robots.txt closes": Fault({"kind": "redirect", "to": "/private/x.png"}, "disallowed", 1),
    "moved to the site": Fault({"kind": "redirect", "to": "{site}/images/on-the-site.webp"}, None, 1),
    "moved to a file": Fault({"kind": "redirect", "to": "file:///etc/passwd"}, "unexpected", 1),
}


class Downloaded(NamedTuple):
    crawl: Crawl
    stats: dict[str, Any]
    feed: list[dict[str, Any]]
    crawler: Crawler
    replica: RunningReplica
    folder: Path
    faults: dict[str, str]
    """Path of an image → name of its fault."""
    entries: list[dict[str, Any]]
    """What the replica was asked in the crawl of images."""
    again: Crawl
    entries_again: list[dict[str, Any]]


@pytest.fixture(scope="module")
def downloaded(module_crawl: Crawler, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Downloaded]:
    """Rows first, then their images with all that may go wrong, then once more with nothing wrong."""
    folder = tmp_path_factory.mktemp("data")
    settings = {**FAST, "N8N_SCRAPER_DATA_DIR": folder, "N8N_SCRAPER_MAX_BODY_BYTES": 2_000_000}
    with running_replica(count=120, traps=0, images="self", icons=0) as replica:
        assert module_crawl(replica).code == 0
        urls = sorted({image["url"] for image in images(module_crawl) if not image["url"].endswith(".svg")})
        pngs = [urlsplit(url).path for url in urls if url.endswith(".png")]
        assert len(pngs) >= len(PLAN)
        faults = dict(zip(pngs, PLAN, strict=False))
        replica.set_faults(*(rule(path, name, replica.site_url) for path, name in faults.items()))
        before = len(replica.entries())
        crawl = module_crawl(replica, "layers=media", **settings)
        told = crawl.stats(), crawl.feed()
        entries = replica.entries()[before:]
        replica.set_faults()
        again = module_crawl(replica, "layers=media", **settings)
        entries_again = replica.entries()[before + len(entries) :]
        yield Downloaded(crawl, *told, module_crawl, replica, folder, faults, entries, again, entries_again)


def rule(path: str, name: str, site: str) -> dict[str, Any]:
    rule = {"host": "media", "path": path, **PLAN[name].rule}
    if "to" in rule:
        rule["to"] = rule["to"].replace("{self}", path.rpartition("/")[2]).replace("{site}", site)
    return rule


def images(crawler: Crawler) -> list[dict[str, Any]]:
    rows = crawler.query("select images from derived where images is not null order by id")
    return [image for row in rows for image in row["images"]]


def test_the_crawl_ends_well_and_asks_the_site_for_nothing(downloaded: Downloaded) -> None:
    assert downloaded.crawl.code == 0, downloaded.crawl.said
    of_the_site = [entry["path"] for entry in downloaded.entries if entry["host"] != "media"]
    assert of_the_site == ["/robots.txt", "/images/on-the-site.webp"], "but for the image that lies there"
    assert downloaded.stats["rate/request_count"] == 2, "through the gate of the site, too"
    assert "Traceback" not in downloaded.crawl.said
    assert "Plan: Nothing is asked of the site." in downloaded.crawl.said


@pytest.mark.parametrize("name", PLAN)
def test_what_becomes_of_each_image(downloaded: Downloaded, name: str) -> None:
    [path] = [path for path, fault in downloaded.faults.items() if fault == name]
    [kept] = downloaded.crawler.query("select * from media_files where url like %s", f"%{path}")
    if name != "fails":  # the second crawl has it
        assert kept["error_kind"] == PLAN[name].kind
    asked = [entry for entry in downloaded.entries if entry["path"] == path]
    assert len(asked) == PLAN[name].requests


def test_no_inner_address_was_connected_to(downloaded: Downloaded) -> None:
    stats = downloaded.stats
    assert stats["media/refused_count"] == sum(
        "to" in fault.rule and "://" in fault.rule["to"] for fault in PLAN.values()
    )
    assert [entry for entry in downloaded.entries if entry["path"].startswith("/private")] == []


def test_files_are_what_the_rows_say(downloaded: Downloaded) -> None:
    found = [image for image in images(downloaded.crawler) if image["path"]]
    assert {image["format"] for image in found} == {"png", "jpeg", "gif", "webp", "svg"}
    for image in found:
        body = (downloaded.folder / image["path"]).read_bytes()
        assert (image["sha256"], image["bytes"]) == (sha256(body).hexdigest(), len(body))
        assert read_image(body, 10**9) == (image["format"], image["width"], image["height"])
    on_disk = {str(path.relative_to(downloaded.folder)) for path in downloaded.folder.rglob("*.*") if path.is_file()}
    assert on_disk == {image["path"] for image in found}


def test_statuses_and_errors_of_rows(downloaded: Downloaded) -> None:
    seen = set()
    for row in downloaded.feed:
        names = [downloaded.faults.get(urlsplit(image["url"]).path) for image in row["images"]]
        kinds = {PLAN[name].kind if name else None for name in names}
        if "server" in kinds:
            expected = ("failed", "partial", "server")
        elif kinds == {"disallowed"}:
            expected = ("disallowed", "partial", None)
        else:
            expected = ("ok" if None in kinds else "missing", "complete", None)
        assert (row["media_status"], row["crawl_status"], row["error_kind"]) == expected
        seen.add(expected[0])
    assert seen >= {"ok", "missing", "failed"}


def test_stats_tell_what_came_and_what_did_not(downloaded: Downloaded) -> None:
    stats = downloaded.stats
    kinds = Counter(fault.kind for fault in PLAN.values() if fault.kind)
    told = {name.rpartition("/")[2]: n for name, n in stats.items() if name.startswith("media/failure_count/")}
    assert told == kinds
    unique = {image["url"] for image in images(downloaded.crawler)}
    assert stats["media/download_count"] == len(unique) - sum(kinds.values())
    assert "rate/limited_count" not in stats, "that is about the site"


def test_a_second_run_asks_only_for_what_may_be_there_now(downloaded: Downloaded) -> None:
    assert downloaded.again.code == 0, downloaded.again.said
    [path] = [path for path, name in downloaded.faults.items() if name == "fails"]
    asked = [entry["path"] for entry in downloaded.entries_again]
    assert sorted(asked) == sorted([path, "/robots.txt"])
    [row] = downloaded.again.feed()
    assert (row["media_status"], row["crawl_status"], row["error_kind"], row["error"]) == ("ok", "complete", None, None)


def test_a_file_that_was_lost_is_downloaded_again_and_refresh_all_asks_the_refused_again(
    downloaded: Downloaded,
) -> None:
    [lost] = downloaded.crawler.query("select * from media_files where path is not null order by url limit 1")
    (downloaded.folder / lost["path"]).unlink()
    others = downloaded.crawler.query("select url from media_files where path = %s", lost["path"])
    before = len(downloaded.replica.entries())
    settings = {**FAST, "N8N_SCRAPER_DATA_DIR": downloaded.folder}
    done = downloaded.crawler(downloaded.replica, "layers=media", "refresh=all", **settings)
    assert done.code == 0, done.said
    asked = Counter(entry["path"] for entry in downloaded.replica.entries()[before:])
    refused = {path for path, name in downloaded.faults.items() if PLAN[name].kind not in {None, "server"}}
    assert asked.keys() == {urlsplit(row["url"]).path for row in others} | refused | {"/robots.txt"}
    assert (downloaded.folder / lost["path"]).is_file()
    assert all(image["path"] for image in images(downloaded.crawler))


@pytest.fixture
def pictures(new_replica: Callable[..., RunningReplica]) -> RunningReplica:
    return new_replica(count=60, traps=0, images="self", icons=0)


def test_images_come_at_their_rate_over_all_processes_of_a_store(
    crawl: Crawler, pictures: RunningReplica, tmp_path: Path
) -> None:
    assert crawl(pictures).code == 0
    ids = [row["id"] for row in crawl.query("select id from derived where json_array_length(images) > 0 order by id")]
    settings = {"N8N_SCRAPER_DATA_DIR": tmp_path, "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": 4}
    halves = [",".join(map(str, ids[start::2])) for start in (0, 1)]
    both = [crawl.start(pictures, "layers=media", f"ids={half}", **settings) for half in halves]
    assert [(process.communicate()[0], process.returncode)[1] for process in both] == [0, 0]
    moments = [entry["t"] for entry in pictures.entries() if entry["host"] == "media"]
    unique = {image["url"] for image in images(crawl)}
    assert len(moments) >= len(unique) + 2
    assert moments[-1] - moments[0] > 0.95 * (len(moments) - 1) / 4, "as many as one process alone"
    assert max(bisect_left(moments, moment + 1) - at for at, moment in enumerate(moments)) <= 6, "some are late"
    assert all(image["path"] for image in images(crawl))


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_ended_in_the_downloads_goes_on_there(
    crawl: Crawler, pictures: RunningReplica, tmp_path: Path, sent: signal.Signals
) -> None:
    words = "layers=1,2,3,media"
    settings = {"N8N_SCRAPER_DATA_DIR": tmp_path / "data", "JOBDIR": tmp_path / "job"}
    process = crawl.start(pictures, words, **settings, N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND=5)
    crawl.wait_for("(select count(*) >= 5 from media_files) and (select bool_and(is_stored) from job_ids)", process)
    process.send_signal(sent)
    process.communicate()
    before = pictures.entries()
    [left] = crawl.query("select count(*) from job_ids where not is_done")
    assert left["count"] > 0
    done = crawl(pictures, words, **settings, **FAST)
    assert done.code == 0, done.said
    later = pictures.entries()[len(before) :]
    assert {entry["host"] for entry in later} == {"media"}, "the site was asked for nothing again"
    assert len(done.feed()) == left["count"]
    twice = Counter(entry["path"] for entry in pictures.entries() if entry["path"].startswith("/images/"))
    assert set(twice.values()) <= {1, 2}
    assert sum(count - 1 for count in twice.values()) <= (PLACES if sent == signal.SIGKILL else 0)
    statuses = Counter(row["media_status"] for row in done.snapshot())
    assert statuses.keys() == {"ok", "missing"}
    assert len(done.snapshot()) == 60
    assert all(image["path"] for image in images(crawl))
    assert list((tmp_path / "data").rglob("*.tmp")) == []
    assert crawl.query("select count(*) from jobs where finished_at is null") == [{"count": 0}]


def test_one_signal_ends_a_job_of_nothing_but_stages(crawl: Crawler, pictures: RunningReplica, tmp_path: Path) -> None:
    assert crawl(pictures).code == 0
    settings = {"N8N_SCRAPER_DATA_DIR": tmp_path / "data", "JOBDIR": tmp_path / "job"}
    process = crawl.start(pictures, "layers=media", **settings, N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND=2)
    crawl.wait_for("(select count(*) >= 2 from media_files)", process)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert "Spider closed (shutdown)" in said
    done = crawl(pictures, "layers=media", **settings, **FAST)
    assert done.code == 0, done.said
    assert all(image["path"] for image in images(crawl))


def test_a_slow_host_of_images_does_not_hold_up_the_site(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path
) -> None:
    """More workflows wait for images than have a place in memory: the others wait in the store."""
    slow = {"host": "media", "route": "image", "kind": "slow", "seconds": 20, "at_most": HOST_PLACES}
    replica = new_replica(count=400, traps=0, images="self", icons=0, faults=[slow])
    settings = {"N8N_SCRAPER_DATA_DIR": tmp_path, "JOBDIR": tmp_path / "job", **FAST}
    process = crawl.start(replica, "layers=1,2,3,media", **settings)
    crawl.wait_for("(select count(*) = 400 and bool_and(is_stored) from job_ids)", process)
    [waiting] = crawl.query("select count(*) from job_ids where not is_done")
    assert waiting["count"] > MAX_STAGED, "all rows are there while the first images are still to come"
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    assert crawl.query("select count(*) from jobs where finished_at is not null") == [{"count": 1}]
    assert all(image["path"] for image in images(crawl))
    asked = Counter((entry["host"], entry["id"], entry["path"]) for entry in replica.entries())
    assert set(asked.values()) == {1}, "nothing twice"
    assert Crawl(process.returncode, said, crawl.folder).stats()["column/row_count"] == 400
    [last] = crawl.query("select outcomes from checkpoints order by checkpoint_id desc limit 1")
    assert sum(last["outcomes"]["quality_bands"].values()) == 400, "also of those that waited as ids"
