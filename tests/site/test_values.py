from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.site.timestamps import read_timestamp
from n8n_scraper.site.values import read_count, read_label, read_price

NOON = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-01T12:00:00Z", NOON),
        ("2025-06-01T12:00:00.000Z", NOON),
        ("2025-06-01t12:00:00z", NOON),
        ("2025-06-01 14:00:00+0200", NOON),
        ("2025-06-01T14:00:00+02:00", NOON),
        ("2025-06-01T12:00:00.123456789Z", NOON.replace(microsecond=123_456)),
        ("2025-06-01T12:00:00.5Z", NOON.replace(microsecond=500_000)),
        ("2025-06-01T12:00:00", None),  # a time without a zone is no point in time
        ("2025-06-01", None),
        ("2025-13-01T12:00:00Z", None),
        ("2025-06-01T25:00:00Z", None),
        ("2025-06-01T12:00:00+99:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2014-12-31T23:59:59Z", None),
        ("٢٠٢٥-06-01T12:00:00Z", None),
        ("", None),
        (None, None),
        (1748779200, None),
    ],
)
def test_read_timestamp(text: Any, expected: datetime | None) -> None:
    assert read_timestamp(text) == expected


def test_a_date_over_a_day_ahead_is_none() -> None:
    assert read_timestamp("2025-06-01T12:00:00Z", now=NOON - timedelta(hours=23)) == NOON
    assert read_timestamp("2025-06-01T12:00:00Z", now=NOON - timedelta(hours=25)) is None


@given(st.text(alphabet="0123456789-:+.TZ ", max_size=40) | st.text())
def test_any_text_is_a_time_or_none(text: str) -> None:
    read_timestamp(text, now=NOON)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("  Ada ", "Ada"), ("", None), (" ", None), ("x" * 255, "x" * 255), ("x" * 256, None), (3, None), (None, None)],
)
def test_read_label(value: Any, expected: str | None) -> None:
    assert read_label(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, 0), (5, 5), (2**63 - 1, 2**63 - 1), (2**63, None), (-1, None), (True, None), (1.0, None), ("5", None)],
)
def test_read_count(value: Any, expected: int | None) -> None:
    assert read_count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (20, 20.0),
        (19.99, 19.99),
        ("20", 20.0),
        (" 19.5 ", 19.5),
        ("0", 0.0),
        ("$20", None),
        ("1e3", None),
        (-1, None),
        (10**7, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**400, None),
        (True, None),
        (None, None),
        ([20], None),
    ],
)
def test_read_price(value: Any, expected: float | None) -> None:
    assert read_price(value) == expected
