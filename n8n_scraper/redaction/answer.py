"""An answer → the same answer without its secrets, and where they were. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from n8n_scraper.printable import printable
from n8n_scraper.redaction.announced import MIN_PASSWORD, named
from n8n_scraper.redaction.plausible import is_random
from n8n_scraper.redaction.span import Span
from n8n_scraper.redaction.text import MIN_LENGTH, apart, find_secrets, without

MAX_REPEATED = 50
"""Different secrets of one answer that are also looked for where nothing tells that they are secrets."""
MAX_ROUNDS = 4
"""What is glued to a secret may be seen as one only when that is gone; a second round finds nothing in real answers."""
_MIN_REPEATED = 16
_BARRIER = "\n\x00a\x00\n"
"""Between two texts: no rule reaches across it. What takes a NUL takes either no line break or no letter."""
_SIMPLE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_KINDS_WITH_TEXT = (str, dict, list)
_CONTENT_KEYS = ("value", "stringValue")
_NAME_KEYS = ("name", "key")


class Finding(NamedTuple):
    path: str
    """``line 12`` in a page; in an object the JSON path of the text, or of the object whose key it was, as in
    ``$.workflow.nodes[3].parameters.url``. Fit to be printed.
    """
    kind: str


class Redacted(NamedTuple):
    value: Any
    """The given value itself when nothing was found, else a copy."""
    findings: list[Finding]
    """One for each place where something was replaced."""


def redact(value: Any) -> Redacted:
    """Replace secrets by ``[REDACTED:<kind>]`` in a page, or in an object with the keys and texts it is made of.

    A secret that one place gives away is replaced everywhere in the value. An object may be nested as deep as
    ``site.json_text`` allows.
    """
    findings: list[Finding] = []
    for _ in range(MAX_ROUNDS):
        value, found = _redact_once(value)
        if not found:
            break
        findings += found
    return Redacted(value, findings)


def _redact_once(value: Any) -> Redacted:
    if not _holds_a_secret(value):
        return Redacted(value, [])
    secrets: dict[str, str] = {}
    first = _Walk(lambda text, name: _find(text, name, secrets))
    redacted = first.clean(value)
    if not first.findings:
        return Redacted(value, [])
    repeated = dict(list(secrets.items())[:MAX_REPEATED])
    again = _Walk(lambda text, name: _find_again(text, repeated))
    return Redacted(again.clean(redacted), first.findings + again.findings)


def _holds_a_secret(value: Any) -> bool:
    """The same question that :class:`_Walk` asks text by text, asked once for all: the answer is mostly no."""
    texts: set[str] = set()
    left: list[tuple[Any, str | None]] = [(value, None)]
    while left:
        parent, name = left.pop()
        if isinstance(parent, str):
            texts.add(parent)
            if name is not None and named(name, parent):
                return True
        elif isinstance(parent, dict):
            texts.update(parent)
            left += [(child, _name(parent, key)) for key, child in parent.items() if _may_hold_text(child)]
        elif isinstance(parent, list):
            left += [(child, name) for child in parent if _may_hold_text(child)]
    return bool(find_secrets(_BARRIER.join([text for text in texts if len(text) >= MIN_LENGTH])))


def _may_hold_text(child: Any) -> bool:
    return len(child) >= MIN_PASSWORD if isinstance(child, str) else isinstance(child, (dict, list))


def _name(parent: dict[str, Any], key: str) -> str:
    """Of the field that a member of an object fills."""
    return _title(parent) or key if key in _CONTENT_KEYS else key


def _find(text: str, name: str | None, secrets: dict[str, str]) -> list[Span]:
    found = find_secrets(text) if len(text) >= MIN_LENGTH else []
    if not found and name is not None and (content := named(name, text)):
        found = [content]
    for span in found:
        secret = text[span.start : span.end]
        if secret not in secrets and len(secret) >= _MIN_REPEATED and is_random(secret):
            secrets[secret] = span.kind
    return found


def _find_again(text: str, secrets: dict[str, str]) -> list[Span]:
    there = [secret for secret in secrets if secret in text]
    if not there:
        return []
    longest_first = re.compile("|".join(re.escape(secret) for secret in sorted(there, key=len, reverse=True)))
    return apart(text, [Span(*match.span(), secrets[match[0]]) for match in longest_first.finditer(text)])


class _Walk:
    """One way through a value; ``find`` is asked for each text, with the name of the field that it fills."""

    def __init__(self, find: Callable[[str, str | None], list[Span]]) -> None:
        self.findings: list[Finding] = []
        self._find = find
        self._path: list[str | int] = []

    def clean(self, value: Any, name: str | None = None) -> Any:
        if isinstance(value, str):
            return self._clean_text(value, name)
        if isinstance(value, dict):
            return self._clean_object(value)
        if isinstance(value, list):
            return [self._clean_child(index, child, name) for index, child in enumerate(value)]
        return value

    def _clean_object(self, value: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for key, child in value.items():
            kept = self._clean_text(key, None) if len(key) >= MIN_LENGTH else key
            while kept in cleaned:  # two secrets of one kind were keys of this object
                kept = f"{kept} {len(cleaned) + 1}"
            if isinstance(child, _KINDS_WITH_TEXT):
                cleaned[kept] = self._clean_child(kept, child, _name(value, key))
            else:
                cleaned[kept] = child
        return cleaned

    def _clean_child(self, step: str | int, child: Any, name: str | None) -> Any:
        if isinstance(child, str) and len(child) < MIN_PASSWORD:
            return child
        self._path.append(step)
        cleaned = self.clean(child, name)
        self._path.pop()
        return cleaned

    def _clean_text(self, text: str, name: str | None) -> str:
        found = self._find(text, name)
        if not found:
            return text
        paths = [_json_path(self._path)] * len(found) if self._path else _lines(text, found)
        self.findings += [Finding(path, span.kind) for path, span in zip(paths, found, strict=True)]
        return without(text, found)


def _title(value: dict[str, Any]) -> str | None:
    """The name in ``{"name": "Authorization", "value": …}``, as nodes have their headers and fields."""
    return next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)


def _lines(text: str, spans: list[Span]) -> list[str]:
    lines, line, end = [], 1, 0
    for span in spans:
        line, end = line + text.count("\n", end, span.start), span.start
        lines.append(f"line {line}")
    return lines


def _json_path(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else _key_step(step) for step in steps)


def _key_step(key: str) -> str:
    return f".{key}" if _SIMPLE_KEY.fullmatch(key) else f"[{json.dumps(printable(key, 60), ensure_ascii=False)}]"
