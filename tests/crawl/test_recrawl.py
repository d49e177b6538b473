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
    assert [summary[name] for name in ("stored", "complete", "failed")] == [20, 8, 12]
    statuses = made["sections"]["outcomes"]["statuses"]
    assert (statuses["this run"]["failed"], statuses["row"]["complete"]) == (12, 20)
    assert "12 workflows that came then failed now" in told(
        crawl, Report(), "--compare", before, second.run_folder.name
    )
    compared = json.loads((second.run_folder / f"compare-{before}.json").read_text(encoding="utf-8"))["sections"]
    [complete] = [row for row in compared["figures"]["figures"] if row["figure"] == "complete"]
    assert (complete["first"], complete["second"]) == (20, 8)
