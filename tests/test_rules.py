"""Rules of the house that no linter of ours knows."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = {file: file.read_text("utf-8") for file in sorted((ROOT / "n8n_scraper").rglob("*.py"))}
ALL = PACKAGE | {file: file.read_text("utf-8") for file in sorted((ROOT / "tests").rglob("*.py"))}
TREES = {file: ast.parse(text, feature_version=(3, 10)) for file, text in ALL.items()}
_SUPPRESSION = re.compile(
    r"#\s*(?:noqa(?:: *[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: *ignore(?:\[[\w, -]+\])?|pragma: *\w+( \w+)?)"
)


def _place(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


def test_a_file_is_read_in_one_go_and_a_function_at_one_glance() -> None:
    assert [_place(file, 1) for file, text in PACKAGE.items() if text.count("\n") > 250] == []
    functions = [
        (file, node)
        for file in PACKAGE
        for node in ast.walk(TREES[file])
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert [_place(f, node.lineno) for f, node in functions if (node.end_lineno or 0) - node.lineno >= 40] == []


def test_what_is_suppressed_says_why() -> None:
    assert [place for place in _suppressions() if place] == []


def _suppressions() -> Iterator[str]:
    """Places of those without a reason behind them."""
    for file, text in ALL.items():
        if "noqa" not in text and "type: ignore" not in text and "pragma:" not in text:
            continue
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            words, count = _SUPPRESSION.subn("", token.string if token.type == tokenize.COMMENT else "")
            if count and not words.strip(" #-"):
                yield _place(file, token.start[0])


def test_no_except_takes_everything() -> None:
    broad = [
        _place(file, node.lineno)
        for file in PACKAGE
        for node in ast.walk(TREES[file])
        if isinstance(node, ast.ExceptHandler) and not _names(node.type).isdisjoint({"", "Exception", "BaseException"})
    ]
    assert [place for place in broad if not place.startswith("n8n_scraper/transcripts/fetching.py")] == []


def _names(type_: ast.expr | None) -> set[str]:
    if type_ is None:
        return {""}
    types = type_.elts if isinstance(type_, ast.Tuple) else [type_]
    return {one.id for one in types if isinstance(one, ast.Name)}


def test_no_named_tuple_has_another_base_for_python_3_10_refuses_it() -> None:
    classes = [(file, node) for file in ALL for node in ast.walk(TREES[file]) if isinstance(node, ast.ClassDef)]
    tuples = [(file, node) for file, node in classes if "NamedTuple" in map(ast.unparse, node.bases)]
    assert [_place(file, node.lineno) for file, node in tuples if len(node.bases) > 1] == []
