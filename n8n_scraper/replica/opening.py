"""From options to a library."""

from __future__ import annotations

from n8n_scraper.replica.generator import GeneratedLibrary, Recipe
from n8n_scraper.replica.library import Library
from n8n_scraper.replica.options import Options

_EXAMPLE_IMAGES = "https://images.example.com"


def open_library(options: Options, site_url: str) -> Library:
    recipe = Recipe(
        count=options.count,
        seed=options.seed,
        traps=options.traps,
        hostile=options.hostile,
        paid=options.paid,
        icons=options.icons,
        image_base=f"{site_url}/images" if options.images == "self" else _EXAMPLE_IMAGES,
    )
    return GeneratedLibrary(recipe)
