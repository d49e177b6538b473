"""Crawls of what is stored already, and of a site that is not what it was: every figure is of the run it names."""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from n8n_scraper.commands.report import Command as Report
from n8n_scraper.commands.status import Command as Status
from n8n_scraper.replica.process import RunningReplica

from .conftest import Crawl, Crawler

NewReplica = Callable[..., RunningReplica]


def told(crawl: Crawler, command: ScrapyCommand, *words: str) -> str:
    """What a command says, in another process than the crawl's."""
    command.settings = Settings({"DATABASE_URL": crawl.database_url, "N8N_SCRAPER_EXPORT_DIR": str(crawl.folder)})
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, rest = parser.parse_known_args(words)
    with redirect_stdout(io.StringIO()) as said:
        command.run(rest, options)
    assert command.exitcode == 0
    return said.getvalue()


def report(done: Crawl) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((done.run_folder / "report.json").read_text(encoding="utf-8"))
    return document


def test_a_recrawl_that_fails_is_told_as_failed_everywhere(crawl: Crawler, new_replica: NewReplica) -> None:
    site = new_replica(count=20, traps=0, icons=0)
    first = crawl(site)
    assert first.code == 0, first.said
    before = first.run_folder.name
    broken = sorted(row["id"] for row in site.library() if row["listed"])[:12]
    site.set_faults({"route": "detail", "kind": "400", "id": broken})
    second = crawl(site, "refresh=all", "page=no")
    assert second.code == 0, second.said
    assert [row["crawl_status"] for row in crawl.query("select crawl_status from observed")] == ["complete"] * 20
    assert "20 of 20 workflows: complete 8 · partial 0 · gone 0 · failed 12" in second.said
    stats = second.stats()
    assert (stats["workflow/item_count/complete"], stats["workflow/item_count/failed"]) == (8, 12)
    metrics = (second.run_folder / "metrics.prom").read_text(encoding="utf-8")
    assert 'n8n_scraper_workflow_item_total{crawl_status="complete"} 8.0' in metrics
    assert 'n8n_scraper_workflow_item_total{crawl_status="failed"} 12.0' in metrics

    checkpoint, text = json.loads(told(crawl, Status(), "--json")), told(crawl, Status())
    assert (checkpoint["successful"], checkpoint["failed"]) == (8, 12)
    assert "complete 8 · partial 0 · gone 0 · failed 12" in text
    assert re.search(r"quality +mean \d+\.\d · excellent 8\n", text), "of the 8 that it brought"

    made = report(second)
    assert "8 complete, 12 failed." in made["verdict"]
    summary = made["sections"]["summary"]["summary"]
    assert [summary[name] for name in ("visited", "complete", "failed")] == [20, 8, 12]
    statuses = made["sections"]["outcomes"]["statuses"]
    assert (statuses["this run"]["failed"], statuses["row"]["complete"]) == (12, 20)
    assert "12 workflows that came then failed now" in told(
        crawl, Report(), "--compare", before, second.run_folder.name
    )
    compared = json.loads((second.run_folder / f"compare-{before}.json").read_text(encoding="utf-8"))["sections"]
    [complete] = [row for row in compared["figures"]["figures"] if row["figure"] == "complete"]
    assert (complete["first"], complete["second"]) == (20, 8)


def test_a_site_where_nothing_is_there_any_more_is_no_good_crawl(crawl: Crawler, new_replica: NewReplica) -> None:
    site = new_replica(count=25, traps=0, icons=0)
    checked = {"N8N_SCRAPER_CHECKS": ""}
    listed = sorted(row["id"] for row in site.library() if row["listed"])
    site.set_faults({"route": "detail", "kind": "404"})
    whole = crawl(site, **checked)
    assert whole.code == 4, whole.said
    assert "gone is 1, must be <= 0.05 (share/gone)" in whole.said
    assert (whole.stats()["run/listed_count"], whole.stats()["run/unlisted_count"]) == (25, 0)

    given = "ids=" + ",".join(map(str, listed))
    site.set_faults({"route": ["sitemap", "sitemap_index"], "kind": "404"}, {"route": "detail", "kind": "404"})
    known = crawl(site, given, "refresh=all", **checked)
    assert known.code == 0, "all of them were gone before: nothing tells that they should be there"
    assert "25 of 25 workflows are gone" not in known.said
    crawl.query("truncate observed cascade")
    unknown = crawl(site, given, **checked)
    assert unknown.code == 4, unknown.said
    assert "gone/unlisted is 1, must be <= 0.5 (share/gone_unlisted)" in unknown.said
    assert "25 of 25 workflows are gone, and no sitemap was read" in unknown.said
    few = crawl(site, "refresh=all", f"ids={listed[0]},999999", **checked)
    assert few.code == 0
    verdicts = {row["check"]: row["verdict"] for row in report(few)["sections"]["checks"]["checks"]}
    assert (verdicts["gone"], verdicts["gone/unlisted"]) == ("not judged", "not judged")
