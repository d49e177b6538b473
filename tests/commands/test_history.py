from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from n8n_scraper.commands.history import Command
from n8n_scraper.store.database import connect

from ..store.test_rows import THEN, crawled, write

Run = Callable[..., int]


@pytest.fixture
def run(database_url: str) -> Run:
    """``scrapy history`` with these words, of workflow 1 with three versions and of 2, which is paid."""
    with closing(connect(database_url)) as connection:
        for day, name in enumerate(("First", "First", "Second", "Third")):
            write(connection, crawled(1, name=name, totalViews=5 + day), days=day)
        paid = crawled(2)
        paid.is_paid, paid.price_usd = True, 20.0
        write(connection, paid)

    def run(*words: str, **settings: str) -> int:
        command = Command()
        command.settings = Settings({"DATABASE_URL": database_url, **settings})
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(words)
        command.run(rest, options)
        return command.exitcode

    return run


def test_as_text(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("https://n8n.io/workflows/1-first/") == 0
    text = capsys.readouterr().out
    hashes = [crawled(1, name=name).content_hash or "" for name in ("First", "Second", "Third")]
    assert text == (
        "1  Third\n"
        "    unknown, by A (@a)\n"
        "    complete, first seen 2026-11-01 12:00, last 2026-11-04 12:00\n"
        "versions\n"
        f"    3  2026-11-04 12:00 in force, {hashes[2][:12]}\n"
        "         name: “Second” → “Third”\n"
        f"    2  2026-11-03 12:00 to 2026-11-04 12:00, seen last 2026-11-03 12:00, {hashes[1][:12]}\n"
        "         name: “First” → “Second”\n"
        f"    1  2026-11-01 12:00 to 2026-11-03 12:00, seen last 2026-11-02 12:00, {hashes[0][:12]}\n"
        "views and price\n"
        "    2026-11-01 12:00  5 views (0 recent), free\n"
        "    2026-11-02 12:00  6 views (0 recent), free\n"
        "    2026-11-03 12:00  7 views (0 recent), free\n"
        "    2026-11-04 12:00  8 views (0 recent), free\n"
    )


def test_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("1", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["name"], told["crawl_status"]) == (1, "Third", "complete")
    assert [v["differences"] for v in told["versions"]][1:] == [
        ["name: “First” → “Second”"],
        ["name: “Second” → “Third”"],
    ]
    assert told["versions"][0]["seen_from"] == THEN.isoformat().replace("+00:00", "Z")
    assert told["versions"][0]["seen_to"] == (THEN + timedelta(days=2)).isoformat().replace("+00:00", "Z")
    assert [seen["views"] for seen in told["observations"]] == [5, 6, 7, 8]


@pytest.mark.parametrize("version", ["1", "3"])
def test_the_json_of_a_version(run: Run, capsys: pytest.CaptureFixture[str], version: str) -> None:
    assert run("1", "--version", version) == 0
    assert json.loads(capsys.readouterr().out) == crawled(1).workflow


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("9",), "n8n_scraper: The store has no workflow 9.\n"),
        (("x",), "n8n_scraper: 'x' is neither a workflow id (1 to 2147483647) nor an address of https://n8n.io.\n"),
        (("1", "--version", "4"), "n8n_scraper: --version 4: workflow 1 has versions 1 to 3.\n"),
        (("2", "--version", "2"), "n8n_scraper: --version 2: workflow 2 has version 1 only.\n"),
        (
            ("2", "--version", "1"),
            "n8n_scraper: Workflow 2 is not known to be free: its JSON is told with N8N_SCRAPER_EXPORT_PAID=True only.\n",
        ),
    ],
)
def test_what_cannot_be_told(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert run(*words) == 1
    assert capsys.readouterr().err == sentence


def test_paid_json_with_permission(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("2", "--version", "1", N8N_SCRAPER_EXPORT_PAID="True") == 0
    assert json.loads(capsys.readouterr().out) == crawled(2).workflow


def test_one_word_is_needed(run: Run) -> None:
    with pytest.raises(UsageError):
        run()
