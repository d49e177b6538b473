"""What a crawl works off, as :mod:`n8n_scraper.spiders.preparation` found it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from n8n_scraper.drift import Field, Tally
from n8n_scraper.frontier import Pending
from n8n_scraper.plan import Plan
from n8n_scraper.site.addresses import Site
from n8n_scraper.visit import Wanted


@dataclass(slots=True, kw_only=True)
class Prepared:
    """Ids that are left, how to ask for them, and what is known of them already."""

    site: Site
    pending: list[Pending]
    plan: Plan
    sentence: str
    layers: tuple[int, ...]
    api_open: bool = True
    stored: list[int] = field(default_factory=list)
    """Ids whose row is stored: only stages are left of them, and the site is not asked."""
    put_off: list[datetime] = field(default_factory=list)
    """Times that ids of the job wait for, too far away for this run."""
    asked_site: bool = True
    """robots.txt and the sitemap were asked for."""
    saw_sitemap: bool = False
    addresses: dict[int, str] = field(default_factory=dict)
    prices: dict[int, tuple[bool, float]] = field(default_factory=dict)
    stored_layers: dict[int, frozenset[int]] = field(default_factory=dict)
    tallies: dict[Field, Tally] = field(default_factory=dict)
    """How often earlier answers had each field."""
    good_id: int | None = None
    """A workflow that was there when it was last asked for, and is not asked for now."""

    @property
    def found(self) -> str:
        """What robots.txt and sitemap said, for ``dry_run``."""
        if not self.asked_site:
            return "The store has what is needed: the site is asked for nothing."
        api = "opens the API" if self.api_open else "closes the API: no workflow JSON"
        listed = (
            f"the sitemap lists {len(self.addresses)} workflows" if self.saw_sitemap else "the sitemap is not readable"
        )
        return f"robots.txt {api}; {listed}."

    def wanted(self, id: int) -> Wanted:
        ref = self.site.read(self.addresses.get(id, ""))
        return Wanted(
            layers=self.layers,
            stored_layers=self.stored_layers.get(id, frozenset()),
            address=self.addresses.get(id),
            slug=ref.slug if ref else None,
            is_listed=id in self.addresses if self.saw_sitemap else None,
            price=self.prices.get(id),
            api_open=self.api_open,
        )
