"""Slugs as the site makes them at publication: strict, lower case. Pure.

The replica does not use the crawler's own slug code: a mistake there must show, not cancel out.
"""

from __future__ import annotations

import re
import unicodedata

_WORDS = {"&": "and", "|": "or", "%": "percent", "$": "dollar", "<": "less", ">": "greater", "ß": "ss", "ø": "o"}
_WORD_SIGNS = str.maketrans(_WORDS)
_NOT_STRICT = re.compile(r"[^A-Za-z0-9\s-]")
_BREAKS = re.compile(r"[\s-]+")


def slugify(name: str) -> str:
    """``Q&A | GPT-5`` → ``qanda-or-gpt-5``; a name of signs only has an empty slug."""
    spelled = unicodedata.normalize("NFKD", name.translate(_WORD_SIGNS))
    return _BREAKS.sub("-", _NOT_STRICT.sub("", spelled).strip(" \t\n-")).lower()
