"""A library of recorded answers, or of rows of our own export: crawl once, replay for ever."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.corpus_lines import read_lines
from n8n_scraper.replica.exported_rows import is_exported, rebuild
from n8n_scraper.replica.json_members import joined, members
from n8n_scraper.replica.library import Entry, seeded_price
from n8n_scraper.replica.slugs import slugify

_NEEDED = ("name", "totalViews", "createdAt", "description", "workflow", "user", "nodes", "categories", "image")


class CorpusLibrary:
    """The rows of one file, at most ``count`` of them, kept unpacked in a temporary file and read on demand.

    Recorded answers carry no price: a seeded share ``paid`` of them gets one. ``skipped`` counts rows of an export
    that have never had any content.

    Raises:
        StartError: naming the file, the line and what is wrong with it.
    """

    def __init__(self, path: Path, *, seed: int, paid: float, count: int | None = None) -> None:
        self.entries: dict[int, Entry] = {}
        self.skipped = 0
        self._places: dict[int, tuple[int, int]] = {}
        self._unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._seed, self._paid = seed, paid
        with ExitStack() as on_error:
            on_error.callback(self.close)
            self._fill(path, count)
            on_error.pop_all()

    @property
    def remark(self) -> str:
        return f"Left out: {self.skipped} rows without content." if self.skipped else ""

    def answer(self, id: int) -> bytes:
        offset, length = self._places[id]
        return os.pread(self._unpacked.fileno(), length, offset)

    def close(self) -> None:
        self._unpacked.close()

    def _fill(self, path: Path, count: int | None) -> None:
        for number, line in enumerate(read_lines(path), 1):
            if count is not None and len(self.entries) >= count:
                break
            if line.strip():
                self._take(line, f"Corpus {path}, line {number}")
        if not self.entries and not self.skipped and count != 0:
            raise StartError(f"Corpus {path}: there is no template in it.")
        self._unpacked.flush()

    def _take(self, line: bytes, where: str) -> None:
        row = _parse(line, where)
        if is_exported(row):
            self._take_exported(json.loads(line), where)  # parsed again: orjson rounds numbers of 64 bits and more
            return
        if missing := [key for key in _NEEDED if key not in row]:
            raise StartError(f"{where}: no {missing[0]!r}; give recorded answers or an export of ours, one a line.")
        price = seeded_price(row["id"], self._seed, self._paid)
        try:
            entry = _entry(row, slug=row.get("_slug") or slugify(row["name"]), price=price)
        except (AttributeError, KeyError, TypeError) as error:
            raise StartError(f"{where}: not a recorded answer ({type(error).__name__}: {error}).") from None
        self._keep(entry, _without_slug(line, row), where)

    def _take_exported(self, row: dict[str, Any], where: str) -> None:
        if row.get("name") is None and row["crawl_status"] != "gone":
            self.skipped += 1
            return
        answer = rebuild(row)
        price = row.get("price_usd") or (seeded_price(row["id"], self._seed, 1.0) if row.get("is_paid") else None)
        gone = row["crawl_status"] == "gone"
        entry = _entry(
            answer,
            slug=row.get("slug") or slugify(answer["name"]),
            price=price,
            updated_at=row.get("updated_at"),
            status="gone" if gone else "published",
            listed=not gone and row.get("is_listed") is not False,
        )
        self._keep(entry, json.dumps(answer, separators=(",", ":")).encode(), where)

    def _keep(self, entry: Entry, answer: bytes, where: str) -> None:
        if entry.id in self.entries:
            raise StartError(f"{where}: id {entry.id} was there before; give each template once.")
        self.entries[entry.id] = entry
        self._places[entry.id] = (self._unpacked.tell(), len(answer))
        self._unpacked.write(answer)


def _parse(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except ValueError:
        row = _parse_leniently(line, where)
    id_ = row.get("id") if isinstance(row, dict) else None
    if not isinstance(id_, int) or isinstance(id_, bool) or id_ < 1:
        raise StartError(f"{where}: not an object with a whole number 'id'.")
    result: dict[str, Any] = row
    return result


def _parse_leniently(line: bytes, where: str) -> dict[str, Any]:
    """NaN, lone surrogates and deep nesting inside a workflow are no reason to refuse a recording."""
    try:
        parts = members(line) | {"workflow": b"{}"}
        return {key: json.loads(part) for key, part in parts.items()}
    except (ValueError, RecursionError) as error:
        raise StartError(f"{where}: not JSON ({error}).") from None


def _without_slug(line: bytes, row: dict[str, Any]) -> bytes:
    """The recorded line as it was, our own key taken out."""
    line = line.strip()
    if "_slug" not in row:
        return line
    at_the_end = b',"_slug":' + orjson.dumps(row["_slug"]) + b"}"
    if line.endswith(at_the_end):
        return line.removesuffix(at_the_end) + b"}"
    parts = members(line)
    del parts["_slug"]
    return joined(parts)


def _entry(
    answer: dict[str, Any], *, slug: str, price: float | None, updated_at: str | None = None, **more: Any
) -> Entry:
    return Entry(
        id=answer["id"],
        name=answer["name"],
        slug=slug,
        author=answer["user"]["username"],
        categories=tuple(category["name"] for category in answer["categories"]),
        views=answer["totalViews"],
        created_at=answer["createdAt"],
        updated_at=updated_at or answer["createdAt"],
        price=price,
        **({"status": answer.get("status", "published")} | more),
    )
