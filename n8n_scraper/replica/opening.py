"""From options to a library."""

from __future__ import annotations

from n8n_scraper.replica.corpus import CorpusLibrary
from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import Library
from n8n_scraper.replica.options import Options

_COUNT = 100
_EXAMPLE_IMAGES = "https://images.example.com"


def open_library(options: Options, media_url: str) -> Library:
    if options.corpus is not None:
        return CorpusLibrary(options.corpus, seed=options.seed, paid=options.paid, count=options.count)
    recipe = Recipe(
        count=_COUNT if options.count is None else options.count,
        seed=options.seed,
        traps=options.traps,
        hostile=options.hostile,
        paid=options.paid,
        icons=options.icons,
        image_base=f"{media_url}/images" if options.images == "self" else _EXAMPLE_IMAGES,
    )
    return GeneratedLibrary(recipe)
