"""``scrapy crawl``: Scrapy's own command, with our errors, exit codes, and the snapshot when the crawl has ended."""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError
from w3lib.url import file_uri_to_path

from n8n_scraper.arguments import NAMES, WORK_NAMES
from n8n_scraper.crawler import Crawler
from n8n_scraper.exceptions import DiskFull, NothingToDo, StartError, StoreUnavailable
from n8n_scraper.exit_codes import FAULT, exit_code
from n8n_scraper.export.after_crawl import renew_snapshot
from n8n_scraper.export.take_down import take_down, take_out_of
from n8n_scraper.extensions.run_record import describe, plain_stats
from n8n_scraper.garbage import seldom_collected
from n8n_scraper.given_settings import check_given
from n8n_scraper.project import load_config
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.run_report import run_report
from n8n_scraper.report.write import write_report
from n8n_scraper.run_id import run_folder
from n8n_scraper.spiders.workflows import WorkflowsSpider
from n8n_scraper.store import runs
from n8n_scraper.store.database import open_database
from n8n_scraper.store.forgotten import forgotten_ids

logger = logging.getLogger(__name__)
_NO_SNAPSHOT = frozenset({"shutdown", "dry_run", "planned", "store_unavailable", "disk_full", None})
"""Close reasons after which the former snapshot stays: a signal wants a quick end, a broken store has none."""


class Command(ScrapyCrawl):
    def long_desc(self) -> str:
        return f"The spider is {WorkflowsSpider.name}. With -a it takes {', '.join(NAMES)}: see README.md."

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        super().process_options(args, opts)
        assert self.settings is not None
        check_given(self.settings)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args != [WorkflowsSpider.name]:
            raise UsageError(
                f"Give one spider, {WorkflowsSpider.name}, and no other words; got: {' '.join(args) or 'none'}"
            )
        try:
            load_config(self.settings)
            with seldom_collected():
                self.exitcode = self._crawl(opts)
        except NothingToDo as message:
            print(f"n8n_scraper: {message}")
            self.exitcode = 0 if set(WORK_NAMES) & opts.spargs.keys() else self._renew_snapshot()
        except StartError as error:
            print(f"n8n_scraper: {error}", file=sys.stderr)
            self.exitcode = exit_code("disk_full") if isinstance(error, DiskFull) else FAULT

    def _crawl(self, opts: argparse.Namespace) -> int:
        assert self.crawler_process is not None
        crawler = Crawler(WorkflowsSpider, self.settings)
        self._create_crawler(crawler)  # type: ignore[arg-type]  # Scrapy takes one, and completes it
        task: Any = self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        if task.done() and not task.cancelled() and task.exception() is not None:
            raise task.exception()
        try:
            return _end(crawler)
        finally:
            crawler.spider.session.close()  # type: ignore[union-attr]  # the task has made the spider

    def _renew_snapshot(self) -> int:
        """Of a finished job: its last run may have been killed in its export."""
        config = load_config(self.settings)
        try:
            with open_database(config) as dsn:
                return exit_code(renew_snapshot(config, dsn) or "finished")
        except StartError as error:
            print(f"n8n_scraper: {error}", file=sys.stderr)
            return FAULT


def _end(crawler: Crawler) -> int:
    """Write the snapshot where the close reason allows it; the exit code."""
    spider: Any = crawler.spider
    closed_by = crawler.stats.get_value("finish_reason")
    reason = spider.stop_reason or closed_by
    if reason not in {"store_unavailable", "dry_run"}:
        _take_down_meanwhile(spider)
    if reason not in _NO_SNAPSHOT and spider.arguments.task is None:  # exports are tasks of their own
        reason = renew_snapshot(spider.config, spider.session.dsn, spider.run_id) or reason
    # A snapshot that was interrupted is told by the exit code; the crawl itself came to its end.
    _conclude(crawler, "disk_full" if reason == "disk_full" else closed_by)
    if exit_code(reason) == 0 and any(name.startswith("feedexport/failed_count") for name in crawler.stats.get_stats()):
        raise StartError("A feed of this run could not be written (the log says why); the store has its rows.")
    return exit_code(reason)


def _take_down_meanwhile(spider: Any) -> None:
    """Its feeds hold what they got before ``scrapy forget`` took it down; that one has cleaned what was there then."""
    try:
        ids = spider.session.call(forgotten_ids) - spider.forgotten
    except (psycopg2.Error, StoreUnavailable):
        logger.error("The store does not tell whether a workflow was taken down meanwhile: give scrapy forget again.")
        return
    if ids:
        folder = run_folder(Path(spider.config.export_dir), spider.run_id)
        given = [file_uri_to_path(uri) for uri in spider.settings.getdict("FEEDS") if "%(" not in uri]
        failed = [*take_down(folder, ids).failed, *take_out_of(map(Path, given), ids).failed]
        for sentence in failed:
            logger.error("A workflow that was taken down is still in %s", sentence)


def _conclude(crawler: Crawler, reason: str | None) -> None:
    """Ledger and report, with what is known only now: the last stats, and whether the files could be written."""
    spider: Any = crawler.spider
    if spider.job is None:
        return
    end = runs.End(reason, exit_code(reason), plain_stats(crawler))
    try:
        spider.session.call(partial(runs.correct, run_id=spider.run_id, end=end))
        run = spider.session.call(partial(runs.read, run_id=spider.run_id))
    except (psycopg2.Error, StoreUnavailable):
        logger.error("The ledger has not the end of run %s: the store cannot be written to.", spider.run_id)
        run = None
    run = run or _unrecorded(crawler)
    _report(replace(run, close_reason=reason, exit_code=end.exit_code, stats=end.stats), Path(spider.config.export_dir))


def _unrecorded(crawler: Crawler) -> RunData:
    """What is known of a run without the store."""
    run, counts = describe(crawler), crawler.stats
    began, ended = counts.get_value("start_time"), counts.get_value("finish_time")
    return RunData(
        run_id=run.run_id,
        arguments=run.arguments,
        settings=run.settings,
        versions=run.versions,
        started_at=began,
        ended_at=ended,
    )


def _report(run: RunData, folder: Path) -> None:
    """The crawl is done: a report that cannot be written is told, and takes nothing back."""
    try:
        page, *_ = write_report(run_report(run), run_folder(folder, run.run_id))
    except OSError as error:
        logger.error("The report of the run cannot be written: %s", error)
    else:
        logger.info("Report: %s", page)
