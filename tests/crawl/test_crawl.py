"""The main job, end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from n8n_scraper.items import COLUMN_NAMES
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica

from .conftest import Crawler


def published(replica: RunningReplica) -> dict[int, dict[str, Any]]:
    return {entry["id"]: entry for entry in replica.library() if entry["status"] == "published"}


def test_process_single_workflow(crawl: Crawler, library: RunningReplica) -> None:
    done = crawl(library, "ids=1")
    assert done.code == 0, done.said
    [row] = done.snapshot()
    assert (row["id"], row["crawl_status"], row["error"]) == (1, "complete", None)
    assert (
        row["url"] == published(library)[1]["url"]
        if "url" in published(library)[1]
        else row["url"].startswith(library.site_url)
    )
    assert done.stats()["finish_reason"] == "finished"
    assert list(row) == list(COLUMN_NAMES)


def test_process_batch_10_workflows(crawl: Crawler, library: RunningReplica) -> None:
    ids = sorted(published(library))[:10]
    done = crawl(library, "ids=" + ",".join(map(str, ids)))
    assert [row["id"] for row in done.snapshot()] == ids
    assert {row["crawl_status"] for row in done.snapshot()} == {"complete"}


def test_process_batch_100_workflows(crawl: Crawler, library: RunningReplica) -> None:
    done = crawl(library)
    listed = sorted(id for id, entry in published(library).items() if entry["listed"])
    assert [row["id"] for row in done.snapshot()] == listed
    assert done.feed() == done.snapshot()
    prices = {row["id"]: row["price_usd"] for row in done.snapshot()}
    assert prices == {id: published(library)[id]["price"] or 0.0 for id in listed}
    assert all((row["workflow"] is None) == row["is_paid"] for row in done.snapshot() if row["layer2_status"] == "ok")
    # one answer each, and once: 2 robots.txt, 2 sitemap, 1 or 2 listing
    assert done.stats()["downloader/request_count"] <= len(listed) + 6


def test_all_layers_integrated(crawl: Crawler, library: RunningReplica) -> None:
    [row] = crawl(library, "ids=1", "page=yes").snapshot()
    assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok"] * 3
    assert [row["media_status"], row["transcripts_status"]] == ["skipped"] * 2
    for name in (
        "name",
        "slug",
        "url",
        "author_name",
        "author_username",
        "created_at",
        "views",
        "description",
        "explainer_text",
    ):
        assert row[name], name
    assert row["node_count"] == sum(row["node_type_counts"].values())
    assert row["quality_score"] is not None
    assert row["request_count"] == 2


def test_storage_integration(crawl: Crawler, library: RunningReplica) -> None:
    done = crawl(library, "limit=20")
    stored = crawl.query("select * from workflow_rows order by id")
    assert [row["id"] for row in stored] == [row["id"] for row in done.snapshot()]
    for mine, theirs in zip(stored, done.snapshot(), strict=True):
        for name in (
            "name",
            "description",
            "workflow",
            "node_types",
            "categories",
            "views",
            "content_hash",
            "quality_score",
        ):
            assert mine[name] == theirs[name], (mine["id"], name)
    [run] = crawl.query("select * from runs")
    assert (run["close_reason"], run["exit_code"]) == ("finished", 0)
    assert run["stats"]["workflow/item_count"] == 20
    assert crawl.query("select count(*) from raw_answers") == [{"count": 20}]


def test_the_second_crawl_asks_for_nothing_that_is_settled(crawl: Crawler, library: RunningReplica) -> None:
    crawl(library, "limit=10")
    done = crawl(library, "ids=" + ",".join(str(row["id"]) for row in crawl.query("select id from observed")))
    assert done.code == 0
    assert done.stats()["run/planned_count"] == 0
    assert done.stats()["downloader/request_count"] == 4


def test_refresh_all_rewrites_no_content_and_views_still_move(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path
) -> None:
    recorded = [json.loads(line) for line in _recorded(6)]
    corpus = tmp_path / "corpus.jsonl"
    _write(corpus, recorded)
    first = new_replica(corpus=corpus)
    crawl(first)
    before = crawl.query("select id, xmin::text, changed_at from content order by id")
    for workflow in recorded:
        workflow["views"] += 7
        workflow["totalViews"] += 7
    recorded[0]["name"] += " (edited)"
    _write(corpus, recorded)
    second = new_replica(corpus=corpus)
    crawl.query("update store_info set site_url = %s, api_url = %s", second.site_url, second.api_url)
    done = crawl(second, "refresh=all")
    assert done.code == 0, done.said
    after = crawl.query("select id, xmin::text, changed_at from content order by id")
    assert after[1:] == before[1:]
    assert after[0]["changed_at"] > before[0]["changed_at"]
    assert done.stats()["store/row_count/unchanged"] == 5
    assert done.stats()["store/row_count/changed"] == 1
    history = crawl.query("select id, array_agg(views order by observed_at) as views from observed_history group by id")
    assert all(row["views"][1] - row["views"][0] == 7 for row in history)
    assert len(history) == 6


def _recorded(count: int) -> list[str]:
    """Answers as recorded ones are: made by the replica's generator."""
    library = GeneratedLibrary(Recipe(count=count, seed=5))
    ids = [entry.id for entry in library.entries.values() if entry.is_published and entry.listed][:count]
    return [library.answer(id).decode() for id in ids]


