"""JSON as files: one value, or an object a line. What is broken is told in one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from n8n_scraper.exceptions import StartError


def read_object(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", _read(path, "{}", dict))


def read_list(path: Path) -> list[Any]:
    return cast("list[Any]", _read(path, "[]", list))


def _read(path: Path, default: str, type_: type[Any]) -> Any:
    return _parsed(_text(path) if path.is_file() else default, type_, str(path))


def read_lines(path: Path) -> tuple[list[dict[str, Any]], bool]:
    """An object a line; and whether the last line is a half one, which is left out."""
    text = _text(path) if path.is_file() else ""
    whole, _, last = text.rpartition("\n")
    is_cut = bool(last) and not _is_json(last)
    lines = enumerate((whole if is_cut else text).split("\n"), 1)
    return [_parsed(line, dict, f"{path}, line {number}") for number, line in lines if line], is_cut


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"{path}: cannot be read ({error}).") from None


def _parsed(text: str, type_: type[Any], where: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StartError(f"{where}: not JSON ({error}).") from None
    if not isinstance(value, type_):
        raise StartError(f"{where}: must be a JSON {'object' if type_ is dict else 'array'}.")
    return value
