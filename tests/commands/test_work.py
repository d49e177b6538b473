"""``scrapy work``: what it refuses, and with which words."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scrapy.exceptions import UsageError

from n8n_scraper.commands.work import Command

RunCommand = Callable[..., tuple[int, str, str]]


def test_without_its_extra_it_says_what_to_install(
    run_command: RunCommand, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "n8n_scraper.work.engine_schema", None)
    code, _, err = run_command(Command(), "enqueue", DATABASE_URL=database_url)
    assert (code, err) == (
        1,
        "n8n_scraper: scrapy work needs its extra: pip install -r requirements.txt -e '.[work]'.\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("enqueue", "-a", "limt=3"), "Argument 'limt' is unknown, did you mean 'limit'?"),
        (("enqueue", "-a", "dry_run=1"), "neither dry_run nor those of a worker"),
        (("enqueue", "-a", "_shard=1"), "neither dry_run nor those of a worker"),
        (("enqueue", "--shard", "0"), "--shard 0: must be a whole number above 0"),
        (("run", "--lease", "1"), "--lease at least 3 seconds"),
        (("run", "--concurrency", "0"), "--concurrency must be above 0"),
        (("run", "-a", "limit=3"), "scrapy work run takes no -a without --every"),
        (("status", "--shard", "3"), "scrapy work status takes no --shard"),
        (("enqueue", "--until-done"), "scrapy work enqueue takes no --until-done"),
        (("enqueue", "export", "-a", "limit=3"), "scrapy work enqueue export takes no -a"),
        (("retry", "--json"), "scrapy work retry takes no --json"),
        (("retry",), "There is no store in"),
    ],
)
def test_refusals(run_command: RunCommand, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, _, err = run_command(Command(), *words, N8N_SCRAPER_DATA_DIR=str(tmp_path))
    assert code == 1
    assert said in err
    assert not list(tmp_path.iterdir()), "nothing was started"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "takes one of: enqueue, run, status, retry"),
        (("dequeue",), "takes one of: enqueue, run, status, retry"),
        (("run", "fast"), "scrapy work run takes no words; got: fast"),
        (("enqueue", "import"), r"scrapy work enqueue takes no word but \[export\]; got: import"),
    ],
)
def test_words_that_mean_nothing(run_command: RunCommand, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run_command(Command(), *words)


def test_a_queue_that_was_never_used(run_command: RunCommand, database_url: str) -> None:
    code, out, _ = run_command(Command(), "status", DATABASE_URL=database_url)
    assert (code, out) == (
        0,
        "There is no queue here yet: scrapy work enqueue makes it, and so does the first worker.\n",
    )


def test_what_is_told_as_json(run_command: RunCommand, database_url: str) -> None:
    assert run_command(Command(), "status", "--json", DATABASE_URL=database_url)[:2] == (0, "null\n")
    pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
    assert run_command(Command(), "retry", DATABASE_URL=database_url)[:2] == (0, "No task was set aside.\n")
    nothing = "Nothing was ever put on the queue, and there is no worker.\n"
    assert run_command(Command(), "status", DATABASE_URL=database_url)[:2] == (0, nothing)
    assert run_command(Command(), "enqueue", "-a", "ids=7,8", DATABASE_URL=database_url)[0] == 0
    code, _, err = run_command(Command(), "enqueue", "-a", "ids=8,7", "--export", DATABASE_URL=database_url)
    assert code == 1
    assert err.startswith("n8n_scraper: Batch 1 has the same work and is not finished: scrapy work run goes on with it")
    told = json.loads(run_command(Command(), "status", "--json", DATABASE_URL=database_url)[1])
    assert told == {
        "tasks": [{"batch_id": 1, "kind": "plan", "state": "ready", "tasks": 1, "ids": 0, "done": 0, "failed": 0}],
        "workers": [],
        "told": [],
        "pauses": [],
        "old_batches": 0,
    }


def test_a_schedule_that_is_none(run_command: RunCommand, database_url: str) -> None:
    pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
    site = {"N8N_SCRAPER_SITE_URL": "http://127.0.0.1:9", "N8N_SCRAPER_API_URL": "http://127.0.0.1:9"}
    code, _, err = run_command(Command(), "run", "--every", "mondays", DATABASE_URL=database_url, **site)
    assert (code, err) == (
        1,
        "n8n_scraper: --every 'mondays': write five fields like those of a crontab: '17 3 * * 1'.\n",
    )
