"""Real crawls that are reported and judged: ledger, files, checks, a structure that changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.replica.process import RunningReplica, running_replica

from .conftest import Crawl, Crawler

COUNT = 90
NewReplica = Callable[..., RunningReplica]
CHECKED = {"N8N_SCRAPER_CHECKS": ""}


@pytest.fixture(scope="module")
def site() -> Iterator[RunningReplica]:
    with running_replica(count=COUNT, icons=0, traps=0) as replica:
        yield replica


def report(crawl: Crawl) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((crawl.run_folder / "report.json").read_text(encoding="utf-8"))
    return told


def ids(site: RunningReplica) -> list[int]:
    return sorted(row["id"] for row in site.library() if row["listed"] and row["status"] == "published")


def test_every_crawl_leaves_its_report_and_its_ledger(crawl: Crawler, site: RunningReplica) -> None:
    broken, refused, gone = ids(site)[:3]
    site.set_faults(
        {"id": broken, "route": "detail", "kind": "malformed"},
        {"id": refused, "route": "detail", "kind": "403"},
        {"id": gone, "route": "detail", "kind": "404"},
    )
    done = crawl(site, **CHECKED)
    assert done.code == 0, done.said
    told, stats = report(done), done.stats()
    assert told["tone"] == "good", told["verdict"]
    summary = told["sections"]["summary"]["summary"]
    assert [summary[name] for name in ("planned", "visited", "gone", "failed")] == [COUNT, COUNT, 1, 2]
    failures = {row["kind"]: row["ids"] for row in told["sections"]["outcomes"]["failures"]}
    assert failures == {"malformed": [broken], "blocked": [refused], "gone": [gone]}
    assert told["sections"]["changes"]["counts"]["new"] == COUNT - 3
    assert told["sections"]["requests"]["rate"]["requests"] == stats["rate/request_count"]
    assert {path.suffix for path in done.run_folder.glob("report.*")} == {".html", ".md", ".json"}
    [run] = crawl.query("select * from runs")
    assert (run["close_reason"], run["exit_code"]) == ("finished", 0)
    assert run["stats"] == stats
    assert run["settings"]["N8N_SCRAPER_REQUESTS_PER_SECOND"] == "0"
    assert run["arguments"]["layers"] == [1, 2, 3]
    assert run["versions"].keys() >= {"python", "scrapy", "n8n_scraper", "parser"}


def test_what_changed_since_the_last_crawl(crawl: Crawler, site: RunningReplica) -> None:
    first, second, third = ids(site)[:3]
    words = (f"ids={first},{second},{third}", "refresh=all")
    site.set_faults({"id": second, "route": "detail", "kind": "404"})
    crawl(site, *words)
    site.set_faults({"id": third, "route": "detail", "kind": "404"})
    done = crawl(site, *words)
    changes = {row["what"]: row["ids"] for row in report(done)["sections"]["changes"]["ids"]}
    assert changes == {"new": [second], "changed": [], "gone": [third], "listed again": [second]}


def test_a_failed_check_ends_the_crawl_with_exit_code_4(crawl: Crawler, site: RunningReplica) -> None:
    site.set_faults({"id": ids(site)[:4], "route": "detail", "kind": "410"}, {"id": ids(site)[12:22], "kind": "400"})
    done = crawl(site, "page=no", **CHECKED)
    assert done.code == 4, done.said
    assert "1 of " in done.said
    assert "failed is 0.1111, must be <= 0.1 (share/failed)" in done.said
    assert done.stats()["finish_reason"] == "check_failed"
    assert done.stats()["check/failed"] == "failed"
    assert "failed is 0.1111" in report(done)["verdict"]
    assert len(done.snapshot()) == COUNT
    assert crawl.query("select close_reason, exit_code from runs") == [{"close_reason": "check_failed", "exit_code": 4}]


def test_a_threshold_is_moved_by_a_setting(crawl: Crawler, site: RunningReplica) -> None:
    site.set_faults({"id": ids(site)[:10], "route": "detail", "kind": "400"})
    assert crawl(site, N8N_SCRAPER_CHECKS="failed<=0.2").code == 0
    refused = crawl(site, N8N_SCRAPER_CHECKS="fialed<=0.2")
    assert refused.code == 1
    assert "did you mean failed?" in refused.said


def test_a_changed_structure_stops_the_crawl_and_stores_no_hole(
    crawl: Crawler, site: RunningReplica, tmp_path: Path
) -> None:
    site.set_faults({"route": "detail", "requests": [60, 10_000], "kind": "without", "field": "workflow.categories"})
    job = {"JOBDIR": tmp_path / "job", **CHECKED}
    done = crawl(site, **job)
    assert done.code == 4, done.said
    assert "categories of the detail answer was there in " in done.said
    assert done.stats()["finish_reason"] == "structure_drift"
    assert done.stats()["drift/fields"] == "detail/categories"
    stored = crawl.query("select id, categories from observed")
    assert 50 <= len(stored) < COUNT
    assert all(row["categories"] for row in stored)
    assert {row["id"] for row in stored} == {row["id"] for row in crawl.query("select id from job_ids where is_done")}
    sections = report(done)["sections"]
    assert {row["check"]: row["verdict"] for row in sections["checks"]["checks"]}["structure"] == "failed"
    [withheld] = sections["outcomes"]["withheld"]
    assert len(withheld["ids"]) >= 10
    assert {row["reason"]: row["ids"] for row in sections["left"]["left"]} == {
        "withheld, for the structure had changed": withheld["ids"],
        "not asked": [id for id in ids(site) if id not in {*withheld["ids"], *(row["id"] for row in stored)}],
    }

    again = crawl(site, **job)  # what was usual is known from the ledger now: nothing is stored
    assert again.code == 4, again.said
    assert len(crawl.query("select id from observed")) == len(stored)

    site.set_faults()
    mended = crawl(site, **job)
    assert mended.code == 0, mended.said
    assert len(mended.snapshot()) == COUNT
    assert all(row["categories"] for row in mended.snapshot())


def test_a_page_whose_structure_changes_in_mid_crawl_stops_the_crawl(crawl: Crawler, new_replica: NewReplica) -> None:
    """Where robots.txt closes the API, the pages are all there is."""
    site = new_replica(count=COUNT, icons=0, traps=0, api_robots="closed")
    renamed = {"route": "page", "kind": "without", "field": "/workflows/categories/"}
    site.set_faults({**renamed, "requests": [66, 10_000]})  # robots.txt twice, the sitemap, then pages
    done = crawl(site, **CHECKED)
    assert done.code == 4, done.said
    assert "categories of the page answer was there in " in done.said
    stats = done.stats()
    assert (stats["finish_reason"], stats["drift/fields"]) == ("structure_drift", "page/categories")
    stored = crawl.query("select id, categories from observed")
    assert 50 <= len(stored) < COUNT
    assert all(row["categories"] for row in stored)
    [withheld] = report(done)["sections"]["outcomes"]["withheld"]
    assert len(withheld["ids"]) == stats["drift/withheld_count"] >= 10
    site.set_faults()
    mended = crawl(site, **CHECKED)
    assert mended.code == 0, mended.said
    assert all(row["categories"] for row in mended.snapshot())


def test_few_gaps_at_the_end_are_stored_and_a_turned_off_check_lets_all_pass(
    crawl: Crawler, site: RunningReplica
) -> None:
    dropped = {"route": "detail", "kind": "without", "field": "workflow.user.username"}
    site.set_faults()
    crawl(site, "limit=60", **CHECKED)
    last, *rest = reversed(ids(site))
    site.set_faults({**dropped, "field": "workflow.user.name", "id": last})
    one = crawl(site, f"ids={last}", **CHECKED)
    assert one.code == 0, one.said
    site.set_faults(dropped)
    few = crawl(site, "ids=" + ",".join(map(str, rest[:5])), **CHECKED)
    assert few.code == 4, few.said
    off = crawl(site, "ids=" + ",".join(map(str, rest[:5])), N8N_SCRAPER_CHECKS="structure=off")
    assert off.code == 0, off.said
    rows = crawl.query("select author_username from observed where id = any(%s)", rest[:5])
    assert [row["author_username"] for row in rows] == [None] * 5
