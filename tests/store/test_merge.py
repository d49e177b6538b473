from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from n8n_scraper.items import LAYERS, STAGES, WorkflowItem
from n8n_scraper.store.merge import Known, crawl_status, merge
from n8n_scraper.store.rows import OBSERVED

THEN = datetime(2026, 11, 1, tzinfo=timezone.utc)
NOW = THEN + timedelta(days=20)


def item(*statuses: str, source: str | None = "api", content_hash: str | None = "h1", **values: Any) -> WorkflowItem:
    given = dict(zip(LAYERS.values(), statuses, strict=True))
    return WorkflowItem(id=1, source=source, content_hash=content_hash, parser_version="1", **given, **values)


def known(*statuses: str, source: str | None = "api", content_hash: str | None = "h1", **values: Any) -> Known:
    observed: dict[str, Any] = dict.fromkeys(OBSERVED)
    observed |= dict(zip(LAYERS.values(), statuses, strict=True))
    observed |= {**dict.fromkeys(STAGES.values(), "skipped"), "first_seen_at": THEN, "scraped_at": THEN}
    held = frozenset(
        layer
        for layer, status in zip(LAYERS, statuses, strict=True)
        if status in {"ok", "missing"} or (status == "gone" and content_hash)
    )
    return Known(observed | values, source, content_hash, THEN if content_hash else None, held, "1", (None, None))


def rescore(_: WorkflowItem) -> None:
    pass


FAILED = {"source": None, "content_hash": None, "error_kind": "server", "error": "status 503"}


@pytest.mark.parametrize(
    ("new", "old", "status", "layers", "outcome"),
    [
        # first crawl
        (item("ok", "ok", "ok"), None, "complete", ("ok", "ok", "ok"), "new"),
        (item("ok", "missing", "ok"), None, "complete", ("ok", "missing", "ok"), "new"),
        (item("ok", "skipped", "skipped"), None, "complete", ("ok", "skipped", "skipped"), "new"),
        (item("ok", "disallowed", "ok", source="page"), None, "partial", ("ok", "disallowed", "ok"), "new"),
        (item("failed", "failed", "failed", **FAILED), None, "failed", ("failed",) * 3, "none"),
        (item("blocked", "blocked", "blocked", **FAILED), None, "failed", ("blocked",) * 3, "none"),
        (item("gone", "gone", "gone", **FAILED), None, "gone", ("gone",) * 3, "none"),
        # again
        (item("ok", "ok", "ok"), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "unchanged"),
        (item("ok", "ok", "ok", content_hash="h2"), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "changed"),
        # a failure, a block or a skipped layer never replaces a layer that was ok
        (item("failed", "failed", "failed", **FAILED), known("ok", "missing", "ok"), "complete", ("ok", "missing", "ok"), "none"),
        (item("blocked", "blocked", "blocked", **FAILED), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "none"),
        (item("ok", "skipped", "skipped"), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "unchanged"),
        (item("ok", "disallowed", "ok", source="page", content_hash="p"), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "none"),
        (item("failed", "ok", "ok"), known("ok", "ok", "ok"), "complete", ("ok",) * 3, "unchanged"),
        # only gone makes it gone, and only success brings it back
        (item("gone", "gone", "gone", **FAILED), known("ok", "ok", "ok"), "gone", ("gone",) * 3, "none"),
        (item("failed", "failed", "failed", **FAILED), known("gone", "gone", "gone"), "gone", ("gone",) * 3, "none"),
        (item("ok", "ok", "ok"), known("gone", "gone", "gone"), "complete", ("ok",) * 3, "unchanged"),
        # what failed before is replaced by anything
        (item("ok", "ok", "ok"), known("failed", "failed", "failed", content_hash=None, source=None), "complete", ("ok",) * 3, "new"),
        (item("blocked", "blocked", "blocked", **FAILED), known("failed", "failed", "failed", content_hash=None, source=None), "failed", ("blocked",) * 3, "none"),
    ],
)  # fmt: skip
def test_what_a_crawl_does_to_a_row(
    new: WorkflowItem, old: Known | None, status: str, layers: tuple[str, ...], outcome: str
) -> None:
    decision = merge(new, old, NOW, rescore)
    assert (new.crawl_status, tuple(getattr(new, column) for column in LAYERS.values())) == (status, layers)
    assert decision.outcome == outcome
    assert (decision.content, decision.derived) == (outcome in {"new", "changed"},) * 2
    if new.error_kind:
        assert new.error == "status 503"


