"""The README and the code say the same."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from pathlib import Path
from types import GenericAlias, ModuleType

import pytest
from scrapy.cmdline import ScrapyArgumentParser, _get_commands_dict
from scrapy.commands import ScrapyHelpFormatter
from scrapy.settings import Settings
from scrapy.utils.misc import load_object

from n8n_scraper import settings
from n8n_scraper.arguments import NAMES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
READMES = [ROOT / "README.md", ROOT / "tests" / "README.md", *sorted((ROOT / "n8n_scraper").glob("*/README.md"))]
SHOWN = re.compile(r"^(?:\.venv/bin/)?scrapy ([^\n]+)", re.M)
PROJECT = Settings()  # not get_project_settings(), which sets an environment variable for all tests
PROJECT.setmodule(settings)
COMMANDS = _get_commands_dict(PROJECT, inproject=True)


def _readme_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_tables", ROOT / "tests" / "readme_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_those_of_the_code() -> None:
    assert _readme_tables().filled(TEXT) == TEXT, "run PYTHONPATH=. python tests/readme_tables.py"


def test_every_command_and_argument_is_in_the_readme() -> None:
    commands = [path.stem for path in (ROOT / "n8n_scraper" / "commands").glob("[a-z]*.py")]
    assert [name for name in commands if f"`scrapy {name}" not in TEXT] == []
    assert [name for name in NAMES if f"| `{name}` |" not in TEXT] == []


def test_the_test_command_is_what_ci_runs() -> None:
    words = "-m pytest -n 3 --dist loadfile\n"
    assert f'/bin/python" {words}' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f".venv/bin/python {words}" in TEXT


@pytest.mark.parametrize("line", sorted({line for file in READMES for line in SHOWN.findall(file.read_text("utf-8"))}))
def test_every_command_shown_is_there_with_its_options(line: str) -> None:
    name, *words = shlex.split(line, comments=True)
    command = COMMANDS[name]
    command.settings = PROJECT
    parser = ScrapyArgumentParser(formatter_class=ScrapyHelpFormatter, conflict_handler="resolve")
    command.add_options(parser)
    _options, unknown = parser.parse_known_args(words)
    assert [word for word in unknown if word.startswith("-")] == []


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.parent.name)
def test_every_link_leads_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", file.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        linked = file.parent / path if path else file
        assert linked.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", linked.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target


def test_what_a_contributor_is_sent_to_is_there() -> None:
    places = TEXT.partition("<!-- places")[2].partition("\n\n")[0]
    for path in re.findall(r"`([a-z_/]+(?:\.py|/))`", places):
        assert (ROOT / "n8n_scraper" / path).exists(), path
    named = re.findall(r"`([A-Za-z_]+)` in `([a-z_/]+)\.py`", places)
    assert len(named) > 8
    for name, path in named:
        assert hasattr(importlib.import_module("n8n_scraper." + path.replace("/", ".")), name), (name, path)


def test_every_path_in_the_settings_loads() -> None:
    paths = re.findall(r'"(n8n_scraper(?:\.\w+)+\.\w+)"', (ROOT / "n8n_scraper" / "settings.py").read_text("utf-8"))
    assert settings.BOT_NAME == "n8n_scraper"
    assert len(paths) > 10
    for path in [*paths, *settings.FEED_EXPORTERS.values()]:
        load_object(path)


def test_no_command_module_has_an_alias_that_python_3_10_takes_for_a_class() -> None:
    for path in (ROOT / "n8n_scraper" / "commands").glob("[a-z]*.py"):
        module = importlib.import_module(f"n8n_scraper.commands.{path.stem}")
        assert [name for name, value in vars(module).items() if isinstance(value, GenericAlias)] == [], path
