"""``scrapy crawl``: Scrapy's own command, with our errors, exit codes, and the snapshot when the crawl has ended."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from n8n_scraper.exceptions import NothingToDo, StartError
from n8n_scraper.exit_codes import FAULT, exit_code
from n8n_scraper.export.selection import Selection
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.project import load_config
from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)
_NO_SNAPSHOT = frozenset({"shutdown", "dry_run", "store_unavailable", "disk_full", None})
"""Close reasons after which the former snapshot stays: a signal wants a quick end, a broken store has none."""


class Command(ScrapyCrawl):
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [WorkflowsSpider.name]:
            raise UsageError(
                f"Give one spider, {WorkflowsSpider.name}, and no other words; got: {' '.join(args) or '-'}"
            )
        try:
            load_config(self.settings)
            self.exitcode = self._crawl(opts)
        except NothingToDo as message:
            print(f"n8n_scraper: {message}")
        except StartError as error:
            print(f"n8n_scraper: {error}", file=sys.stderr)
            self.exitcode = FAULT

    def _crawl(self, opts: argparse.Namespace) -> int:
        assert self.crawler_process is not None
        crawler = self._create_crawler(WorkflowsSpider.name)
        task: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        if task.done() and not task.cancelled() and task.exception() is not None:
            raise task.exception()
        spider: Any = crawler.spider
        reason = crawler.stats.get_value("finish_reason")
        try:
            if reason not in _NO_SNAPSHOT:
                _write_snapshot(spider)
        finally:
            spider.session.close()
        return exit_code(reason)


def _write_snapshot(spider: WorkflowsSpider) -> None:
    config = spider.config
    snapshot = write_snapshot(
        spider.session.dsn,
        Path(config.export_dir),
        selection=Selection(include_paid=config.export_paid),
        csv_defuse=config.csv_defuse_formulas,
        run_id=spider.run_id,
    )
    done = "written to" if snapshot.is_new else "unchanged in"
    logger.info("Snapshot of %d rows %s %s", snapshot.manifest.rows, done, config.export_dir)
