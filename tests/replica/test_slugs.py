from __future__ import annotations

import pytest

from n8n_scraper.replica.slugs import slugify


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Send a mail", "send-a-mail"),
        (" Blanks at the ends ", "blanks-at-the-ends"),
        ("Q&A | GPT-5 & more", "qanda-or-gpt-5-and-more"),
        ("100 % of $5", "100-percent-of-dollar5"),
        ("Ünïcode – Élodie's", "unicode-elodies"),
        ("a -- b", "a-b"),
        ("🚀 Go → there", "go-there"),
        ("日本語", ""),
        ("", ""),
    ],
)
def test_slug(name: str, slug: str) -> None:
    assert slugify(name) == slug
