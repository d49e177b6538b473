from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zstandard

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import COLUMN_NAMES
from n8n_scraper.replica.corpus import CorpusLibrary
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import running_replica

Ask = Callable[..., Any]
REAL_CORPUS = Path("/work/shared/corpus/templates.jsonl.zst")

EXPORTED: dict[str, Any] = dict.fromkeys(COLUMN_NAMES) | {
    "id": 41,
    "name": "Send a mail",
    "slug": "send-an-old-mail",
    "crawl_status": "complete",
    "author_name": "Ada Berg",
    "author_username": "ada-berg",
    "author_verified": True,
    "categories": ["DevOps", "A new one"],
    "created_at": "2024-05-06T07:08:09.123456Z",
    "updated_at": "2024-06-01T00:00:00Z",
    "views": 12,
    "recent_views": 3,
    "is_paid": True,
    "price_usd": 12.5,
    "is_listed": True,
    "description": "## Setup\n\n1. Look\u2028here",
    "workflow": {
        "nodes": [{"name": "A", "type": "n8n-nodes-base.set", "parameters": {"big": 123456789012345678901234567890}}],
        "connections": {},
    },
}


def recorded(count: int = 3) -> list[bytes]:
    """Lines as a recording has them: the generator's own answers, every second one with our slug."""
    library = GeneratedLibrary(Recipe(count=count, icons=0, hostile=True))
    lines = [library.answer(entry.id) for entry in library.entries.values() if entry.listed]
    return [line[:-1] + b',"_slug":"kept-slug"}' if n % 2 else line for n, line in enumerate(lines)]


def exported(**changes: Any) -> bytes:
    return json.dumps(EXPORTED | changes, ensure_ascii=False).encode()


def written(folder: Path, lines: list[bytes], suffix: str = "") -> Path:
    path = folder / f"corpus.jsonl{suffix}"
    text = b"\n".join(lines) + b"\n"
    pack = {".zst": zstandard.ZstdCompressor().compress, ".gz": gzip.compress}.get(suffix, bytes)
    path.write_bytes(pack(text))
    return path


Open = Callable[..., CorpusLibrary]


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_(path: Path, **options: Any) -> CorpusLibrary:
            library = CorpusLibrary(path, **{"seed": 1, "paid": 0.0, **options})
            stack.callback(library.close)
            return library

        yield open_


@pytest.mark.parametrize("suffix", ["", ".zst", ".gz"])
def test_recorded_answers_are_served_byte_for_byte(opened: Open, tmp_path: Path, suffix: str) -> None:
    lines = recorded(5)
    library = opened(written(tmp_path, lines, suffix))
    assert [library.answer(id) for id in library.entries] == [
        line.replace(b',"_slug":"kept-slug"', b"") for line in lines
    ]
    assert [entry.slug == "kept-slug" for entry in library.entries.values()] == [False, True, False, True, False]


def test_our_slug_is_dropped_wherever_it_stands(opened: Open, tmp_path: Path) -> None:
    (line,) = recorded(1)
    library = opened(written(tmp_path, [b'{"_slug":"mine","extra":1e400,' + line[1:]]))
    (entry,) = library.entries.values()
    assert entry.slug == "mine"
    assert json.loads(library.answer(entry.id)).keys() == {"extra", *json.loads(line)}


def test_several_frames_blank_lines_and_no_last_line_end(opened: Open, tmp_path: Path) -> None:
    first, second, third = recorded(3)
    path = tmp_path / "corpus.jsonl.zst"
    pack = zstandard.ZstdCompressor().compress
    path.write_bytes(pack(first + b"\n\n" + second[:100]) + pack(second[100:] + b"\r\n" + third))
    assert len(opened(path).entries) == 3


def test_count_limits_a_corpus(opened: Open, tmp_path: Path) -> None:
    path = written(tmp_path, recorded(5))
    assert list(opened(path, count=2).entries) == list(opened(path).entries)[:2]


def test_prices_are_a_seeded_share(opened: Open, tmp_path: Path) -> None:
    path = written(tmp_path, recorded(60))
    priced = [id for id, entry in opened(path, paid=0.3).entries.items() if entry.price is not None]
    assert 5 < len(priced) < 35
    assert priced == [id for id, entry in opened(path, paid=0.3).entries.items() if entry.price is not None]


def test_an_exported_row_becomes_an_answer_again(opened: Open, tmp_path: Path) -> None:
    library = opened(written(tmp_path, [exported()]))
    (entry,) = library.entries.values()
    assert (entry.slug, entry.price, entry.listed, entry.updated_at) == (
        "send-an-old-mail", 12.5, True, "2024-06-01T00:00:00Z",
    )  # fmt: skip
    answer = json.loads(library.answer(41))
    assert answer["workflow"] == EXPORTED["workflow"]
    assert answer["description"] == EXPORTED["description"]
    assert (answer["views"], answer["totalViews"], answer["recentViews"]) == (12, 12, 3)
    assert answer["createdAt"] == "2024-05-06T07:08:09.123Z"
    assert answer["user"]["name"] == "Ada Berg"
    assert [category["name"] for category in answer["categories"]] == ["DevOps", "A new one"]
    assert answer["workflowInfo"] == {"nodeCount": 1, "nodeTypes": {"n8n-nodes-base.set": {"count": 1}}}
    assert answer["nodes"][0]["name"] == "n8n-nodes-base.set"


