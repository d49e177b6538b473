"""Replaces secrets before anything is scored, stored or exported. Logs how many and where, never what."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from n8n_scraper import stats
from n8n_scraper.items import WorkflowItem
from n8n_scraper.printable import printable
from n8n_scraper.project import load_config
from n8n_scraper.redaction.row import redact_row
from n8n_scraper.site.addresses import Site

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from typing_extensions import Self

    from n8n_scraper.redaction.answer import Finding

logger = logging.getLogger(__name__)
SHOWN_PATHS, MAX_SHOWN = 3, 500


class RedactionPipeline:
    def __init__(self, crawler: Crawler, site: Site) -> None:
        self._crawler = crawler
        self._site = site

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        config = load_config(crawler.settings)
        if not config.redact_secrets:
            raise NotConfigured("N8N_SCRAPER_REDACT_SECRETS is off: secrets are stored, and redaction_count is null.")
        return cls(crawler, Site(config.site_url, config.api_url))

    def process_item(self, item: WorkflowItem) -> WorkflowItem:
        if item.answer is not None and (findings := redact_row(item, self._site).findings):
            kinds = Counter(finding.kind for finding in findings)
            for kind, count in kinds.items():
                self._crawler.stats.inc_value(stats.REDACTION_COUNT.format(kind), count)
            self._crawler.stats.inc_value(stats.REDACTED_WORKFLOW_COUNT)
            logger.info("Workflow %d: %d secrets redacted (%s) at %s", item.id, len(findings), *_told(kinds, findings))
        return item


def _told(kinds: Counter[str], findings: list[Finding]) -> tuple[str, str]:
    counts = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
    paths = list(dict.fromkeys(finding.path for finding in findings))
    more = f" and {len(paths) - SHOWN_PATHS} more" if len(paths) > SHOWN_PATHS else ""
    return counts, printable(", ".join(paths[:SHOWN_PATHS]), MAX_SHOWN) + more
