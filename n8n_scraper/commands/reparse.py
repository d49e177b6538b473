"""``scrapy reparse``: derive all rows again from the stored answers, after a parser or the score changed."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from n8n_scraper.exceptions import StartError
from n8n_scraper.exit_codes import FAULT
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.database import connect, open_database
from n8n_scraper.store.reparse import reparse


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def short_desc(self) -> str:
        return "Derive all rows again from the stored answers, without traffic"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            raise UsageError(f"scrapy reparse takes no words; got: {' '.join(args)}")
        try:
            self._reparse()
        except StartError as error:
            print(f"n8n_scraper: {error}", file=sys.stderr)
            self.exitcode = FAULT

    def _reparse(self) -> None:
        config = load_config(self.settings)
        rescore = partial(apply_score, weights=config.quality_weights)
        with open_database(config) as dsn:
            connection = connect(dsn)
            try:
                with connection, connection.cursor() as cursor:
                    done = reparse(cursor, Site(config.site_url, config.api_url), rescore, _tell)
            finally:
                connection.close()
        print(f"{done.rows} rows derived again, {done.changed} of them differ now.")


def _tell(rows: int) -> None:
    if rows % 1000 == 0:
        print(f"{rows} rows …", file=sys.stderr)
