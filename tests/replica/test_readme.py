"""The replica's README names everything there is, and nothing else."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields
from pathlib import Path

import n8n_scraper.replica
from n8n_scraper.replica.fault_rules import NAMED_KINDS, Rule
from n8n_scraper.replica.options import add_arguments
from n8n_scraper.replica.routes import KINDS
from n8n_scraper.replica.traps import ALL_TRAPS

README = (Path(n8n_scraper.replica.__file__).parent / "README.md").read_text(encoding="utf-8")


def rows(head: str) -> list[str]:
    """First cells of the table with this head."""
    table = README.partition(f"| {head} |")[2].partition("\n\n")[0]
    return [re.split(r"(?<!\\)\|", line)[1] for line in table.split("\n")[2:]]


def names(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_options() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings} - {"-h", "--help"}
    assert {name.split()[0] for name in names(rows("option | meaning"))} == options


def test_traps() -> None:
    table = README.partition("| of | traps |")[2].partition("\n\n")[0]
    assert names([line.split("|")[2] for line in table.split("\n")[2:]]) == set(ALL_TRAPS)


def test_fields_of_a_rule() -> None:
    told = names(rows("field | meaning"))
    assert told == {field.name for field in fields(Rule)} - {"source"} | {"kind"}


def test_kinds_of_fault() -> None:
    assert names(rows("kind | what the client meets")) == {*NAMED_KINDS, "204", "400", "599"}


def test_routes() -> None:
    (line,) = (line for line in README.split("\n") if line.startswith("| `route` |"))
    assert names([line.split("|")[2]]) == set(KINDS)
