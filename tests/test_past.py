"""The past of a workflow in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from n8n_scraper.past import Past, Version, as_json, as_text

FIRST = datetime(2026, 11, 1, 6, 15, tzinfo=timezone.utc)
ROW: dict[str, Any] = {
    "id": 1954,
    "name": "Mail\x1b[31m to Sheets",
    "url": "https://n8n.io/workflows/1954-mail/",
    "author_name": None,
    "author_username": "ann",
    "crawl_status": "gone",
    "first_seen_at": FIRST,
    "scraped_at": FIRST + timedelta(days=2),
    "gone_at": FIRST + timedelta(days=3),
}
VERSIONS = [
    Version(1, "api", "a" * 64, FIRST, FIRST + timedelta(hours=1), FIRST + timedelta(days=1), [], False),
    Version(2, "api", "b" * 64, FIRST + timedelta(days=1), None, None, ["node Mail: renamed"], True),
]
SEEN = [
    {"observed_at": FIRST, "views": None, "recent_views": None, "is_paid": None, "price_usd": None},
    {"observed_at": FIRST, "views": 1234, "recent_views": 0, "is_paid": False, "price_usd": 0.0},
    {"observed_at": FIRST, "views": 1235, "recent_views": None, "is_paid": True, "price_usd": None},
    {"observed_at": FIRST, "views": 1236, "recent_views": None, "is_paid": True, "price_usd": 1250.0},
]


def test_text() -> None:
    lines = as_text(Past(ROW, VERSIONS, SEEN)).split("\n")
    assert "\x1b" not in lines[0]
    assert lines[1:] == [
        "    https://n8n.io/workflows/1954-mail/, by unknown (@ann)",
        "    gone, first seen 2026-11-01 06:15, last 2026-11-03 06:15, gone since 2026-11-04 06:15",
        "versions",
        "    2  2026-11-02 06:15 in force, bbbbbbbbbbbb",
        "         node Mail: renamed",
        "    1  2026-11-01 06:15 to 2026-11-02 06:15, seen last 2026-11-01 07:15, aaaaaaaaaaaa, JSON not in the store",
        "views and price",
        "    2026-11-01 06:15  unknown views, price unknown",
        "    2026-11-01 06:15  1,234 views (0 recent), free",
        "    2026-11-01 06:15  1,235 views, paid",
        "    2026-11-01 06:15  1,236 views, $1,250.00",
    ]


def test_text_of_one_that_never_had_content() -> None:
    row = {**ROW, "crawl_status": "failed", "scraped_at": None, "gone_at": None}
    lines = as_text(Past(row, [], [])).split("\n")
    assert lines[2] == "    failed, first seen 2026-11-01 06:15, last never"
    assert lines[4] == "    none: it never had content"


def test_for_programs_versions_are_objects() -> None:
    told = as_json(Past(ROW, VERSIONS, SEEN))
    assert told["id"] == 1954
    assert [version["version"] for version in told["versions"]] == [1, 2]
    assert told["observations"] == SEEN
