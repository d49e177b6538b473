"""The workflows of a scale run: which ids, what goes wrong with each, and what must become of it. Pure.

60 % good, 30 % challenging (a fault that lasts, passes or only takes its time), 10 % edge cases: odd templates, ids
that are gone, not listed or never existed. The same for the same library, size and seed.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale.candidates import NODE_BOUNDS, Candidate
from n8n_scraper.scale.fault_plan import Planned, Rule, every_fault, fault_rules

SHARES = {"good": 0.6, "challenging": 0.3, "edge": 0.1}
GOOD_QUALITY = 80.0
SMALLEST = 30
"""Members of a dataset that still has every group in it."""
RATE_TOLD = Planned("429", "rate_limited", 1)
CHALLENGES_PER_429 = 150
"""Each halves the rate of the crawl, which takes 150 good answers to come back."""
LEAST = {"size_class": len(NODE_BOUNDS) + 1, "category": 10, "year": 2}
"""Kinds that a dataset has at least: every class of size, from a few nodes to more than 50; old ones and new ones."""
_WORDS = {"size_class": "classes of size (by number of nodes)", "category": "categories", "year": "years"}
UNKNOWN_EVERY = 10
"""One edge case in so many is an id that never existed."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One workflow of a dataset and its expected row."""

    id: int
    group: str
    why: str
    """What is odd about it: a fault, a trap, a state; empty for good ones."""
    crawl_status: str
    error_kind: str | None = None
    least_quality: float | None = None
    category: str = ""
    created: str = ""
    size_class: int | None = None
    media: str = "missing"
    """Status of the layer, where it is asked for and nothing else failed."""
    transcripts: str = "missing"


@dataclass(frozen=True)
class Dataset:
    members: tuple[Member, ...]
    plan: dict[int, Planned]

    @property
    def rules(self) -> list[Rule]:
        """The fault plan, for a replica."""
        return fault_rules(self.plan)

    def only(self, ids: Collection[int]) -> Dataset:
        """A part of it, which is composed as it is."""
        members = tuple(member for member in self.members if member.id in ids)
        return Dataset(members, {id: planned for id, planned in self.plan.items() if id in ids})

    def composition(self) -> dict[str, Counter[str]]:
        """How many members by group, by what is odd about them, by category, by size and by year."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for member in self.members:
            found["group"][member.group] += 1
            found["why"][member.why or "nothing"] += 1
            if member.size_class is not None:
                found["category"][member.category] += 1
                found["size_class"][str(member.size_class)] += 1
                found["year"][member.created[:4]] += 1
        return dict(found)


def compose(candidates: Iterable[Candidate], size: int, seed: int) -> Dataset:
    """Choose ``size`` members.

    Raises:
        StartError: the library is too small or too plain for a dataset of this size, or the size is too small.
    """
    if size < SMALLEST:
        raise StartError(f"A dataset of {size}: at least {SMALLEST} workflows are needed to have something of each.")
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    pool = list(candidates)
    counts = {group: round(size * share) for group, share in SHARES.items()}
    counts["good"] = size - counts["challenging"] - counts["edge"]
    edges = _edges(pool, counts["edge"], rng)
    chosen = {member.id for member in edges}
    plain = [one for one in pool if _is_plain(one) and one.id not in chosen]
    good = _spread(plain, counts["good"], rng, "good")
    rest = [one for one in plain if one not in set(good)]
    plan = _challenges(_spread(rest, counts["challenging"], rng, "challenging"), rng)
    members = [_member(one, "good", "", least_quality=GOOD_QUALITY) for one in good]
    members += [_faulty(one, planned) for one, planned in plan]
    members = sorted([*members, *edges], key=lambda member: member.id)
    return check(Dataset(tuple(members), {one.id: planned for one, planned in plan}), pool)


def check(dataset: Dataset, pool: Sequence[Candidate]) -> Dataset:
    """The dataset, if it is composed as promised.

    Raises:
        StartError: it is not; the first thing that is missing.
    """
    size, found = len(dataset.members), dataset.composition()
    wanted = {"challenging": round(size * SHARES["challenging"]), "edge": round(size * SHARES["edge"])}
    wanted["good"] = size - sum(wanted.values())
    if len({member.id for member in dataset.members}) != size or found["group"] != wanted:
        raise StartError(f"The dataset of {size} is not composed as promised: {dict(found['group'])}, not {wanted}.")
    for what, least in LEAST.items():
        if len(found[what]) < least:
            raise StartError(
                f"The dataset of {size} has {len(found[what])} {_WORDS[what]}, at least {least} are needed:"
                " take a larger library, or another seed."
            )
    odd = len({one.trap for one in pool if one.trap})
    edges = {member.why for member in dataset.members if member.group == "edge"}
    if len(edges) < min(wanted["edge"] - wanted["edge"] // UNKNOWN_EVERY, odd):
        raise StartError(f"The dataset of {size} has {len(edges)} kinds of edge cases only: take another seed.")
    return dataset


def _is_plain(one: Candidate) -> bool:
    return one.state == "listed" and one.trap is None and (one.quality or 0) >= GOOD_QUALITY


def _spread(pool: Sequence[Candidate], count: int, rng: random.Random, group: str) -> list[Candidate]:
    """``count`` of the pool: each time one of the class of size, the category and the year that have the fewest."""
    if len(pool) < count:
        raise StartError(
            f"The library has {len(pool)} workflows fit to be {group}, {count} are needed: take a larger one."
        )
    shelves: dict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    for one in rng.sample(pool, len(pool)):
        shelves[f"size {one.size_class}", one.category, one.created[:4]].append(one)
    taken: list[Candidate] = []
    counts: Counter[str] = Counter()
    for _ in range(count):
        key = min((key for key in shelves if shelves[key]), key=lambda key: [counts[word] for word in key])
        counts.update(key)
        taken.append(shelves[key].pop())
    return taken


def _challenges(chosen: Sequence[Candidate], rng: random.Random) -> list[tuple[Candidate, Planned]]:
    """Every fault about as often as any other; but a 429 is the whole site's word, and rare."""
    faults = [planned for planned in every_fault() if planned.kind != "rate_limited"]
    order = rng.sample(list(chosen), len(chosen))
    told = [
        RATE_TOLD if number % CHALLENGES_PER_429 == 0 else faults[number % len(faults)]
        for number, _ in enumerate(order)
    ]
    return list(zip(order, told, strict=True))


