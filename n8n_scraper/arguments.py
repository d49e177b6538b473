"""The spider's arguments: read, checked, and refused with a sentence. Pure but for reading the ids file."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.site.addresses import MAX_ID, Site, WorkflowRef

NAMES = ("ids", "limit", "layers", "page", "render", "refresh", "dry_run")
SCRAPYD_NAMES = ("_job", "_version")
"""What scrapyd adds by itself."""
WORK_NAMES = ("_plan", "_shard")
"""What a worker adds (see n8n_scraper/work): the task whose ids are to be fixed, or crawled."""
MAX_IDS = 100_000
_LIST = re.compile(r"^\s*-?\d+\s*$|,|://")
"""What is meant as a list of ids or addresses, and not as the name of a file."""
LAYER_NAMES = (*map(str, LAYERS), *STAGES)
"""What ``layers=`` may name."""


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Checked arguments of one crawl. ``refresh``: ``missing``, ``changed``, ``all`` or days.

    ``ids`` None: the whole sitemap, or with ``stages`` alone the whole store.
    """

    ids: tuple[WorkflowRef, ...] | None = None
    limit: int | None = None
    layers: tuple[int, ...] = (1, 2, 3)
    """Of those that an answer of the site carries; empty where ``stages`` are all that is asked for."""
    stages: tuple[str, ...] = ()
    """The opt-in layers, names of :data:`n8n_scraper.items.STAGES`."""
    page: str = "auto"
    render: str = "auto"
    refresh: str | float = "missing"
    dry_run: bool = False
    plan: int | None = None
    """Task whose job is only prepared: ids are fixed and prices read, and other tasks crawl them."""
    shard: int | None = None
    """Task whose job was prepared by another: its ids, their addresses and prices are in the store."""

    @property
    def task(self) -> int | None:
        """The task of a worker that this crawl is."""
        return self.shard if self.plan is None else self.plan

    @property
    def needed_layers(self) -> tuple[int, ...]:
        """Layers that a row must have: those asked for, and for stages the inventory, which is in layer 3."""
        return tuple(sorted({*self.layers, *((3,) if self.stages else ())}))

    @classmethod
    def read(cls, given: Mapping[str, Any], site: Site) -> Arguments:
        """Check what was given with ``-a``.

        Raises:
            StartError: naming the argument, the bad value and what is allowed.
        """
        for name in given:
            if name not in NAMES + SCRAPYD_NAMES + WORK_NAMES:
                raise StartError(f"Argument {name!r} is unknown{_nearest(name, NAMES)} Known are: {', '.join(NAMES)}.")
        readers: dict[str, Callable[[str], Any]] = {
            "ids": lambda text: tuple(read_ids(text, site)),
            "limit": _limit,
            "layers": _layers,
            "page": _one_of("page", ("auto", "yes", "no")),
            "render": _one_of("render", ("auto", "never", "always")),
            "refresh": _refresh,
            "dry_run": _flag,
            "_plan": _task("_plan"),
            "_shard": _task("_shard"),
        }
        read = {name.lstrip("_"): readers[name](str(value)) for name, value in given.items() if name in readers}
        return cls(**read | split_layers(read.get("layers", cls.layers)))

    def as_json(self) -> dict[str, Any]:
        """What a job remembers of its first start; the ids as count and digest, not one by one."""
        ids = None if self.ids is None else {"count": len(self.ids), "sha256": _digest(ref.id for ref in self.ids)}
        return {
            "ids": ids,
            "limit": self.limit,
            "layers": [*self.layers, *self.stages],
            "page": self.page,
            "render": self.render,
            "refresh": self.refresh,
        }


def read_ids(text: str, site: Site) -> Iterator[WorkflowRef]:
    """Ids of ``-a ids=``: a list (``1,2,https://n8n.io/workflows/3-x/``) or a file with one a line; duplicates once."""
    if not text.strip():
        raise StartError("Argument ids= is empty: give a file, or a list of ids or workflow addresses.")
    refs = _read_list(text, site) if _LIST.search(text) and not _is_file(text) else _read_file(text, site)
    seen: dict[int, WorkflowRef] = {}
    for ref in refs:
        if ref.id not in seen or not seen[ref.id].slug:
            seen[ref.id] = ref
        if len(seen) > MAX_IDS:
            raise StartError(f"Argument ids={text}: more than {MAX_IDS:,} ids; split the list.")
    if not seen:
        raise StartError(f"Argument ids={text}: there is no id in it.")
    yield from seen.values()


def _read_list(text: str, site: Site) -> Iterator[WorkflowRef]:
    for word in filter(None, map(str.strip, text.split(","))):
        ref = site.read(word)
        if ref is None:
            raise StartError(
                f"Argument ids: {word[:80]!r} is neither a workflow id (1 to {MAX_ID}) nor a workflow address of "
                f"{site.site_url}."
            )
        yield ref


def _read_file(path: str, site: Site) -> Iterator[WorkflowRef]:
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise StartError(
            f"Argument ids={path}: there is no such file, and it is no list of ids or workflow addresses."
        ) from None
    except OSError as error:
        raise StartError(f"Argument ids={path}: it cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise StartError(f"Argument ids={path}: the file is no UTF-8 text.") from None
    for number, line in enumerate(content.split("\n"), start=1):
        word = line.split("#", 1)[0].strip()
        if not word:
            continue
        ref = site.read(word)
        if ref is None:
            raise StartError(
                f"{path}, line {number}: {line.strip()[:80]!r} is neither a workflow id nor a workflow address of "
                f"{site.site_url}."
            )
        yield ref


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # a list may be longer than any name
        return False


def _digest(ids: Iterable[int]) -> str:
    return hashlib.sha256("\n".join(map(str, ids)).encode()).hexdigest()


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f", did you mean {near[0]!r}?" if near else "."


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:12]) == 0:
        raise StartError(f"Argument limit={text}: must be a whole number above 0.")
    return int(text[:12])


def _task(name: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise StartError(f"Argument {name}={text}: workers give it, with the number of their task.")
        return int(text)

    return parse


def _layers(text: str) -> list[int | str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or any(word not in LAYER_NAMES for word in words):
        names = ", ".join(LAYER_NAMES)
        raise StartError(f"Argument layers={text}: must be one or more of {names}, separated by commas.")
    return [int(word) if word.isdigit() else word for word in words]


def split_layers(names: Iterable[int | str]) -> dict[str, Any]:
    """``layers`` and ``stages`` out of what names both, each in its order and once."""
    given = set(names)
    return {"layers": tuple(n for n in LAYERS if n in given), "stages": tuple(n for n in STAGES if n in given)}


def _one_of(name: str, allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise StartError(f"Argument {name}={text}: must be one of {', '.join(allowed)}.")
        return text

    return parse


def _refresh(text: str) -> str | float:
    if text in {"missing", "changed", "all"}:
        return text
    try:
        days = float(text)
    except ValueError:
        days = -1
    if not 0 < days <= 36_500:
        raise StartError(f"Argument refresh={text}: must be missing, changed, all, or a number of days.")
    return days


def _flag(text: str) -> bool:
    if text.lower() not in {"1", "0", "true", "false", "yes", "no"}:
        raise StartError(f"Argument dry_run={text}: must be 1 or 0.")
    return text.lower() in {"1", "true", "yes"}
