"""No secret of an answer is anywhere in what a crawl leaves: the store, its files, what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from n8n_scraper.items import WorkflowItem
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.store import raw

from ..redaction_samples import HEX, TOKENS, some
from .conftest import Crawl, Crawler

NewReplica = Callable[..., RunningReplica]
SECRETS = {kind: TOKENS[kind][0] for kind in ("openai", "airtable", "apify", "github", "telegram", "stripe")}
KEY, PASSWORD, BEARER = some(32, HEX), some(16), some(40)
ALL = [*SECRETS.values(), KEY, PASSWORD, BEARER]
PLANTED = len(ALL) + 2


@pytest.fixture
def replica(tmp_path: Path, new_replica: NewReplica) -> RunningReplica:
    """Three templates: one with a secret of each kind, and the KEY in two more places; two without."""
    library = GeneratedLibrary(Recipe(count=3, seed=5, traps=0.0))
    workflows = [json.loads(library.answer(id)) for id in list(library.entries)[:3]]
    plant(workflows[1])
    workflows[2]["description"] += "\nA task-list for risk-free work."
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join(json.dumps(workflow) + "\n" for workflow in workflows), encoding="utf-8")
    return new_replica(corpus=corpus, paid=0)


def plant(workflow: dict[str, Any]) -> None:
    workflow["description"] += (
        f"\n\n## Setup\nUse `{SECRETS['openai']}`, then [log in](https://acme.io/?api_key={KEY})."
    )
    workflow["user"]["bio"] = f"My key ends in {KEY}."
    headers = [{"name": "Authorization", "value": f"Bearer {BEARER}"}, {"name": "X-Api-Key", "value": KEY}]
    parameters = {
        "url": f"https://api.telegram.org/bot{SECRETS['telegram']}/getMe",
        "headerParameters": {"parameters": headers},
        "jsCode": f"const github = '{SECRETS['github']}';\nconst db = 'postgres://ada:{PASSWORD}@db.acme.io/app';",
    }
    note = {"content": f"# Airtable\n{SECRETS['airtable']}"}
    workflow["workflow"]["nodes"] += [
        {"name": "Ask", "type": "n8n-nodes-base.httpRequest", "position": [0, 0], "parameters": parameters},
        {"name": "Note", "type": "n8n-nodes-base.stickyNote", "position": [0, 0], "parameters": note},
    ]
    workflow["workflow"]["pinData"] = {"Ask": [{"json": {SECRETS["stripe"]: 1}}]}
    workflow["workflow"]["staticData"] = {"token": SECRETS["apify"]}


def store(crawl: Crawler) -> str:
    """All rows of all tables as text, and the stored answers unpacked."""
    tables = [
        row["t"]
        for row in crawl.query("select table_name t from information_schema.tables where table_schema = 'public'")
    ]
    assert {"content", "derived", "observed", "raw_answers", "runs", "workflow_rows"} <= set(tables)
    rows = [row["r"] for table in tables for row in crawl.query(f"select t::text as r from {table} t")]
    answers = [raw.unpack(row["source"], bytes(row["body"])) for row in crawl.query("select * from raw_answers")]
    return "\n".join([*rows, *(json.dumps(answer, ensure_ascii=False) for answer in answers)])


def files(done: Crawl) -> dict[str, str]:
    found = [file for file in done.folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in found} >= {".json", ".jsonl", ".csv", ".parquet"}
    return {
        str(file.relative_to(done.folder)): str(pyarrow.parquet.read_table(file).to_pylist())
        if file.suffix == ".parquet"
        else file.read_text(encoding="utf-8")
        for file in found
    }


def holding(text: str) -> list[str]:
    return [secret for secret in ALL if secret in text]


def test_no_secret_is_left_anywhere(crawl: Crawler, replica: RunningReplica) -> None:
    done = crawl(replica, LOG_LEVEL="DEBUG")
    assert done.code == 0, done.said
    assert holding(store(crawl)) == []
    assert {name: holding(text) for name, text in files(done).items() if holding(text)} == {}
    assert holding(done.said) == []
    assert [row["redaction_count"] for row in done.snapshot()] == [0, PLANTED, 0]
    assert done.feed() == done.snapshot()
    row = done.snapshot()[1]
    assert row["workflow"]["nodes"][-2]["parameters"] == {
        "url": "https://api.telegram.org/bot[REDACTED:telegram]/getMe",
        "headerParameters": {
            "parameters": [
                {"name": "Authorization", "value": "Bearer [REDACTED:bearer]"},
                {"name": "X-Api-Key", "value": "[REDACTED:api-key]"},
            ]
        },
        "jsCode": "const github = '[REDACTED:github]';\nconst db = 'postgres://ada:[REDACTED:connection-string]@db.acme.io/app';",
    }
    assert row["workflow"]["staticData"] == {"token": "[REDACTED:apify]"}
    assert row["links"][-1]["url"].startswith("https://acme.io/?api_key=")
    assert row["description"].endswith(
        "Use `[REDACTED:openai]`, then [log in](https://acme.io/?api_key=[REDACTED:api-key])."
    )
    assert "task-list for risk-free work" in done.snapshot()[2]["description"]
    assert f"Workflow {row['id']}: {PLANTED} secrets redacted (" in done.said
    counts = {
        name.rpartition("/")[2]: n for name, n in done.stats().items() if name.startswith("redaction/secret_count/")
    }
    assert counts == {**dict.fromkeys(SECRETS, 1), "api-key": 3, "bearer": 1, "connection-string": 1}
    assert done.stats()["redaction/workflow_count"] == 1


def test_the_page_where_robots_closes_the_api(
    crawl: Crawler, tmp_path: Path, replica: RunningReplica, new_replica: NewReplica
) -> None:
    closed = new_replica(corpus=tmp_path / "corpus.jsonl", paid=0, api_robots="closed")
    done = crawl(closed)
    assert holding(store(crawl)) == []
    assert [secret for text in files(done).values() for secret in holding(text)] == []
    row = done.snapshot()[1]
    assert row["layer2_status"] == "disallowed"
    assert row["redaction_count"] >= 2
    assert "[REDACTED:openai]" in row["description"]
    assert "https://acme.io/?api_key=[REDACTED:api-key]" in [link["url"] for link in row["links"]]


def test_what_was_stored_without_redaction_is_taken_out_by_reparse(crawl: Crawler, replica: RunningReplica) -> None:
    off = crawl(replica, N8N_SCRAPER_REDACT_SECRETS=False)
    assert "N8N_SCRAPER_REDACT_SECRETS is off" in off.said
    assert sorted(holding(store(crawl))) == sorted(ALL)
    assert [row["redaction_count"] for row in off.snapshot()] == [None] * 3
    before = crawl.query("select id, content_hash, changed_at, quality_score from workflow_rows order by id")
    command = [sys.executable, "-m", "scrapy", "reparse"]
    for name, value in replica.settings.items():
        command += ["-s", f"{name}={value}"]
    for rows_that_differ in (3, 0):
        done = subprocess.run(command, capture_output=True, text=True, check=False, **crawl.place)
        assert f"3 rows derived again, {rows_that_differ} of them differ now" in done.stdout, done.stderr
        assert holding(store(crawl)) == []
        counts = crawl.query("select redaction_count from workflow_rows order by id")
        assert [row["redaction_count"] for row in counts] == [0, PLANTED, 0]
        assert (
            crawl.query("select id, content_hash, changed_at, quality_score from workflow_rows order by id") == before
        )
    again = crawl(replica, "refresh=all")
    assert again.stats()["store/row_count/unchanged"] == 3


class Breaking:
    """A pipeline with a fault, before redaction."""

    def process_item(self, item: WorkflowItem) -> WorkflowItem:
        raise RuntimeError("broken")


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_the_log_of_a_fault_names_the_workflow_only(crawl: Crawler, replica: RunningReplica, level: str) -> None:
    pipelines = {"tests.crawl.test_redaction.Breaking": 50, "n8n_scraper.pipelines.store.StorePipeline": 400}
    done = crawl(replica, ITEM_PIPELINES=json.dumps(pipelines), LOG_LEVEL=level)
    assert holding(done.said) == []
    assert done.said.count("RuntimeError: broken") == 3
    ids = [row["id"] for row in crawl.query("select id from observed")]
    assert all(f"Workflow {id} was taken away by an error" in done.said for id in ids)


def test_control_characters_from_outside_and_the_password_of_the_store_are_in_no_log_and_no_report(
    crawl: Crawler, tmp_path: Path, replica: RunningReplica, new_replica: NewReplica
) -> None:
    evil = "\x1b[31m\x07\r\u0085\u202e\u2066\u2028"
    corpus = tmp_path / "corpus.jsonl"
    workflows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").split("\n") if line]
    for workflow in workflows:
        workflow["description"] += evil
        workflow["user"]["name"] += evil
        workflow["name"] += f" {evil}"
        workflow["workflow"]["meta"] = {evil: f"{evil} {SECRETS['github']}"}
    corpus.write_text("".join(json.dumps(workflow) + "\n" for workflow in workflows), encoding="utf-8")
    password = some(20)
    done = replace(crawl, database_url=f"{crawl.database_url} password={password}")(
        new_replica(corpus=corpus, paid=0), "page=yes", LOG_LEVEL="DEBUG"
    )
    assert done.code == 0, done.said
    assert [row["redaction_count"] for row in done.snapshot()] == [1, PLANTED + 1, 1]
    assert not re.search("[^\\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", done.said)
    reports = [file for file in done.run_folder.iterdir() if not file.name.startswith("workflows.")]
    assert done.run_folder / "stats.json" in reports
    assert not [
        file
        for file in reports
        if re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", file.read_text(encoding="utf-8"))
    ]
    assert password not in done.said + store(crawl) + str(files(done))
