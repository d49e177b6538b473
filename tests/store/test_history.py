"""Former versions in a real Postgres."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from n8n_scraper.past import Past
from n8n_scraper.store.history import keep_former, read_content, read_past, redact_former
from n8n_scraper.store.rows import write_batch
from n8n_scraper.visit import failed_row

from .test_rows import THEN, connection, crawled, table, write

__all__ = ["connection"]
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def past(connection: Any, id: int = 1) -> Past:
    with connection, connection.cursor() as cursor:
        found = read_past(cursor, id)
    assert found is not None
    return found


def name_of(connection: Any, version: int) -> str | None:
    with connection, connection.cursor() as cursor:
        content = read_content(cursor, 1, version)
    return content.name if content else None


def test_a_changed_workflow_keeps_what_it_was(connection: Any) -> None:
    write(connection, crawled(1), crawled(2))
    write(connection, crawled(1, views=9, totalViews=9), days=1)
    write(connection, crawled(1, name="Another"), crawled(2), days=2)
    write(connection, crawled(1, name="A third"), days=3)
    times = [
        (v.version, (v.seen_from - THEN).days, v.seen_to and (v.seen_to - THEN).days) for v in past(connection).versions
    ]
    assert times == [(1, 0, 2), (2, 2, 3), (3, 3, None)]
    assert past(connection).versions[0].last_seen_at == THEN + timedelta(days=1)
    assert [v.differences for v in past(connection).versions] == [
        [],
        ["name: “Workflow 1” → “Another”"],
        ["name: “Another” → “A third”"],
    ]
    assert len({v.content_hash for v in past(connection).versions}) == 3
    assert [seen["views"] for seen in past(connection).observations] == [5, 9, 5]
    assert [len(past(connection, 2).versions), len(table(connection, "former_versions"))] == [1, 2]
    assert [name_of(connection, n) for n in (1, 2, 3, 4)] == ["Workflow 1", "Another", "A third", None]
    with connection, connection.cursor() as cursor:
        content = read_content(cursor, 1, 1)
    assert content is not None
    assert content.workflow == crawled(1).workflow


def test_what_brings_no_other_content_makes_no_version(connection: Any) -> None:
    write(connection, crawled(1))
    write(connection, crawled(1), days=1)
    write(connection, failed_row(1, (1, 2, 3), "run", "server", "status 503"), days=2)
    assert table(connection, "former_versions") == []


@pytest.mark.parametrize(("kept", "left"), [(None, [1, 2, 3]), (2, [2, 3]), (0, [])])
def test_retention_drops_the_oldest_json_and_keeps_what_is_known_of_it(
    connection: Any, kept: int | None, left: list[int]
) -> None:
    for day in range(4):
        with connection, connection.cursor() as cursor:
            item = crawled(1, name=f"v{day}")
            write_batch(cursor, [item], THEN + timedelta(days=day), lambda _: None, kept_versions=kept)
    assert [v.version for v in past(connection).versions if v.has_json] == [*left, 4]
    assert [v.differences for v in past(connection).versions[1:]] == [[f"name: “v{n}” → “v{n + 1}”"] for n in range(3)]


def test_secrets_found_later_leave_former_versions_too(connection: Any) -> None:
    write(connection, crawled(1, name=f"Key {TOKEN}"))
    write(connection, crawled(1, name="Clean"), days=1)
    write(connection, crawled(1, name="Cleaner"), days=2)
    with connection, connection.cursor() as cursor:
        assert redact_former(cursor) == 1
        assert redact_former(cursor) == 0
    assert name_of(connection, 1) == "Key [REDACTED:github]"
    assert past(connection).versions[1].differences == ["name: “Key [REDACTED:github]” → “Clean”"]
    assert name_of(connection, 2) == "Clean"


def test_another_crawl_that_stored_the_same_change_first_leaves_one_version(connection: Any) -> None:
    """The hashes were looked up before it committed."""
    write(connection, crawled(1))
    write(connection, crawled(1, name="Another"), days=1)
    with connection, connection.cursor() as cursor:
        keep_former(cursor, [(crawled(1, name="Another"), THEN)], THEN + timedelta(days=1), kept=None)
    assert len(table(connection, "former_versions")) == 1