def _write(corpus: Path, workflows: list[dict[str, Any]]) -> None:
    corpus.write_text("".join(json.dumps(workflow) + "\n" for workflow in workflows), encoding="utf-8")


def test_gone_and_unpublished_ids_are_gone_and_nothing_else_is(crawl: Crawler, library: RunningReplica) -> None:
    missing = [*[entry["id"] for entry in library.library() if entry["status"] != "published"][:3], 999_999]
    done = crawl(library, "ids=1," + ",".join(map(str, missing)))
    assert done.code == 0, done.said
    statuses = {row["id"]: (row["crawl_status"], row["error_kind"]) for row in done.snapshot()}
    assert statuses == {1: ("complete", None)} | dict.fromkeys(missing, ("gone", "gone"))
    assert all(row["gone_at"] for row in done.snapshot() if row["id"] in missing)


def test_a_closed_api_leaves_layers_1_and_3_and_is_not_asked_again(
    crawl: Crawler, new_replica: Callable[..., RunningReplica]
) -> None:
    replica = new_replica(count=8, traps=0, api_robots="closed")
    done = crawl(replica)
    assert done.code == 0, done.said
    assert "N8N_SCRAPER_API_ROBOTSTXT_OBEY" in done.said
    for row in done.snapshot():
        assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok", "disallowed", "ok"]
        assert row["crawl_status"] == "partial"
        assert row["description"]
        assert row["workflow"] is None
    assert {entry["path"] for entry in replica.entries() if entry["host"] == "api"} == {"/robots.txt"}
    assert crawl(replica).stats()["run/planned_count"] == 0
    assert crawl(replica, "layers=2").code == 1
    opened = crawl(replica, N8N_SCRAPER_API_ROBOTSTXT_OBEY=False)
    assert {row["crawl_status"] for row in opened.snapshot()} == {"complete"}


def test_only_the_layers_asked_for(crawl: Crawler, library: RunningReplica) -> None:
    [row] = crawl(library, "ids=1", "layers=1").snapshot()
    assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok", "skipped", "skipped"]
    assert row["node_count"] is None
    [row] = crawl(library, "ids=1").snapshot()
    assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok"] * 3
    assert row["node_count"]
    [row] = crawl(library, "ids=1", "layers=1", "refresh=all").snapshot()
    assert [row[f"layer{n}_status"] for n in (1, 2, 3)] == ["ok"] * 3


def test_dry_run_asks_for_nothing_but_robots_and_sitemap(
    crawl: Crawler, new_replica: Callable[..., RunningReplica]
) -> None:
    replica = new_replica(count=20)
    done = crawl(replica, "dry_run=1")
    assert done.code == 0, done.said
    assert "20 workflows due" in done.said
    assert "robots.txt opens the API; the sitemap lists 20 workflows." in done.said
    assert not crawl.folder.exists()
    assert {entry["path"] for entry in replica.entries()} == {
        "/robots.txt",
        "/sitemap_index.xml",
        "/sitemap-workflows.xml",
    }
    assert crawl.query("select count(*) from jobs") == [{"count": 0}]


def test_a_job_is_finished_once_and_says_so(crawl: Crawler, library: RunningReplica, tmp_path: Path) -> None:
    assert crawl(library, "limit=5", JOBDIR=tmp_path / "job").code == 0
    again = crawl(library, "limit=6", JOBDIR=tmp_path / "job")
    assert again.code == 0
    assert "is finished: nothing is left of it. It was begun with other arguments than these." in again.said
    assert crawl.query("select count(*) from runs") == [{"count": 1}]


