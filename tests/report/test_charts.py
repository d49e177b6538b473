"""Charts as a browser draws them."""

from __future__ import annotations

import re

from n8n_scraper.report.charts import chart
from n8n_scraper.report.document import Bars, Line, Part


def test_a_line_begins_at_the_left_with_its_first_value_and_fills_its_place() -> None:
    drawn = chart(Line("rate", "Rate", "rate", ((10.0, 5.0), (20.0, 10.0)), limit=2.5, limit_label="promised"))
    assert 'class="line" d="M0.0 100.0 L500.0 100.0 L1000.0 0.0"' in drawn
    assert 'class="limit" d="M0 150.0 H1000"' in drawn


def test_a_bar_is_as_long_as_its_share_is_seen_when_small_and_ends_where_its_place_does() -> None:
    parts = (Part("half", 50), Part("few", 0.1), Part("none", 0), Part("more than all", 300))
    drawn = chart(Bars("bars", "Bars", "count", parts, of=100))
    assert re.findall(r'x="0.0" y="0" width="([^"]+)"', drawn) == ["500.0", "4.0", "0.0", "1000.0"]
