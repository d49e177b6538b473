"""``scrapy reparse``: derive all rows again from the stored answers, after a parser or the score changed."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from n8n_scraper.command import ProjectCommand
from n8n_scraper.pipelines.quality import apply_score
from n8n_scraper.project import load_config
from n8n_scraper.site.addresses import Site
from n8n_scraper.store.database import connect, open_database
from n8n_scraper.store.reparse import reparse


class Command(ProjectCommand):
    requires_project = True

    def short_desc(self) -> str:
        return "Derive all rows again from the stored answers, without traffic"

    def act(self, args: list[str], opts: argparse.Namespace) -> None:
        config = load_config(self.settings)
        rescore = partial(apply_score, weights=config.quality_weights)
        with open_database(config) as dsn:
            connection = connect(dsn)
            try:
                with connection, connection.cursor() as cursor:
                    site = Site(config.site_url, config.api_url)
                    done = reparse(cursor, site, rescore, _tell, redact=config.redact_secrets)
            finally:
                connection.close()
        cleaned = f" Secrets were taken out of {done.cleaned_versions} former versions." * bool(done.cleaned_versions)
        print(f"{done.rows} rows derived again, {done.changed} of them differ now.{cleaned}")


def _tell(rows: int) -> None:
    if rows % 1000 == 0:
        print(f"{rows} rows …", file=sys.stderr)
