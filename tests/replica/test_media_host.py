"""The host of pictures: every format, as its content says."""

from __future__ import annotations

import pytest

from n8n_scraper.layers.image_file import SUFFIXES, read_image
from n8n_scraper.replica.images import Media, bomb_picture
from n8n_scraper.replica.routes import route


@pytest.mark.parametrize("format_", SUFFIXES)
def test_every_format_is_there(format_: str) -> None:
    reply = Media().answer(route("media", f"/images/x.{SUFFIXES[format_]}"), {})
    image = read_image(reply.body, 1_000_000)
    assert (reply.status, image.format) == (200, format_)
    assert reply.content_type.startswith("image/")
    assert image.width


def test_robots_txt_keeps_a_folder_and_nothing_else_is_there() -> None:
    assert b"Disallow: /private/" in Media().answer(route("media", "/robots.txt"), {}).body
    assert Media().answer(route("media", "/other"), {}).status == 404
    assert read_image(bomb_picture(), 60_000 * 60_000).width == 60_000