@pytest.mark.parametrize(
    ("changes", "price", "status", "listed"),
    [
        ({"price_usd": None, "is_paid": False}, None, "published", True),
        ({"price_usd": None, "is_paid": None}, None, "published", True),
        ({"price_usd": 0, "is_paid": False}, None, "published", True),
        ({"is_listed": False}, 12.5, "published", False),
        ({"is_listed": None}, 12.5, "published", True),
        ({"crawl_status": "gone"}, 12.5, "gone", False),
        ({"crawl_status": "gone", "name": None, "slug": None}, 12.5, "gone", False),
        ({"crawl_status": "failed"}, 12.5, "published", True),
    ],
)
def test_what_an_exported_row_tells_of_itself(
    opened: Open, tmp_path: Path, changes: dict[str, Any], price: float | None, status: str, listed: bool
) -> None:
    (entry,) = opened(written(tmp_path, [exported(**changes)])).entries.values()
    assert (entry.price, entry.status, entry.listed) == (price, status, listed)


def test_a_paid_row_without_price_gets_one(opened: Open, tmp_path: Path) -> None:
    (entry,) = opened(written(tmp_path, [exported(price_usd=None)])).entries.values()
    assert entry.price is not None


def test_rows_that_never_had_content_are_counted_and_left_out(opened: Open, tmp_path: Path) -> None:
    library = opened(written(tmp_path, [exported(), exported(id=42, name=None, crawl_status="failed")]))
    assert (list(library.entries), library.skipped) == ([41], 1)
    assert library.remark == "Left out: 1 rows without content."


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([b"{"], "line 1: not JSON"),
        ([b"[" * 100_000], "line 1: not JSON"),
        ([b'"text"'], "line 1: not an object with a whole number 'id'"),
        ([b'{"id":"7"}'], "line 1: not an object with a whole number 'id'"),
        ([b'{"id":true}'], "line 1: not an object with a whole number 'id'"),
        ([b'{"id":0}'], "line 1: not an object with a whole number 'id'"),
        ([b'{"id":7,"title":"x"}'], "line 1: no 'name'"),
        ([exported(), exported()], "line 2: id 41 was there before"),
        ([recorded(1)[0].replace(b'"user":{', b'"user":null,"x":{')], "line 1: not a recorded answer"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_number(
    opened: Open, tmp_path: Path, lines: list[bytes], complaint: str
) -> None:
    path = written(tmp_path, lines)
    with pytest.raises(StartError) as refusal:
        opened(path)
    assert f"Corpus {path}, {complaint}" in str(refusal.value)


@pytest.mark.parametrize("suffix", [".zst", ".gz"])
def test_a_file_that_was_cut_off_is_refused(opened: Open, tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path, recorded(3), suffix)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StartError, match="damaged or cut off"):
        opened(path)


@pytest.mark.parametrize("suffix", [".zst", ".gz"])
def test_a_file_that_is_not_packed_is_refused(opened: Open, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"corpus.jsonl{suffix}"
    path.write_bytes(recorded(1)[0])
    with pytest.raises(StartError, match=f"Corpus {path}: "):
        opened(path)


def test_a_file_without_a_template_is_refused(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="there is no template in it"):
        opened(written(tmp_path, []))


def test_a_missing_file_is_refused(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file"):
        opened(tmp_path / "nothing.jsonl")


def test_a_replica_serves_both_kinds_of_row(tmp_path: Path, ask: Ask) -> None:
    lines = recorded(1)
    with running_replica(corpus=written(tmp_path, [*lines, exported()], ".zst"), paid=0) as replica:
        first, second = replica.library()
        assert ask(f"{replica.api_url}/api/templates/workflows/{first['id']}").body == b'{"workflow":' + lines[0] + b"}"
        answer = ask(f"{replica.api_url}/api/workflows/41")
        assert b"123456789012345678901234567890" in answer.body
        assert json.loads(answer.body)["data"]["attributes"]["price"] == 12.5
        page = ask(f"{replica.site_url}/workflows/41-send-an-old-mail/")
        assert (page.status, "Buy for $12.50" in page.text) == (200, True)
        sitemap = ask(f"{replica.site_url}/sitemap-workflows.xml").text
        assert f"/workflows/{second['id']}-send-an-old-mail/" in sitemap


@pytest.mark.skipif(not REAL_CORPUS.exists(), reason=f"{REAL_CORPUS} (recorded answers) is not on this machine")
def test_the_recorded_corpus_is_served_whole(ask: Ask) -> None:
    with running_replica(corpus=REAL_CORPUS) as replica:
        rows = replica.library()
        assert len(rows) == 2094
        assert 80 < sum(row["price"] is not None for row in rows) < 170
        for row in rows[::100]:
            detail = json.loads(ask(f"{replica.api_url}/api/templates/workflows/{row['id']}").body)["workflow"]
            assert (detail["id"], detail["name"], "_slug" in detail) == (row["id"], row["name"], False)
            assert ask(f"{replica.site_url}/workflows/{row['id']}-{row['slug']}/").status == 200
        listing = json.loads(ask(f"{replica.api_url}/api/templates/search?rows=100&page=21").body)
        assert (listing["totalWorkflows"], len(listing["workflows"])) == (2094, 94)
