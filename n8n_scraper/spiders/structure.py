"""Holds back rows that lack what answers always had, and stops the crawl when the site has changed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from n8n_scraper import stats
from n8n_scraper.checks import read_checks
from n8n_scraper.drift import DriftWatch, Field, Held, Tally
from n8n_scraper.items import WorkflowItem
from n8n_scraper.layers.presence import fields_of
from n8n_scraper.visit import Visit

if TYPE_CHECKING:
    from n8n_scraper.spiders.workflows import WorkflowsSpider

logger = logging.getLogger(__name__)
STRUCTURE = "structure"
"""Name of the check."""


class StructureWatch:
    """``tallies`` is what earlier runs saw; when the check is turned off, it only counts."""

    def __init__(self, spider: WorkflowsSpider, tallies: Mapping[Field, Tally]) -> None:
        is_on = any(check.name == STRUCTURE for check in read_checks(spider.config.checks))
        self._spider = spider
        self._stats = spider.crawler.stats
        self._watch: DriftWatch[WorkflowItem] = DriftWatch(tallies, is_on=is_on)
        self._stats.set_value(stats.DRIFT_COUNT, 0)

    @property
    def held_count(self) -> int:
        return len(self._watch.held)

    def sift(self, visit: Visit, item: WorkflowItem) -> Iterator[WorkflowItem]:
        """Rows that may be stored now that this one has come: none, this one, or those held back before it too."""
        yield from self._pass_on(self._watch.take(fields_of(visit.answers, visit.failures), item))

    def settle(self) -> Iterator[WorkflowItem]:
        """The same when nothing is left but what is held back."""
        yield from self._pass_on(self._watch.settle())

    def _pass_on(self, released: list[Held[WorkflowItem]]) -> Iterator[WorkflowItem]:
        for held in released:
            for (source, name), is_there in held.fields.items():
                stat = stats.FIELD_THERE_COUNT if is_there else stats.FIELD_MISSING_COUNT
                self._stats.inc_value(stat.format(source, name))
            yield held.row
        if self._watch.drifted:
            self._stop()

    def _stop(self) -> None:
        drifted = sorted(self._watch.drifted)
        if not self._stats.get_value(stats.DRIFT_COUNT):
            logger.error(
                "The site's answers have changed: %s. None of these is stored. If the site means it so, set"
                " N8N_SCRAPER_CHECKS=structure=off.",
                "; ".join(map(self._sentence, drifted)),
            )
        self._stats.set_value(stats.DRIFT_COUNT, len(drifted))
        self._stats.set_value(stats.DRIFT_FIELDS, ", ".join(f"{source}/{name}" for source, name in drifted))
        self._stats.set_value(stats.DRIFT_WITHHELD_COUNT, self.held_count)
        self._stats.set_value(
            stats.DRIFT_WITHHELD_IDS, ",".join(map(str, sorted(held.row.id for held in self._watch.held)))
        )
        self._spider.stop("structure_drift")

    def _sentence(self, field: Field) -> str:
        tally, lacking = self._watch.tallies[field], self._watch.missing(field)
        shown = ", ".join(str(item.id) for item in lacking[:5]) + (" …" if len(lacking) > 5 else "")
        return (
            f"{field[1]} of the {field[0]} answer was there in {tally.there} of {tally.there + tally.missing} and is"
            f" missing in the last {len(lacking)} (workflows {shown})"
        )
