"""The one source of chance: the same parts give the same numbers, on every Python and every machine."""

from __future__ import annotations

import random


def seeded(*parts: object) -> random.Random:
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - test data, nothing secret


def uuid_from(rng: random.Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
