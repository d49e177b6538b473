"""What is known of each workflow before a crawl asks for it."""

from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.plan import make_plan
from n8n_scraper.site.addresses import Site
from n8n_scraper.spiders.prepared import Prepared

ADDRESS = "https://n8n.io/workflows/7-send-a-mail/"


def prepared(**fields: Any) -> Prepared:
    plan = make_plan(ids=1, layers=(1, 2, 3), page="auto", api_open=True, library_size=None, sitemap_requests=0)
    usual: dict[str, Any] = {"site": Site("https://n8n.io", "https://api.n8n.io"), "pending": [], "plan": plan}
    return Prepared(**{**usual, "sentence": "", "layers": (1, 2, 3), **fields})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"asked_site": False}, "The store has what is needed: the site is asked for nothing."),
        ({}, "robots.txt opens the API; the sitemap is not readable."),
        (
            {"api_open": False, "saw_sitemap": True, "addresses": {7: ADDRESS}},
            "robots.txt closes the API: no workflow JSON; the sitemap lists 1 workflows.",
        ),
    ],
)
def test_what_robots_and_sitemap_said(fields: dict[str, Any], sentence: str) -> None:
    assert prepared(**fields).found == sentence


def test_a_workflow_is_listed_or_not_only_where_there_was_a_sitemap() -> None:
    seen = prepared(
        saw_sitemap=True, addresses={7: ADDRESS}, prices={7: (True, 20.0)}, stored_layers={7: frozenset({2})}
    )
    known, unknown = seen.wanted(7), seen.wanted(8)
    assert (known.address, known.slug, known.is_listed, known.price) == (ADDRESS, "send-a-mail", True, (True, 20.0))
    assert (known.layers, known.stored_layers, known.api_open) == ((1, 2, 3), {2}, True)
    assert (unknown.address, unknown.slug, unknown.is_listed, unknown.price) == (None, None, False, None)
    assert unknown.stored_layers == frozenset()
    assert prepared().wanted(7).is_listed is None
