"""Golden files: tests/fixtures/pages/<case>.html is a page, <case>.facts.json what has to be read from it.

Facts that are not there yet are written, and the test fails until somebody has reviewed them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from n8n_scraper.site.addresses import Site
from n8n_scraper.site.page import read_page

FOLDER = Path(__file__).parent.parent / "fixtures" / "pages"
PAGES = sorted(FOLDER.glob("*.html"))
SITE = Site("https://n8n.io", "https://api.n8n.io")


def test_there_are_pages_of_all_kinds() -> None:
    assert len(PAGES) >= 25


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    facts = json.dumps(read_page(path.read_bytes(), "utf-8", SITE)._asdict(), ensure_ascii=False, indent=1) + "\n"
    expected = path.with_suffix(".facts.json")
    if not expected.exists():
        expected.write_text(facts, encoding="utf-8", newline="\n")
        pytest.fail(f"{expected.name} was written: review it, then run again")
    assert facts == expected.read_text(encoding="utf-8")
