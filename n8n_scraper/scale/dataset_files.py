"""A dataset as files: ``ids.txt`` for a crawl, ``faults.json`` for a replica, ``expected.jsonl`` to judge by, and
``dataset.json`` with what the replica has to serve and what the dataset is composed of.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.corpus import CorpusLibrary
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import Library
from n8n_scraper.scale.candidates import survey
from n8n_scraper.scale.dataset import Dataset, Member, compose
from n8n_scraper.scale.fault_plan import read_plan

EDGE_CASES = "edge_cases.json"
Served = dict[str, Any]
"""Options of the replica that serves a dataset."""


def make_dataset(
    size: int, seed: int, corpus: Path | None = None, stages: Collection[str] = ()
) -> tuple[Dataset, Served]:
    """From the generator, or from recorded answers; ``stages`` are the opt-in layers that the crawl will ask for.

    Raises:
        StartError: the corpus cannot be read, or is too small.
    """
    served, library, image_base = _generated(size, seed) if corpus is None else _recorded(corpus, seed, stages)
    known = _known_edge_cases(corpus) if corpus else {}
    try:
        pool = [replace(one, trap=known.get(one.id, one.trap)) for one in survey(library, image_base)]
    finally:
        library.close()
    if "media" in stages:
        pool = [one for one in pool if not one.has_images_elsewhere]
    return compose(pool, size, seed), served


def _generated(size: int, seed: int) -> tuple[Served, Library, str]:
    options = {"count": size * 8 // 5 + 120, "seed": seed, "traps": 0.25, "hostile": True}
    recipe = Recipe(**options)  # type: ignore[arg-type]  # mypy cannot tell the types apart
    return {**options, "images": "self"}, GeneratedLibrary(recipe), recipe.image_base


def _recorded(corpus: Path, seed: int, stages: Collection[str]) -> tuple[Served, Library, str]:
    if "media" in stages:
        raise StartError(
            "Recorded templates show images of real hosts, which no scale run asks: media without --corpus."
        )
    paid = Recipe(count=0).paid
    served = {"corpus": str(corpus.resolve()), "seed": seed, "paid": paid}
    return served, CorpusLibrary(corpus, seed=seed, paid=paid), ""


def _known_edge_cases(corpus: Path) -> dict[int, str]:
    """Ids of recorded templates that are known to be nasty, each with the first reason; from the file beside them."""
    path = corpus.with_name(EDGE_CASES)
    if not path.is_file():
        return {}
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
        return {int(case["id"]): str(case["reasons"][0]).partition(" [")[0] for case in cases}
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise StartError(f"{path}: not a list of edge cases with id and reasons ({error}).") from None


def write_dataset(folder: Path, dataset: Dataset, served: Served) -> None:
    """Raises:
    StartError: the folder cannot be written.
    """
    texts = {
        "ids.txt": "".join(f"{member.id}\n" for member in dataset.members),
        "faults.json": json.dumps({"rules": dataset.rules}, indent=1),
        "expected.jsonl": "".join(f"{json.dumps(asdict(member))}\n" for member in dataset.members),
        "dataset.json": json.dumps({"replica": served, "composition": dataset.composition()}, indent=1),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StartError(f"{folder}: the dataset cannot be written there ({error.strerror}).") from None


def read_dataset(folder: Path) -> tuple[Dataset, Served]:
    """What :func:`write_dataset` wrote.

    Raises:
        StartError: there is none, or it is broken.
    """
    try:
        lines = (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()
        rules = json.loads((folder / "faults.json").read_text(encoding="utf-8"))["rules"]
        served = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["replica"]
        members = tuple(Member(**json.loads(line)) for line in lines)
        return Dataset(members, read_plan(rules)), dict(served)
    except OSError as error:
        raise StartError(f"{folder}: the dataset cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, LookupError) as error:
        raise StartError(f"{folder}: the dataset is broken ({error}).") from None
