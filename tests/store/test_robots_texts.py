"""robots.txt of a day, for all tasks of a store."""

from __future__ import annotations

from contextlib import closing

from n8n_scraper.store.database import connect
from n8n_scraper.store.robots_texts import note_text, read_text

DAY = 86_400.0


def test_it_holds_for_its_day_and_no_rules_are_told_from_unread(database_url: str) -> None:
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        assert read_text(cursor, "https://n8n.io", DAY) is None
        note_text(cursor, "https://n8n.io", b"User-agent: *\n")
        note_text(cursor, "https://api.n8n.io", None)
        found = [read_text(cursor, origin, DAY) for origin in ("https://n8n.io", "https://api.n8n.io")]
        assert [text and text.body for text in found] == [b"User-agent: *\n", None]
        assert None not in found
        cursor.execute("update robots_texts set read_at = read_at - interval '23 hours'")
        text = read_text(cursor, "https://n8n.io", DAY)
        assert text is not None
        assert 82_000 < text.age < 83_000
        cursor.execute("update robots_texts set read_at = read_at - interval '2 hours'")
        assert read_text(cursor, "https://n8n.io", DAY) is None
        note_text(cursor, "https://n8n.io", b"new")
        text = read_text(cursor, "https://n8n.io", DAY)
        assert text is not None
        assert text.body == b"new"
