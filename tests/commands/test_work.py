"""``scrapy work``: what it refuses, and with which words."""

from __future__ import annotations

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
    ],
)
def test_refusals(run_command: RunCommand, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, _, err = run_command(Command(), *words, N8N_SCRAPER_DATA_DIR=str(tmp_path))
    assert code == 1
    assert said in err
    assert not list(tmp_path.iterdir()), "nothing was started"


@pytest.mark.parametrize("words", [(), ("dequeue",), ("run", "fast"), ("enqueue", "import")])
def test_words_that_mean_nothing(run_command: RunCommand, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="takes one of: enqueue, run, status, retry"):
        run_command(Command(), *words)


def test_a_queue_that_was_never_used(run_command: RunCommand, database_url: str) -> None:
    code, out, _ = run_command(Command(), "status", DATABASE_URL=database_url)
    assert (code, out) == (
        0,
        "There is no queue here yet: scrapy work enqueue makes it, and so does the first worker.\n",
    )


def test_a_schedule_that_is_none(run_command: RunCommand, database_url: str) -> None:
    site = {"N8N_SCRAPER_SITE_URL": "http://127.0.0.1:9", "N8N_SCRAPER_API_URL": "http://127.0.0.1:9"}
    code, _, err = run_command(Command(), "run", "--every", "mondays", DATABASE_URL=database_url, **site)
    assert (code, err) == (
        1,
        "n8n_scraper: --every 'mondays': write five fields like those of a crontab: '17 3 * * 1'.\n",
    )
