"""A dataset as files: ``ids.txt`` for a crawl, ``faults.json`` for a replica, ``expected.jsonl`` to judge by, and
``dataset.json`` with what the replica has to serve and what the dataset is composed of.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.corpus import CorpusLibrary
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import Library
from n8n_scraper.scale.candidates import survey
from n8n_scraper.scale.dataset import Dataset, compose

Served = dict[str, Any]
"""Options of the replica that serves a dataset."""


def make_dataset(size: int, seed: int, corpus: Path | None = None) -> tuple[Dataset, Served]:
    """From the generator, or from recorded answers.

    Raises:
        StartError: the corpus cannot be read, or is too small.
    """
    served, library = _generated(size, seed) if corpus is None else _recorded(corpus, seed)
    try:
        return compose(survey(library), size, seed), served
    finally:
        library.close()


def _generated(size: int, seed: int) -> tuple[Served, Library]:
    options = {"count": size * 8 // 5 + 120, "seed": seed, "traps": 0.25, "hostile": True}
    return options, GeneratedLibrary(Recipe(**options))  # type: ignore[arg-type]  # mypy cannot tell the types apart


def _recorded(corpus: Path, seed: int) -> tuple[Served, Library]:
    paid = Recipe(count=0).paid
    return {"corpus": str(corpus.resolve()), "seed": seed, "paid": paid}, CorpusLibrary(corpus, seed=seed, paid=paid)


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
