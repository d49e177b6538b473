"""What ``--help`` says, at every width of a terminal."""

from __future__ import annotations

import argparse
import re

import pytest
from scrapy.commands import ScrapyCommand, ScrapyHelpFormatter
from scrapy.settings import Settings

from n8n_scraper.arguments import NAMES
from n8n_scraper.commands import crawl, db, export


@pytest.mark.parametrize(("command", "heading"), [(db.Command(), "Store"), (export.Command(), "Export")])
def test_no_option_is_taken_for_a_heading(
    command: ScrapyCommand, heading: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.settings = Settings()
    parser = argparse.ArgumentParser(formatter_class=ScrapyHelpFormatter, conflict_handler="resolve")
    command.add_options(parser)
    for columns in range(40, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        _scrapys, ours = parser.format_help().split(f"\n{heading}\n{'=' * len(heading)}\n")
        assert not re.search("^[=-]+$", ours, re.MULTILINE)


def test_the_arguments_of_a_crawl_are_named() -> None:
    told = crawl.Command().long_desc()
    assert all(name in told for name in ("workflows", *NAMES))
