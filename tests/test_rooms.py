"""The pure rooms stay pure: what decides can be tested without Scrapy, a database or a network."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "n8n_scraper"
ROOMS = {
    "site": "*",
    "layers": "*",
    "redaction": "*",
    "politeness": "*",
    "report": """as_html as_json as_markdown charts compare document id_lists measures run_data run_report run_sections
        run_timing standing wording""",
    "export": "card conform formulas json_text manifest n8n_workflow format_names selection",
    "": """arguments checks completeness config differences drift exceptions exit_codes failures frontier items outcome
        iso_time past plan printable progress quality row_types run_id setting_rules setting_values stages stats validation
        visit""",
    "store": "merge raw values",
    "spiders": "prepared structure",
    "transcripts": "outcomes",
    "browser": "rules",
    "metrics": "names",
    "work": "outcome",
    "scale": """again candidates conditions criteria expected fault_plan figures run_folder run_shapes samples speed
        stage_gap""",
    "scale/analysis": "baseline bottleneck_measures bottlenecks contradictions decision retry",
    "scale/scaling": "advice bottlenecks ladders measured rules table",
}
"""Folder → its modules that are pure."""
SHELLS = frozenset(
    [
        "scrapy",
        "itemadapter",
        "twisted",
        "psycopg2",
        "psycopg",
        "psycopg_pool",
        "procrastinate",
        "pyarrow",
        "prometheus_client",
        "scrapy_prometheus",
        "playwright",
        "scrapy_playwright",
        "aiohttp",
        "requests",
        "urllib3",
        "youtube_transcript_api",
        "locust",
        "psutil",
        "socket",
        "subprocess",
        "threading",
        "multiprocessing",
    ]
)
"""What ties a module to the world outside."""


def _files() -> Iterator[Path]:
    for folder, names in ROOMS.items():
        for name in names.split():
            found = sorted((PACKAGE / folder).glob(f"{name}.py"))
            assert found, f"{folder}/{name} is not there any more"
            yield from found


def _file(module: str) -> Path | None:
    path = PACKAGE.parent.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imports(node: ast.AST) -> Iterator[str]:
    """Modules imported at run time, within functions too."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield str(child.module)
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from _imports(child)


@cache
def _imported_by(file: Path) -> frozenset[str]:
    return frozenset(_imports(ast.parse(file.read_bytes())))


def _shells_of(file: Path) -> frozenset[str]:
    """What a module of ours imports from outside, itself or through others of ours."""
    needed, seen, todo = set(), {file}, [file]
    while todo:
        for module in _imported_by(todo.pop()):
            ours = _file(module) if module.startswith("n8n_scraper") else None
            if ours is None:
                needed.add(module.split(".")[0])
            elif ours not in seen:
                seen.add(ours)
                todo.append(ours)
    return SHELLS & needed


@pytest.mark.parametrize("file", [*_files()], ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_pure_room_needs_no_shell(file: Path) -> None:
    assert _shells_of(file) == set()


def test_a_shell_is_seen_through_other_modules() -> None:
    assert _shells_of(PACKAGE / "worklist.py") >= {"psycopg2"}, "it has the store remember its retries"
