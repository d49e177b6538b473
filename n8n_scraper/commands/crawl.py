"""``scrapy crawl``: Scrapy's own command, with our errors, exit codes, and the snapshot when the crawl has ended."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT, exit_code
from n8n_scraper.export.snapshot import refresh_snapshot
from n8n_scraper.project import load_config
from n8n_scraper.spiders.workflows import WorkflowsSpider

_NO_SNAPSHOT = frozenset({"shutdown", "dry_run", "store_unavailable", "disk_full", None})
"""Close reasons after which the former snapshot stays: a signal wants a quick end, a broken store gives no whole one.
"""


class Command(ScrapyCrawl):
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [WorkflowsSpider.name]:
            raise UsageError(
                f"Give one spider, {WorkflowsSpider.name!r}, and no other words; got: {' '.join(args) or 'none'}"
            )
        try:
            self.exitcode = self._crawl(opts, load_config(self.settings))
        except StartError as error:
            print(f"n8n_scraper: {error}", file=sys.stderr)
            self.exitcode = FAULT

    def _crawl(self, opts: argparse.Namespace, config: Config) -> int:
        assert self.crawler_process is not None
        crawler = self._create_crawler(WorkflowsSpider.name)
        task: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        if task.done() and not task.cancelled() and task.exception() is not None:
            raise task.exception()
        reason = crawler.stats.get_value("finish_reason")
        if reason not in _NO_SNAPSHOT:
            refresh_snapshot(config, run_id=crawler.spider.run_id)
        return exit_code(reason)
