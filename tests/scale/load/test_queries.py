"""The analysts' questions and every index, on a small store: the command as a user starts it, and what it leaves."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from n8n_scraper.scale.load import timing
from n8n_scraper.scale.load.questions import QUESTIONS
from n8n_scraper.scale.load.rows import fill
from n8n_scraper.scale.load.statements import Statement

from ...waiting import wait_until

ROOT = Path(__file__).parents[3]
ROWS = 300
WHOLE_AND_OTHERS = ("question", "whole-table question")


@pytest.fixture
def filled(database_url: str) -> str:
    with closing(psycopg2.connect(database_url)) as connection:
        fill(connection, ROWS, seed=1, corpus=None, originals=60)
    return database_url


def test_copies_differ_where_questions_look_and_share_what_texts_say(filled: str) -> None:
    with closing(psycopg2.connect(filled)) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*), count(distinct created_at), count(distinct url) from workflow_rows")
        count, dates, addresses = cursor.fetchone()
        assert count == ROWS
        assert dates > ROWS * 0.9
        assert addresses == ROWS
        cursor.execute("select distinct crawl_status from observed order by 1")
        assert [row[0] for row in cursor.fetchall()] == ["complete", "failed", "gone", "partial"]
        cursor.execute("select count(*), count(distinct description) from content")
        count, texts = cursor.fetchone()
        assert 50 < texts <= 60 < count


def test_what_an_index_is_worth_is_seen_with_it_and_without_and_changes_nothing(filled: str) -> None:
    asks = Statement("newest", "", lambda c, n: c.execute("select id from observed where id = %s", (10_000_000 + n,)))
    with closing(psycopg2.connect(filled)) as connection:
        before = timing.indexes(connection)
        [key] = [index for index in before if index.name == "observed_pkey"]
        with connection, connection.cursor() as cursor:
            cursor.execute("set enable_seqscan = off")  # so small a table is read whole
        used = timing.timed(connection, asks, rounds=3).indexes
        assert used == ["observed_pkey"]
        assert timing.round_of(connection, asks) is not None
        assert timing.round_of(connection, asks, without=key) is not None
        upsert = "insert into forgotten values (1, '', now()) on conflict (id) do nothing"
        cannot = Statement("cannot", "", lambda c, n: c.execute(upsert))
        [other] = [index for index in before if index.name == "forgotten_pkey"]
        assert timing.round_of(connection, cannot, without=other) is None
        assert [index.definition for index in timing.indexes(connection)] == [index.definition for index in before]
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from forgotten")
            assert cursor.fetchone() == (0,)


def test_questions_are_asked_indexes_judged_and_nothing_stays(
    tmp_path: Path, server_folder: Callable[[str], Path]
) -> None:
    temporary = server_folder("scale-")
    command = [
        sys.executable,
        "-m",
        "scrapy",
        "scale",
        "queries",
        "--count",
        "60",
        "--rounds",
        "2",
        "--out",
        str(tmp_path),
    ]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert f"{tmp_path / 'queries.json'}" in done.stdout, done.stdout + done.stderr
    found = json.loads((tmp_path / "queries.json").read_text(encoding="utf-8"))
    figures = {figure["name"]: figure for figure in found["figures"]}
    for question in QUESTIONS:
        who = "whole-table question" if question.reads_every_row else "question"
        assert figures[f"{who} {question.name}"]["threshold"] == 500
    counts = {who: len([name for name in figures if name.startswith(f"{who} ")]) for who in WHOLE_AND_OTHERS}
    assert counts == {"question": len(QUESTIONS) - 3, "whole-table question": 3}
    for who, count in counts.items():
        assert f" of {count} reach their goal" in next(x for x in done.stdout.splitlines() if x.startswith(f"{who}s: "))
    assert {"index observed_created_at", "index observed_crawl_status", "index content_search"} <= figures.keys()
    assert figures["index observed_pkey"]["threshold"] is None, "a key need not earn its place"
    prices = {name: re.search(r"50 new rows write about (-?\d+) kB more", one["note"]) for name, one in figures.items()}
    assert {name for name, price in prices.items() if price} == {
        name
        for name, one in figures.items()
        if re.match("index (observed|content|derived)_", name) and one["threshold"]
    }
    told = prices["index content_search"]
    assert told
    assert int(told[1]) > 20
    plans = {one["name"]: one["plan"] for one in found["details"]["statements"]}
    assert all(plans[question.name] for question in QUESTIONS)
    assert done.returncode == (0 if found["passed"] else 1)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_store_is_gone_after_a_signal(
    sent: signal.Signals, tmp_path: Path, server_folder: Callable[[str], Path]
) -> None:
    temporary = server_folder("scale-")
    command = [sys.executable, "-m", "scrapy", "scale", "queries", "--count", "2000", "--out", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "TMPDIR": str(temporary)}) as process:
        wait_until(lambda: list(temporary.glob("n8n_scraper-scale-*/postgres/*")))
        process.send_signal(sent)
        assert process.wait(30) != 0
    assert list(temporary.iterdir()) == []
