"""What a run did with each workflow, its stages included: also where it did nothing but these."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial

from n8n_scraper.items import LAYERS, WorkflowItem
from n8n_scraper.report.id_lists import choose_ids
from n8n_scraper.report.run_data import RunData
from n8n_scraper.store import run_workflows
from n8n_scraper.store.database import connect
from n8n_scraper.store.rows import write_batch

from .test_rows import crawled

NOW = datetime(2026, 11, 1, tzinfo=timezone.utc)
OK = dict.fromkeys((1, 2, 3), "ok")
STAGES = ("media",)
FAILED = {"crawl_status": "partial", "error_kind": "network", "error": "media: 1 of 2 images: no connection"}


def test_how_the_stages_of_a_run_ended(database_url: str) -> None:
    items = [replace(crawled(id), seen=OK) for id in (1, 2, 3)]
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        decisions = write_batch(cursor, items, NOW, lambda _: None)
        run_workflows.record(cursor, "all layers", zip(items, decisions, strict=True), NOW)
        good = replace(items[0], media_status="ok")
        bad = replace(items[1], media_status="failed", **FAILED)
        of_another = replace(bad, id=3, media_status="ok", error="transcripts: no answer")
        for run_id in ("all layers", "stages alone"):
            run_workflows.record_stages(cursor, run_id, [good, bad, of_another], STAGES, NOW)
        runs = [RunData(run_id=id, visits=run_workflows.read(cursor, id)) for id in ("all layers", "stages alone")]
        run_workflows.record(cursor, "all layers", [(_lost(items[0]), decisions[0])], NOW)
        lost = run_workflows.read(cursor, "all layers")[0]
    for run, seen in zip(runs, ("ok", "skipped"), strict=True):
        assert choose_ids(run, ["failed"]) == choose_ids(run, ["network"]) == [2]
        assert [visit.stage_statuses for visit in run.visits or ()] == [("ok", None), ("failed", None), ("ok", None)]
        assert {visit.layer_statuses for visit in run.visits or ()} == {(seen,) * 3}
    assert [len(run.asked) for run in runs] == [3, 0]
    assert (lost.error_kind, lost.stage_statuses) == ("internal", ("ok", None)), "failed in a pipeline after its row"


def _lost(item: WorkflowItem) -> WorkflowItem:
    return replace(item, error_kind="internal", error="KeyError in a pipeline")


def test_what_is_gone_among_those_that_should_be_there(database_url: str) -> None:
    gone = dict.fromkeys((1, 2, 3), "gone")
    lost = {
        "source": None,
        "answer": None,
        "error_kind": "gone",
        "seen": gone,
        **dict.fromkeys(LAYERS.values(), "gone"),
    }
    before, start = NOW - timedelta(days=9), NOW - timedelta(hours=1)
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into runs (run_id, arguments, settings, versions, started_at) values ('run', '{}', '{}', '{}', %s)",
            (start,),
        )
        items = [replace(crawled(id), seen=OK) for id in (1, 2, 3, 4)]
        write_batch(cursor, items, before - timedelta(days=1), lambda _: None)
        write_batch(cursor, [replace(crawled(3), **lost)], before, lambda _: None)
        items = [items[0], *(replace(crawled(id), **lost) for id in (2, 3)), replace(items[3], attempt_count=0)]
        run_workflows.record(
            cursor, "run", zip(items, write_batch(cursor, items, NOW, lambda _: None), strict=True), NOW
        )
        count = partial(run_workflows.count_gone, cursor, "run")
        assert count(None) == (2, 1), "3 was gone before, and 4 was not asked for"
        assert count([1, 2, 3, 4]) == (3, 2)
        assert count([1]) == (1, 0)
        assert count([]) == (0, 0)
    assert [run_workflows.Gone(3, 2).share, run_workflows.Gone(0, 0).share] == [0.666667, None]
