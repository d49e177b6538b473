from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from n8n_scraper.commands.forget import OUT_OF_REACH, Command
from n8n_scraper.export.check import check_folder
from n8n_scraper.export.snapshot import write_snapshot
from n8n_scraper.store import jobs, listings
from n8n_scraper.store.database import connect
from n8n_scraper.store.forgotten import forget, forgotten_ids
from n8n_scraper.store.rows import write_batch
from n8n_scraper.store.transfer import store_tables

from ..store.test_rows import THEN, crawled, view, write

Run = Callable[..., int]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
def run(database_url: str, exports: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``scrapy forget`` with these words and a store of three workflows; ``answer`` is typed at a terminal."""
    with closing(connect(database_url)) as connection:
        write(connection, *(crawled(id, name=f"Secret of {id}") for id in (1, 2, 3)))
        write(connection, crawled(2, name="Secret of 2, edited"), days=1)
        with connection, connection.cursor() as cursor:
            addresses = {id: f"https://n8n.io/workflows/{id}-secret-of-{id}/" for id in (1, 2, 3, 4)}
            listings.replace_sitemap(cursor, addresses)
            listings.add_prices(cursor, [(2, False, 0.0)])
            job = jobs.open_job(cursor, "job", {})
            jobs.prepare(cursor, job.id, [jobs.JobId(id) for id in (1, 2, 4)])
    write_snapshot(database_url, exports)
    (exports / "runs" / "r").mkdir(parents=True)
    (exports / "runs" / "r" / "workflows.jsonl").write_bytes((exports / "workflows.jsonl").read_bytes())

    def run(*words: str, answer: str | None = None) -> int:
        monkeypatch.setattr("sys.stdin", Terminal(answer) if answer is not None else io.StringIO())
        command = Command()
        command.settings = Settings(
            {
                "DATABASE_URL": database_url,
                "N8N_SCRAPER_EXPORT_DIR": str(exports),
                "N8N_SCRAPER_DATA_DIR": str(exports.parent / "data"),
            }
        )
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(words)
        command.run(rest, options)
        return command.exitcode

    return run


def everything(database_url: str) -> dict[str, str]:
    """Every table as text."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        tables = {}
        for name in store_tables():
            cursor.execute(f"select coalesce(string_agg(t::text, chr(10)), '') from {name} t")
            [tables[name]] = cursor.fetchone() or ("",)
    return tables


def test_nothing_but_the_number_stays(
    run: Run, database_url: str, exports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Secret of 2" in str(everything(database_url))
    assert run("2", "--yes", "--reason", "asked by its author") == 0
    assert capsys.readouterr().out == (
        "1 taken down. Out of the store: 1 rows with their stored answers, 1 former versions, 1 observations of views "
        f"and price, 0 images.\nOut of the exports: 1 files besides the snapshot in {exports}.\n{OUT_OF_REACH}\n"
    )
    tables = everything(database_url)
    assert not any("ecret-of-2" in text or "ecret of 2" in text for text in tables.values())
    assert tables["forgotten"].startswith('(2,"asked by its author",')
    assert [line.split(",")[1] for line in tables["job_ids"].split("\n")] == ["1", "4"]
    assert [row["id"] for row in json.loads((exports / "workflows.json").read_bytes())] == [1, 3]
    assert list(check_folder(exports)) == []
    assert b"Secret of 2" not in (exports / "runs" / "r" / "workflows.jsonl").read_bytes()
    run("--list")
    assert capsys.readouterr().out.endswith("  asked by its author\n")


def test_no_write_brings_it_back(run: Run, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    run("2,9", "--yes")
    assert " Without a row, and not asked for either: 9.\n" in capsys.readouterr().out
    with closing(connect(database_url)) as connection:
        outcomes = [decision.outcome for decision in write(connection, crawled(2), crawled(3), crawled(9), days=2)]
        assert outcomes == ["forgotten", "changed", "forgotten"]
        assert [row["id"] for row in view(connection)] == [1, 3]


def test_transcripts_of_videos_that_others_show_too_stay(run: Run, database_url: str) -> None:
    own, shared = "own00000000", "shared00000"
    with closing(connect(database_url)) as connection:
        texts = {1: f"https://youtu.be/{shared}", 2: f"https://youtu.be/{shared} https://youtu.be/{own}"}
        write(connection, *(crawled(id, description=text) for id, text in texts.items()), days=2)
        with connection, connection.cursor() as cursor:
            for video in (own, shared):
                insert = "insert into transcripts (video_id, status, text, languages) values (%s, 'ok', 'said', '{en}')"
                cursor.execute(insert, (video,))
        run("2", "--yes")
        with connection, connection.cursor() as cursor:
            cursor.execute("select video_id from transcripts")
            assert cursor.fetchall() == [(shared,)]


def test_images_that_others_show_too_stay(run: Run, database_url: str, tmp_path: Path) -> None:
    media = tmp_path / "data" / "media"
    media.mkdir(parents=True)
    files = {"own": "own.png", "shared": "shared.png", "twin": "twin.png", "other": "twin.png", "outside": "../x.png"}
    with closing(connect(database_url)) as connection:
        shown = {1: ("shared", "other"), 2: ("own", "shared", "twin", "outside", "failed")}
        for id, names in shown.items():
            write(connection, crawled(id, description="".join(f"![](https://i.test/{name})" for name in names)), days=2)
        with connection, connection.cursor() as cursor:
            for name in (*files, "failed"):
                file = files.get(name)
                cursor.execute(
                    "insert into media_files (url_sha256, url, fetched_at, error_kind, path)"
                    " values (%(name)s, 'https://i.test/' || %(name)s, now(), %(kind)s, %(path)s)",
                    {"name": name, "kind": None if file else "gone", "path": file and f"media/{file}"},
                )
                if file:
                    (media / file).touch()
        assert run("2", "--yes") == 0
        with connection, connection.cursor() as cursor:
            cursor.execute("select url_sha256 from media_files order by 1")
            assert cursor.fetchall() == [("other",), ("shared",)]
    assert sorted(path.name for path in media.iterdir()) == ["shared.png", "twin.png"]
    assert (tmp_path / "data" / "x.png").exists(), "not ours"


def test_again_does_no_harm_and_keeps_its_time(run: Run, database_url: str) -> None:
    run("2", "--yes", "--reason", "why")
    before = everything(database_url)["forgotten"]
    assert run("2", "--yes") == 0
    assert everything(database_url)["forgotten"] == before


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, [1, 3]), ("\n", 1, [1, 2, 3]), ("no\n", 1, [1, 2, 3])])
def test_at_a_terminal_it_asks(
    run: Run, database_url: str, capsys: pytest.CaptureFixture[str], answer: str, code: int, left: list[int]
) -> None:
    assert run("2", "9", answer=answer) == code
    said = capsys.readouterr().out
    assert said.startswith("2  Secret of 2, edited\n9  not in the store\nRemove them from the store and all exports")
    with closing(connect(database_url)) as connection:
        assert [row["id"] for row in view(connection)] == left


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("2",), "There is no terminal to ask on: give --yes to take these workflows down for good."),
        (("2", "x", "--yes"), "'x' is neither a workflow id (1 to 2147483647) nor an address of https://n8n.io: nothing was taken down."),
        (("2", "--yes", "--in", "/nowhere"), "--in /nowhere: there is no such folder; nothing was taken down."),
        (("2", "--yes", "--in", "n" * 300), f"--in {'n' * 300}: there is no such folder; nothing was taken down."),  # stat fails, as on a hidden one
    ],
)  # fmt: skip
def test_refused(
    run: Run, database_url: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    before = everything(database_url)
    assert run(*words) == 1
    assert capsys.readouterr().err == f"n8n_scraper: {sentence}\n"
    assert everything(database_url) == before


def test_other_folders_are_cleaned_with_their_snapshot(run: Run, database_url: str, tmp_path: Path) -> None:
    write_snapshot(database_url, tmp_path / "copy")
    assert run("2", "--yes", "--in", str(tmp_path / "copy")) == 0
    assert list(check_folder(tmp_path / "copy")) == []
    assert b"Secret of 2" not in (tmp_path / "copy" / "workflows.csv").read_bytes()


@pytest.mark.parametrize("words", [(), ("--list", "1")])
def test_ids_or_the_list(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        run(*words)


def test_a_writer_that_began_before_is_waited_for(database_url: str) -> None:
    """Its row is there when the workflow is taken down, so it goes too."""

    def take_down() -> Any:
        with closing(connect(database_url)) as second, second, second.cursor() as cursor:
            return forget(cursor, [5], None, THEN)

    with closing(connect(database_url)) as first, ThreadPoolExecutor(1) as executor:
        with first, first.cursor() as cursor:
            assert forgotten_ids(cursor) == frozenset()
            future = executor.submit(take_down)
            waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
            while cursor.execute(waiting) or cursor.fetchone() != (1,):
                assert not future.done()
            write_batch(cursor, [crawled(5)], THEN, lambda _: None)
        assert future.result(10).rows == 1
        assert view(first) == []