def test_two_crawls_of_one_job_at_once_are_refused(crawl: Crawler, library: RunningReplica, tmp_path: Path) -> None:
    first = crawl.start(library, JOBDIR=tmp_path / "job", N8N_SCRAPER_REQUESTS_PER_SECOND=5)
    assert first.stdout is not None
    for line in first.stdout:
        if "Plan:" in line:
            break
    second = crawl(library, JOBDIR=tmp_path / "job")
    first.terminate()
    first.communicate()
    assert second.code == 1
    assert "another process" in second.said


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (["idz=1"], {}, "did you mean 'ids'"),
        (["ids=nowhere.txt"], {}, "no such file"),
        (["layers=9"], {}, "layers=9"),
        ([], {"N8N_SCRAPER_REQUESTS_PER_SECOND": "fast"}, "N8N_SCRAPER_REQUESTS_PER_SECOND"),
        ([], {"N8N_SCRAPER_SITE_URL": "https://n8n.io", "N8N_SCRAPER_REQUESTS_PER_SECOND": "3"}, "more than 2"),
        (["limit=1"], {"N8N_SCRAPER_EXPORT_DIR": "/proc/nowhere"}, "N8N_SCRAPER_EXPORT_DIR = /proc/nowhere"),
        (["limit=1"], {"JOBDIR": "ids.txt"}, "JOBDIR = ids.txt"),
        ([], {"N8N_SCRAPER_REQUEST_PER_SECOND": "1"}, "Did you mean N8N_SCRAPER_REQUESTS_PER_SECOND?"),
        ([], {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/none"}, "127.0.0.1"),
    ],
)
def test_a_bad_start_says_one_sentence_and_exits_with_1(
    crawl: Crawler, library: RunningReplica, words: list[str], settings: dict[str, Any], said: str
) -> None:
    done = crawl(library, *words, **settings)
    assert done.code == 1
    [sentence] = [line for line in done.said.split("\n") if line.startswith("n8n_scraper: ")]
    assert said in sentence
    assert "Traceback" not in done.said
    assert "secret" not in done.said


def test_a_store_of_another_site_is_refused(
    crawl: Crawler, library: RunningReplica, new_replica: Callable[..., RunningReplica]
) -> None:
    crawl(library, "ids=1")
    done = crawl(new_replica(count=1))
    assert done.code == 1
    assert library.site_url in done.said


class Breaking:
    """A pipeline with a fault of its own, for two workflows."""

    def process_item(self, item: Any) -> Any:
        if item.id in {1, 2}:
            raise RuntimeError("a fault of ours")
        return item


def test_an_exception_in_a_pipeline_loses_no_row_in_silence(crawl: Crawler, library: RunningReplica) -> None:
    pipelines = {
        "tests.crawl.test_crawl.Breaking": 50,
        "n8n_scraper.pipelines.store.StorePipeline": 400,
    }
    ids = sorted(published(library))[:4]
    done = crawl(library, "ids=" + ",".join(map(str, ids)), ITEM_PIPELINES=json.dumps(pipelines))
    assert done.code == 0, done.said
    kinds = {row["id"]: (row["crawl_status"], row["error_kind"]) for row in done.feed()}
    assert kinds == {id: ("failed", "internal") if id in {1, 2} else ("complete", None) for id in ids}
    assert done.snapshot() == done.feed()
    assert done.stats()["pipeline/error_count"] == 2


def test_reparse_gives_the_same_rows_without_traffic(crawl: Crawler, library: RunningReplica) -> None:
    crawl(library)
    before = crawl.query("select * from workflow_rows order by id")
    crawl.query("update derived set node_count = -1, quality_score = 1, sections = null, explainer_text = 'x'")
    crawl.query("update content set description = 'lost' where id = 1")
    command = [sys.executable, "-m", "scrapy", "reparse"]
    for name, value in library.settings.items():
        command += ["-s", f"{name}={value}"]
    asked = len(library.entries())
    done = subprocess.run(command, capture_output=True, text=True, check=False, **crawl.place)
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} rows derived again, {len(before)} of them differ now" in done.stdout
    assert crawl.query("select * from workflow_rows order by id") == before
    assert len(library.entries()) == asked
