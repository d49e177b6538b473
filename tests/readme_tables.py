"""The tables of the README, made from the code. ``PYTHONPATH=. python tests/readme_tables.py`` writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from n8n_scraper.config import SETTINGS
from n8n_scraper.exit_codes import CLOSE_REASONS
from n8n_scraper.failures import KINDS
from n8n_scraper.items import COLUMNS
from n8n_scraper.stats import STATS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
NOT_STARTED = (
    "1",
    "",
    "a bad argument, setting, file or store: one sentence says what, where and what to do; two signals",
)
NOT_READ = ("2", "", "a command line that Scrapy cannot read: an unknown option, command or spider")
INTERRUPTED = ("130", "", "Ctrl-C before the crawl began, while its modules were imported")
_MARK = re.compile(r"(<!-- table: ([a-z ]+) -->\n)(.*?)(<!-- end -->)", re.S)


def tables() -> dict[str, list[str]]:
    """Name of each marked place → its lines."""
    return {
        "close reasons": _table(
            ("exit code", "close reason", "meaning"),
            [(str(code), f"`{name}`", meaning) for name, (code, meaning) in CLOSE_REASONS.items()]
            + [NOT_STARTED, NOT_READ, INTERRUPTED],
        ),
        "failure kinds": _table(
            ("error_kind", "from", "retried"),
            ((f"`{kind.name}`", kind.origin, "yes" if kind.retried else "no") for kind in KINDS.values()),
        ),
        "columns": _table(("column", "type", "meaning"), ((f"`{c.name}`", f"`{c.type}`", c.meaning) for c in COLUMNS)),
        "settings": _table(
            ("setting", "default", "meaning"),
            ((f"`{name}`", _default(default), meaning) for name, (default, meaning) in SETTINGS.items()),
        ),
        "stats": _table(("stat", "meaning"), ((f"`{_label(name)}`", meaning) for name, meaning in STATS.items())),
    }


def filled(text: str) -> str:
    """The README with its tables as the code has them."""
    made = tables()
    return _MARK.sub(lambda mark: mark[1] + "\n".join(made[mark[2]]) + "\n" + mark[4], text)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = [f"| {' | '.join(cell.replace('|', '∣') for cell in row)} |" for row in (head, *rows)]
    return [lines[0], re.sub(r"[^|]+", "---", lines[0]), *lines[1:]]


def _default(value: object) -> str:
    if isinstance(value, tuple):
        value = ",".join(word if isinstance(word, str) else f"{word:g}" for word in value)
    return f"`{value}`" if value not in ("", None) else ""


def _label(name: str) -> str:
    return name.replace("{}", "…")


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
