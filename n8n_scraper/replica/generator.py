"""The bundled library: any number of templates, made from a seed, each with or without one trap. Pure.

Template ``id`` is the same in a library of any size with the same seed and recipe.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import orjson

from n8n_scraper.replica import authors, prose, vocabulary
from n8n_scraper.replica.canvas import build
from n8n_scraper.replica.catalogue import BY_ROLE, BY_TYPE, CATEGORIES, STICKY_NOTE, entry_json
from n8n_scraper.replica.drafts import Draft
from n8n_scraper.replica.library import Entry, seeded_price
from n8n_scraper.replica.seeds import seeded, uuid_from
from n8n_scraper.replica.slugs import slugify
from n8n_scraper.replica.text_traps import add_media
from n8n_scraper.replica.traps import CHANGES, RENAMES, trap_of

_FIRST_DAY = datetime(2019, 10, 1, tzinfo=timezone.utc)
_DAYS = 2580
_EXISTING = 0.62
_KEPT = 2000
"""Answers kept in memory, about 80 MB: a crawl asks for some of them again."""
_LARGE_EVERY, _LARGE = 67, 50
"""One listed template in so many has so many nodes more: as often as real ones have more than 50."""
_UNUSUAL = {17: "unpublished", 37: "gone", 57: "unlisted"}
"""Which of a hundred existing templates are not simply published."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """``traps`` and ``paid`` are shares of 0 to 1; ``icons`` is the mean size of an icon in ``nodes[]`` in bytes."""

    count: int
    seed: int = 1
    traps: float = 0.5
    hostile: bool = False
    paid: float = 0.06
    icons: int = 1800
    image_base: str = "https://images.example.com"


class GeneratedLibrary:
    """``recipe.count`` listed templates, and among their ids those that are gone, unpublished or unlisted."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._topics: dict[int, prose.Topic] = {}
        self._large: set[int] = set()
        self.remark = ""
        self.entries: dict[int, Entry] = {}
        self.answer = lru_cache(_KEPT)(self._made)
        self._fill()

    def _made(self, id: int) -> bytes:
        entry = self.entries[id]
        draft = self._draft(entry)
        add_media(draft)
        if entry.trap in CHANGES:
            CHANGES[entry.trap](draft)
        return orjson.dumps(draft.answer)

    def close(self) -> None:
        """Nothing is held open."""

    def _fill(self) -> None:
        existing = seeded(self.recipe.seed, "ids")
        listed = 0
        for number in itertools.count(1):
            if listed == self.recipe.count:
                return
            if existing.random() < _EXISTING:
                unusual = _UNUSUAL.get(len(self.entries) % 100)
                trap = None if unusual else trap_of(listed, self.recipe.traps, hostile=self.recipe.hostile)
                self.entries[number] = self._entry(number, unusual, trap)
                if listed % _LARGE_EVERY == _LARGE_EVERY // 2 and not unusual:
                    self._large.add(number)
                listed += unusual is None

    def _entry(self, id: int, unusual: str | None, trap: str | None) -> Entry:
        rng = seeded(self.recipe.seed, id)
        self._topics[id] = topic = _topic(rng)
        name = RENAMES[trap](topic.name, rng) if trap in RENAMES else topic.name
        created = _created(id, rng)
        return Entry(
            id=id,
            name=name,
            slug=slugify(name),
            author=authors.username(rng),
            categories=tuple(rng.sample(tuple(CATEGORIES), k=2 if rng.random() < 0.65 else 1)),
            views=int(rng.lognormvariate(6.5, 1.7)) + 1,
            created_at=_iso(created),
            updated_at=_iso(created + timedelta(hours=rng.randint(0, 4000))),
            price=seeded_price(id, self.recipe.seed, self.recipe.paid),
            status=unusual if unusual in {"unpublished", "gone"} else "published",
            listed=unusual is None,
            trap=trap,
        )

    def _draft(self, entry: Entry) -> Draft:
        rng = seeded(self.recipe.seed, entry.id, "body")
        usual = max(2, int(rng.lognormvariate(2.4, 0.5)))
        canvas = build(rng, usual + _LARGE if entry.id in self._large else usual)
        working = [node["name"] for node in canvas.nodes if node["type"] != STICKY_NOTE]
        inner: dict[str, Any] = {"nodes": canvas.nodes, "connections": canvas.connections}
        if rng.random() < 0.88:
            inner = {"meta": {"instanceId": f"{rng.getrandbits(256):064x}"}, "pinData": {}, **inner}
        if rng.random() < 0.6:
            inner |= {"name": entry.name, "active": False, "settings": {"executionOrder": "v1"}, "tags": []}
            inner |= {"id": uuid_from(rng)[:16], "versionId": uuid_from(rng)}
        answer = {
            "id": entry.id,
            "name": entry.name,
            "views": entry.views,
            "recentViews": rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, rng.randint(0, 345))),
            "totalViews": entry.views,
            "createdAt": entry.created_at,
            "description": prose.description(rng, self._topics[entry.id], working),
            "workflow": inner,
            "lastUpdatedBy": rng.randint(1, 90),
            "workflowInfo": _info(canvas.nodes),
            "status": entry.status,
            "user": dict(authors.author(entry.author)),
            "nodes": self._outer_nodes(canvas.nodes),
            "categories": [{"id": CATEGORIES[name], "name": name} for name in entry.categories],
            "image": [],
        }
        return Draft(answer, rng, self.recipe.image_base)

    def _outer_nodes(self, nodes: list[dict[str, Any]]) -> list[orjson.Fragment]:
        types = sorted({node["type"] for node in nodes} & BY_TYPE.keys())
        return [orjson.Fragment(entry_json(name, self.recipe.icons)) for name in types]


def _topic(rng: random.Random) -> prose.Topic:
    source, target = rng.sample(BY_ROLE["action"], k=2)
    verb, thing, helper = (rng.choice(words) for words in (vocabulary.VERBS, vocabulary.THINGS, vocabulary.HELPERS))
    return prose.Topic(verb, thing, source.title, target.title, helper)


def _created(id: int, rng: random.Random) -> datetime:
    days = _DAYS * id / (id + 3000) + rng.random()
    return _FIRST_DAY + timedelta(milliseconds=int(days * 86_400_000))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _info(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    types = [node["type"] for node in nodes]
    return {"nodeCount": len(nodes), "nodeTypes": {name: {"count": types.count(name)} for name in sorted(set(types))}}
