"""``scrapy preflight``: whether a crawl could start now. One line each, exit code 1 when it could not."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from n8n_scraper.command import ProjectCommand
from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.preflight.checks import (
    Finding,
    check_disk,
    check_exports,
    check_rate,
    check_robots,
    check_store,
    check_workers,
)
from n8n_scraper.preflight.robots import RobotsSpider
from n8n_scraper.project import load_config
from n8n_scraper.store.database import running_store
from n8n_scraper.store.session import Session


class Command(ProjectCommand):
    requires_project = True
    requires_crawler_process = True

    def short_desc(self) -> str:
        return "Tell whether a crawl could start now: store, disk, robots.txt, rate, workers, exports"

    def long_desc(self) -> str:
        return "Asks the site for its two robots.txt and for nothing else, at the promised rate."

    def act(self, args: list[str], opts: argparse.Namespace) -> int:
        config = load_config(self.settings)
        verdicts = [_tell(finding) for finding in self._findings(config)]
        return FAULT if "FAIL" in verdicts else 0

    def _findings(self, config: Config) -> Iterator[Finding]:
        with ExitStack() as stack:
            session: Session | None = None
            try:
                dsn = stack.enter_context(running_store(config))
                finding = check_store(dsn, config)
                if finding.verdict == "ok":  # one that is behind is left as it is, and its tables are not read
                    session = Session(config, dsn, stack)
            except StartError as error:
                finding = Finding("FAIL", "store", str(error))
            yield finding
            yield check_disk(Path(config.data_dir))
            yield check_disk(Path(config.export_dir))
            if session is None:
                state = "cannot be used" if finding.verdict == "FAIL" else "is not up to date"
                said = f"not asked: all processes of a store share one rate, and the store {state}"
                yield Finding("warn", "robots", said)
            else:
                yield from self._ask(config, session)
                yield from session.call(lambda cursor: list(check_workers(cursor)))
        yield check_exports(Path(config.export_dir))

    def _ask(self, config: Config, session: Session) -> Iterable[Finding]:
        assert self.crawler_process is not None
        crawler = self.crawler_process.create_crawler(RobotsSpider)
        task: Any = self.crawler_process.crawl(crawler, session=session)
        self.crawler_process.start()
        if task.done() and not task.cancelled() and task.exception() is not None:
            raise task.exception()
        spider = crawler.spider
        assert isinstance(spider, RobotsSpider)
        return [*check_robots(spider.verdicts, config), check_rate(spider.rate_in_force, config)]


def _tell(finding: Finding) -> str:
    print(f"{finding.verdict:<5}{finding.what:<9}{finding.said}", flush=True)
    return finding.verdict
