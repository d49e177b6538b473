"""Charts as a browser draws them."""

from __future__ import annotations

from n8n_scraper.report.charts import chart
from n8n_scraper.report.document import Line


def test_a_line_begins_at_the_left_with_its_first_value_and_fills_its_place() -> None:
    drawn = chart(Line("rate", "Rate", "rate", ((10.0, 5.0), (20.0, 10.0)), limit=2.5, limit_label="promised"))
    assert 'class="line" d="M0.0 100.0 L500.0 100.0 L1000.0 0.0"' in drawn
    assert 'class="limit" d="M0 150.0 H1000"' in drawn
