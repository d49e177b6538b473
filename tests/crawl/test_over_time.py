"""A library that moved on between two crawls: what each rule finds of it, and for how many requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica, running_replica

from .conftest import Crawler

Template = dict[str, Any]
NEW, LOST, CHANGED = range(41, 47), (3, 8), (5, 6, 7)


def templates(count: int) -> dict[int, Template]:
    library = GeneratedLibrary(Recipe(count=count, seed=5, traps=0.0, icons=0))
    entries = sorted(entry.id for entry in library.entries.values() if entry.is_published and entry.listed)
    return {number: {**json.loads(library.answer(id)), "id": number} for number, id in enumerate(entries, 1)}


def write(corpus: Path, library: dict[int, Template]) -> None:
    corpus.write_text("".join(json.dumps(template) + "\n" for template in library.values()), encoding="utf-8")


@contextmanager
def serving(corpus: Path, former: RunningReplica | None = None) -> Iterator[RunningReplica]:
    """A replica of this corpus, at the addresses of a former one."""
    ports: dict[str, Any] = {}
    if former:
        ports = {
            "site_port": former.site_url.rsplit(":", 1)[1],
            "api_port": former.api_url.rsplit(":", 1)[1],
        }
    with running_replica(corpus=corpus, paid=0, **ports) as replica:
        yield replica


def requests(replica: RunningReplica, before: int) -> Counter[str]:
    """What was asked for since, by kind of address."""
    kinds = {"/api/templates/workflows/": "detail", "/api/templates/search": "listing", "/workflows/": "page"}
    entries = replica.entries()[before:]
    return Counter(next((k for p, k in kinds.items() if entry["path"].startswith(p)), "once") for entry in entries)


def test_new_lost_and_changed_templates(crawl: Crawler, tmp_path: Path) -> None:
    library = templates(46)
    library[20]["views"] = library[20]["totalViews"] = 100
    corpus = tmp_path / "corpus.jsonl"
    write(corpus, {id: t for id, t in library.items() if id not in NEW})
    with serving(corpus) as replica:
        assert crawl(replica).code == 0
    before = crawl.query("select id, content_hash from workflow_rows order by id")
    assert [row["id"] for row in before] == list(range(1, 41))
    library[20]["totalViews"] += 7
    library[5]["name"] += " (edited)"
    library[6]["description"] += "\n\nOne more line."
    library[7]["workflow"]["nodes"][0]["parameters"] = {"edited": True}
    write(corpus, {id: t for id, t in library.items() if id not in LOST})
    with serving(corpus, replica) as now:
        _missing(crawl, now)
        _changed(crawl, now)
        _all(crawl, now)


def _missing(crawl: Crawler, replica: RunningReplica) -> None:
    """The default finds what is new and what is lost; what was edited is settled, and not asked for again."""
    done = crawl(replica)
    assert done.stats()["run/planned_count"] == len(NEW) + len(LOST)
    statuses = {row["id"]: row["crawl_status"] for row in done.feed()}
    assert statuses == dict.fromkeys(LOST, "gone") | dict.fromkeys(NEW, "complete")
    assert requests(replica, 0)["detail"] == len(NEW) + len(LOST)
    assert {row["id"] for row in done.snapshot() if row["crawl_status"] == "gone"} == set(LOST)
    assert all(row["name"] and row["is_listed"] is False for row in done.snapshot() if row["id"] in LOST)


def _changed(crawl: Crawler, replica: RunningReplica) -> None:
    """One request for a hundred workflows tells which were edited, where it shows in the listing: not in 7."""
    before = len(replica.entries())
    done = crawl(replica, "refresh=changed")
    assert done.code == 0, done.said
    assert [row["id"] for row in done.feed()] == [5, 6]
    assert (requests(replica, before)["detail"], requests(replica, before)["listing"]) == (2, 1)
    assert crawl(replica, "refresh=changed").stats()["run/planned_count"] == 0
    views = crawl.query("select views from observed_history where id = 20 order by observed_at")
    assert [row["views"] for row in views] == [100, 107], "also of those that are not asked for"


def _all(crawl: Crawler, replica: RunningReplica) -> None:
    """Everything asked again: what changed keeps what it was, and says in words what differs."""
    done = crawl(replica, "refresh=all")
    stats = done.stats()
    assert (stats["store/row_count/changed"], stats["store/row_count/unchanged"]) == (1, 43)
    told = crawl.query("select id, version, differences from former_versions order by id")
    assert [(row["id"], row["version"]) for row in told] == [(id, 1) for id in CHANGED]
    name, description, node = (row["differences"] for row in told)
    assert name[0].endswith(" (edited)”")
    assert description[0].endswith("lines: 2 new, 0 not there any more")
    assert node[0].startswith("nodes: 1 changed (") or node[0].startswith("sticky notes: 1 changed (")


def test_a_listing_that_cannot_be_read_is_no_news_of_no_changes(
    crawl: Crawler, new_replica: Callable[..., RunningReplica], tmp_path: Path
) -> None:
    replica = new_replica(count=120, traps=0, icons=0)
    ids = tmp_path / "ids.txt"
    ids.write_text("1\n2\n3\n")
    assert crawl(replica, f"ids={ids}").code == 0
    words, settings = (f"ids={ids}", "refresh=changed"), {"JOBDIR": tmp_path / "job", "N8N_SCRAPER_CHECKS": ""}
    replica.set_faults({"route": "listing", "kind": "403"})
    refused = crawl(replica, *words, **settings)
    assert (refused.code, refused.stats()["finish_reason"]) == (3, "blocked"), refused.said
    before = len(replica.entries())
    replica.set_faults({"route": "listing", "kind": "empty"})
    refused = crawl(replica, *words, **settings)
    assert (refused.code, refused.stats()["finish_reason"]) == (3, "listing_unavailable"), refused.said
    asked = [entry["path"].partition("?")[0] for entry in replica.entries()[before:]]
    second_page = asked.index("/api/templates/search") + 2
    replica.set_faults({"route": "listing", "requests": [second_page, 1000], "kind": "404"})
    half = crawl(replica, *words, **settings)
    assert (half.code, half.stats()["finish_reason"]) == (4, "check_failed"), half.said
    assert half.stats()["check/failed"] == "listing"
    replica.set_faults()
    whole = crawl(replica, *words, **{**settings, "JOBDIR": tmp_path / "next"})
    assert (whole.code, whole.stats()["run/listing_unread_count"]) == (0, 0), whole.said
