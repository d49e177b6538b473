"""Invented authors of generated templates. Pure."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from n8n_scraper.replica.seeds import seeded
from n8n_scraper.replica.slugs import slugify
from n8n_scraper.replica.vocabulary import FIRST_NAMES, LAST_NAMES

_NAMES = {slugify(f"{first} {last}"): f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES}
_USERNAMES = tuple(_NAMES)


def username(rng: random.Random) -> str:
    """One of 400; a few of them have written much more than the others."""
    return _USERNAMES[int(len(_USERNAMES) * rng.random() ** 2)]


@cache
def author(username: str) -> dict[str, Any]:
    """The ``user`` member of a detail answer."""
    rng = seeded("author", username)
    name = _NAMES[username]
    return {
        "name": name,
        "username": username,
        "bio": None
        if rng.random() < 0.05
        else f"{name} builds automations for {rng.choice(('shops', 'schools', 'labs'))}.",
        "verified": rng.random() < 0.85,
        "links": rng.choice(([""], [""], [], [f"https://example.com/{username}"])),
        "avatar": f"https://avatars.example.com/{username}.png",
    }
