"""Golden texts: one that is not there yet is written, and the test fails until somebody has reviewed it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures" / "reports"


def assert_golden(name: str, text: str) -> None:
    path = FOLDER / name
    if not path.exists():
        path.write_text(text, encoding="utf-8")
        raise AssertionError(f"{path.name} was written: review it")
    assert text == path.read_text(encoding="utf-8")


def as_lines(document: Any) -> str:
    """A document with all that its renderers get, a block a line."""
    blocks = [
        f"{section.key} · {section.title} · {type(block).__name__} {json.dumps(asdict(block), ensure_ascii=True, default=str)}"
        for section in document.sections
        for block in section.blocks
    ]
    return "\n".join([document.kind, document.title, f"{document.tone}: {document.verdict}", *blocks, ""])