def test_times_of_a_row() -> None:
    first = item("ok", "ok", "ok")
    merge(first, None, NOW, rescore)
    assert (first.first_seen_at, first.scraped_at, first.changed_at, first.gone_at) == (NOW, NOW, NOW, None)
    same = item("ok", "ok", "ok")
    merge(same, known("ok", "ok", "ok"), NOW, rescore)
    assert (same.first_seen_at, same.scraped_at, same.changed_at) == (THEN, NOW, THEN)
    failed = item("failed", "failed", "failed", **FAILED)
    merge(failed, known("ok", "ok", "ok"), NOW, rescore)
    assert (failed.scraped_at, failed.changed_at, failed.content_hash) == (THEN, THEN, "h1")
    gone = item("gone", "gone", "gone", **FAILED)
    merge(gone, known("ok", "ok", "ok"), NOW, rescore)
    assert (gone.gone_at, gone.scraped_at) == (NOW, THEN)
    still_gone = item("gone", "gone", "gone", **FAILED)
    merge(still_gone, known("gone", "gone", "gone", gone_at=THEN), NOW, rescore)
    assert still_gone.gone_at == THEN


def test_a_null_never_replaces_something_known() -> None:
    new = item("ok", "ok", "ok", views=10)
    merge(new, known("ok", "ok", "ok", views=5, price_usd=20.0, is_paid=True, url="u", categories=["AI"]), NOW, rescore)
    assert (new.views, new.price_usd, new.is_paid, new.url, new.categories) == (10, 20.0, True, "u", ["AI"])


def test_history_grows_only_when_a_value_moved() -> None:
    values = {"views": 5, "recent_views": 1, "is_paid": False, "price_usd": 0.0}
    assert not merge(item("ok", "ok", "ok", **values), known("ok", "ok", "ok", **values), NOW, rescore).history
    moved = item("ok", "ok", "ok", **values | {"views": 6})
    assert merge(moved, known("ok", "ok", "ok", **values), NOW, rescore).history


def test_a_layer_asked_for_later_is_written_though_the_content_is_the_same() -> None:
    assert merge(item("ok", "ok", "ok"), known("ok", "skipped", "skipped"), NOW, rescore).content


def test_the_api_takes_the_place_of_a_page() -> None:
    assert merge(
        item("ok", "ok", "ok", content_hash="h1"), known("ok", "disallowed", "ok", source="page"), NOW, rescore
    ).content


def test_a_new_parser_version_writes_the_derived_columns_only() -> None:
    new = item("ok", "ok", "ok")
    new.parser_version = "2"
    decision = merge(new, known("ok", "ok", "ok"), NOW, rescore)
    assert (decision.content, decision.derived) == (False, True)


def test_quality_is_scored_again_where_a_status_was_kept() -> None:
    scored: list[tuple[str | None, ...]] = []
    new = item("failed", "ok", "ok")
    merge(new, known("ok", "ok", "ok"), NOW, lambda i: scored.append((i.layer1_status,)))
    assert scored == [("ok",)]


def test_a_workflow_that_is_gone_takes_its_opt_in_layers_along() -> None:
    new = item("gone", "gone", "gone", **FAILED)
    merge(new, known("ok", "ok", "ok", media_status="ok"), NOW, rescore)
    assert (new.crawl_status, new.media_status, new.transcripts_status) == ("gone", "gone", "skipped")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["ok", "ok", "ok", "skipped", "skipped"], "complete"),
        (["ok", "missing", "missing", "skipped", "skipped"], "complete"),
        (["ok", "ok", "ok", "failed", "skipped"], "partial"),
        (["failed", "blocked", "failed", "skipped", "skipped"], "failed"),
        (["gone", "gone", "gone", "skipped", "skipped"], "gone"),
        (["gone", "skipped", "skipped", "skipped", "skipped"], "gone"),
    ],
)
def test_crawl_status(statuses: list[str], expected: str) -> None:
    assert crawl_status(statuses) == expected


def test_a_row_is_scored_again_where_there_was_one_to_keep_something_of() -> None:
    scored: list[WorkflowItem] = []
    first, again = item("ok", "ok", "ok"), item("ok", "skipped", "ok", views=None)
    merge(first, None, NOW, scored.append)
    assert scored == [], "the pipeline has just scored it"
    merge(again, known("ok", "ok", "ok", views=7), NOW, scored.append)
    assert scored == [again]
    assert again.views == 7
    merge(item("failed", "failed", "failed", **FAILED), known("ok", "ok", "ok"), NOW, scored.append)
    assert scored == [again], "without content there is nothing to score"