def _edges(pool: Sequence[Candidate], count: int, rng: random.Random) -> list[Member]:
    """The oddest there are: in turn of every trap and state; in a library without any, of every extreme."""
    shelves: dict[str, list[Candidate]] = defaultdict(list)
    for one in rng.sample(list(pool), len(pool)):
        if why := one.trap or ("" if one.state == "listed" else one.state):
            shelves[why].append(one)
    for why, extremes in _extremes(pool, count).items():
        shelves[why] += extremes
    members: dict[int, Member] = {}
    for number in range(1, count // UNKNOWN_EVERY + 1):
        id = max((one.id for one in pool), default=0) + number * 7
        members[id] = Member(id=id, group="edge", why="never existed", crawl_status="gone", error_kind="gone")
    while len(members) < count:
        ready = [(why, shelf) for why, shelf in shelves.items() if shelf]
        if not ready:
            raise StartError(
                f"The library has {len(members)} edge cases, {count} are needed: take one with more traps."
            )
        for why, shelf in ready:
            one = shelf.pop()
            members.setdefault(one.id, _edge(one, why))
    return list(members.values())[:count]


def _extremes(pool: Sequence[Candidate], count: int) -> dict[str, list[Candidate]]:
    """By what is extreme about them up to ``count``, the most extreme last."""
    there = [one for one in pool if one.state == "listed" and one.trap is None]
    measures: dict[str, Callable[[Candidate], Any]] = {
        "most nodes": lambda one: one.nodes,
        "fewest nodes": lambda one: -one.nodes,
        "longest text": lambda one: one.text_length,
        "shortest text": lambda one: -one.text_length,
        "lowest quality": lambda one: -(one.quality or 0),
        "oldest": lambda one: [-ord(letter) for letter in one.created],
        "newest": lambda one: one.created,
    }
    return {why: sorted(there, key=measure)[-count:] for why, measure in measures.items()}


def _edge(one: Candidate, why: str) -> Member:
    if one.state in {"gone", "unpublished"}:
        return _member(one, "edge", why, crawl_status="gone", error_kind="gone")
    if one.state == "malformed":
        return _member(one, "edge", why, crawl_status="failed", error_kind="malformed")
    return _member(one, "edge", why)


def _faulty(one: Candidate, planned: Planned) -> Member:
    kind = planned.error_kind
    why = planned.fault if planned.times is None else f"{planned.fault} ×{planned.times}"
    if kind is None:
        return _member(one, "challenging", why, least_quality=GOOD_QUALITY)
    return _member(one, "challenging", why, crawl_status="gone" if kind == "gone" else "failed", error_kind=kind)


def _member(one: Candidate, group: str, why: str, **expected: Any) -> Member:
    return Member(
        id=one.id,
        group=group,
        why=why,
        category=one.category,
        created=one.created,
        size_class=None if one.state in {"gone", "unpublished", "malformed"} else one.size_class,
        media="ok" if one.images else "missing",
        transcripts="ok" if one.videos else "missing",
        **{"crawl_status": "complete", **expected},
    )
