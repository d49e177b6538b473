"""The one source of chance: the same parts give the same numbers, on every Python and every machine."""

from __future__ import annotations

import random
import uuid


def seeded(*parts: object) -> random.Random:
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - test data, nothing secret


def uuid_from(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128)))
