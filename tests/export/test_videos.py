from __future__ import annotations

import argparse
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest
from scrapy.settings import Settings

from n8n_scraper.commands.export import Command
from n8n_scraper.export.selection import Selection
from n8n_scraper.export.take_down import take_down
from n8n_scraper.export.videos import COLUMNS, names_any, write_videos
from n8n_scraper.store.forgotten import forget

A, B, C = "aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"
LOOM = "0" * 32


def _video(platform: str, video_id: str | None, url: str) -> dict[str, Any]:
    return {"platform": platform, "video_id": video_id, "url": url, "found_in": "description", "node_name": None}


@pytest.fixture
def filled(database_url: str) -> str:
    """Workflows 1 and 2 show video A, 1 also B and a Loom, 3 a video that was never asked for, and a file."""
    youtube = {id: _video("youtube", id, f"https://www.youtube.com/watch?v={id}") for id in (A, B, C)}
    shown = {
        1: [youtube[A], youtube[B], _video("loom", LOOM, f"https://www.loom.com/share/{LOOM}")],
        2: [youtube[A]],
        3: [youtube[C], _video("file", None, "https://files.test/a.mp4")],
    }
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        for id, videos in shown.items():
            cursor.execute(
                "insert into observed (id, url, crawl_status, layer1_status, layer2_status, layer3_status, media_status,"
                " transcripts_status, author_name, author_username, categories, first_seen_at, attempt_count,"
                " request_count, service_seconds, run_id) values (%s, %s, 'complete', 'ok', 'ok', 'ok', 'skipped', 'ok',"
                " 'Ada', 'ada', %s, now(), 1, 1, 0.5, 'r')",
                (id, f"https://n8n.io/workflows/{id}-x/", ["AI"] if id == 3 else ["HR"]),
            )
            cursor.execute(
                "insert into content (id, source, name, content_hash, changed_at) values (%s, 'api', %s, 'h', now())",
                (id, f"name {id}"),
            )
            cursor.execute(
                "insert into derived (id, videos, parser_version) values (%s, %s, '1')", (id, json.dumps(videos))
            )
        cursor.execute(
            "insert into transcripts (video_id, status, language, is_generated, text, languages)"
            " values (%s, 'ok', 'en', true, 'we build a workflow \u2028 today', '{en}'),"
            " (%s, 'disabled', null, null, null, '{en}')",
            (A, B),
        )
    return database_url


def _read(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "videos.jsonl").read_bytes().split(b"\n") if line]
    assert pq.read_table(folder / "videos.parquet").to_pylist() == lines
    return lines


def test_one_row_a_video_with_its_transcript_and_whom_to_credit(filled: str, tmp_path: Path) -> None:
    assert write_videos(filled, tmp_path, ("jsonl", "parquet"), Selection()) == 5
    rows = {row["video_id"]: row for row in _read(tmp_path)}
    assert list(rows[A]) == [column.name for column in COLUMNS]
    assert rows[A] == {
        "platform": "youtube",
        "video_id": A,
        "url": f"https://www.youtube.com/watch?v={A}",
        "workflows": [
            {
                "id": id,
                "name": f"name {id}",
                "url": f"https://n8n.io/workflows/{id}-x/",
                "author_name": "Ada",
                "author_username": "ada",
            }
            for id in (1, 2)
        ],
        "status": "ok",
        "language": "en",
        "is_generated": True,
        "text": "we build a workflow \u2028 today",
    }
    statuses = {id: (row["status"], row["text"]) for id, row in rows.items() if id != A}
    assert statuses == {
        B: ("disabled", None),
        C: ("skipped", None),
        LOOM: ("unsupported", None),
        None: ("unsupported", None),
    }


def test_filters_choose_workflows(filled: str, tmp_path: Path) -> None:
    write_videos(filled, tmp_path, ("jsonl", "parquet"), Selection(categories=("ai",)))
    assert {row["video_id"] for row in _read(tmp_path)} == {C, None}


def test_who_is_taken_down_is_in_no_file_and_no_transcript(filled: str, tmp_path: Path) -> None:
    write_videos(filled, tmp_path / "videos", ("jsonl", "parquet"), Selection())
    assert names_any(tmp_path / "videos" / "videos.parquet", {2})
    (tmp_path / "videos.jsonl").write_text('{"workflows": "of somebody else"}\n')
    assert [path.name for path in take_down(tmp_path, frozenset({99})).changed] == []
    assert sorted(path.name for path in take_down(tmp_path, frozenset({1})).changed) == [
        "videos.jsonl",
        "videos.parquet",
    ]
    assert (tmp_path / "videos.jsonl").exists()
    with closing(psycopg2.connect(filled)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select now()")
        forget(cursor, [1], None, cursor.fetchone()[0])  # type: ignore[index]  # None would fail the test
        cursor.execute("select video_id from transcripts")
        assert cursor.fetchall() == [(A,)], "workflow 2 shows it still"


@pytest.mark.parametrize("words", [["--check"], ["--columns", "id"], ["--format", "csv"], ["--as", "n8n"]])
def test_what_makes_no_sense_with_videos_is_refused(
    words: list[str], filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _command(filled, tmp_path, "--videos", *words) == 1
    assert "videos" in capsys.readouterr().err


def test_the_command(filled: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _command(filled, tmp_path, "--videos") == 0
    assert len(_read(tmp_path / "exports" / "videos")) == 5
    assert "5 videos written" in capsys.readouterr().out


def _command(database_url: str, folder: Path, *words: str) -> int:
    paths = {"N8N_SCRAPER_DATA_DIR": str(folder / "data"), "N8N_SCRAPER_EXPORT_DIR": str(folder / "exports")}
    command = Command()
    command.settings = Settings({"DATABASE_URL": database_url, **paths})
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, rest = parser.parse_known_args(words)
    command.process_options(rest, options)
    command.run(rest, options)
    return command.exitcode
