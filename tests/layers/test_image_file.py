"""Images of tests/fixtures/images were made by Pillow; what they are is told by their content alone."""

from __future__ import annotations

import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from n8n_scraper.exceptions import UnusableAnswer
from n8n_scraper.layers.image_file import SUFFIXES, ImageFile, read_image

FOLDER = Path(__file__).parent.parent / "fixtures" / "images"
GOLDEN = {
    "plain.png": ("png", 37, 21),
    "grey.png": ("png", 300, 1),
    "baseline.jpg": ("jpeg", 37, 21),
    "progressive.jpg": ("jpeg", 37, 21),
    "with-exif.jpg": ("jpeg", 37, 21),
    "plain.gif": ("gif", 37, 21),
    "animated.gif": ("gif", 37, 21),
    "lossy.webp": ("webp", 37, 21),
    "lossless.webp": ("webp", 37, 21),
    "animated.webp": ("webp", 37, 21),
    "plain.avif": ("avif", 37, 21),
    "plain.bmp": ("bmp", 37, 21),
    "two-sizes.ico": ("ico", 32, 32),
    "largest.ico": ("ico", 256, 256),
}


def kind_of(body: bytes, max_pixels: int = 10_000_000) -> str:
    with pytest.raises(UnusableAnswer) as refused:
        read_image(body, max_pixels)
    return refused.value.kind


def test_every_fixture_is_in_the_table() -> None:
    assert {path.name for path in FOLDER.iterdir()} == GOLDEN.keys()
    assert {format_ for format_, *_ in GOLDEN.values()} | {"svg"} == SUFFIXES.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_format_and_size(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    assert read_image(body, 10_000_000) == GOLDEN[name]
    assert read_image(body + b"\0\0", 10_000_000) == GOLDEN[name], "something behind its end"


@pytest.mark.parametrize("name", GOLDEN)
def test_cut_off_anywhere_it_is_broken_or_still_the_same(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    for end in range(0, len(body), max(1, len(body) // 60)):
        with suppress(UnusableAnswer):
            assert read_image(body[:end], 10_000_000) == GOLDEN[name]
    if name.endswith((".png", ".jpg", ".gif", ".webp")):
        assert kind_of(body[: len(body) * 2 // 3]) == "malformed"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('<svg width="30" height="20"></svg>', (30, 20)),
        ("\ufeff <?xml version='1.0'?>\n<!-- a --><!DOCTYPE svg>\n<svg width='30px' height='20.5px'/>", (30, 20)),
        ('<svg viewBox="0 0 30 20"></svg>', (None, None)),
        ('<svg width="100%" height="20"><rect width="5" height="5"/></svg>', (None, None)),
        ('<svg width="3em" height="2em"></svg>', (None, None)),
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg stroke-width="9" width="1" height="2"></svg>', (1, 2)),
    ],
)
def test_an_svg_has_the_size_that_it_plainly_states(text: str, size: tuple[int | None, int | None]) -> None:
    assert read_image(text.encode(), 10_000_000) == ImageFile("svg", *size)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no image",
        b"<!DOCTYPE html><html><body><svg width='1' height='1'></svg></body></html>",
        b"<svg width='1' height='1'>",
        b"%PDF-1.7",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8" + b"\xff" * 1000,
        b"RIFF\x04\x00\x00\x00WEBP",
        b"BM" + b"\0" * 60,
        b"\0\0\1\0\0\0",
    ],
)
def test_what_is_no_image(body: bytes) -> None:
    assert kind_of(body) == "malformed"


def test_bytes_that_fill_up_and_markers_without_length_are_passed_over() -> None:
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 21, 37) + b"\x01\x01\x11\x00"
    assert read_image(b"\xff\xd8\xff\xff\xff\xe0\x00\x02\xff\x01" + frame + b"\xff\xd9", 1000) == ("jpeg", 37, 21)
    assert kind_of(b"\xff\xd8\xff\xe0\x00\x02" + frame) == "malformed", "it has no end"


def test_a_webp_may_lack_the_byte_that_fills_it_up_and_no_other() -> None:
    body = (FOLDER / "lossy.webp").read_bytes()
    told = [body[:4] + struct.pack("<I", len(body) - 8 + missing) + body[8:] for missing in (0, 1, 2)]
    assert read_image(told[0], 1_000_000) == read_image(told[1], 1_000_000) == read_image(body, 1_000_000)
    assert kind_of(told[2]) == "malformed"


def test_a_size_that_cannot_be_is_broken_and_one_beyond_the_limit_too_large() -> None:
    png = (FOLDER / "plain.png").read_bytes()
    assert kind_of(png[:16] + struct.pack(">II", 0, 5) + png[24:]) == "malformed"
    assert kind_of(png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:]) == "too_large"
    assert read_image(png, 37 * 21) == ("png", 37, 21)
    assert kind_of(png, 37 * 21 - 1) == "too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"<!-- a -->" * 6000,
        b"<!--" * 16_000,
        b"<!DOCTYPE " + b"a" * 65_000,
        b"<!DOCTYPE [" * 6000,
        b"<svg " + b" width" * 20_000,
        b"<?xml" + b" " * 60_000,
        b" " * 60_000 + b"<",
        b"\xff\xd8" + b"\xff\xe0\x00\x02" * 500_000,
        b"\0\0\0\x20ftypavif" + b"\0" * 20 + b"\0\x10\0\0meta" + b"ispe" * 200_000,
    ],
)
def test_hostile_files_cost_no_time(body: bytes) -> None:
    began = time.process_time()
    assert kind_of(body) == "malformed"
    assert time.process_time() - began < 2
