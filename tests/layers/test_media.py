from __future__ import annotations

from typing import Any

import pytest

from n8n_scraper.failures import KINDS
from n8n_scraper.layers.media import FOR_GOOD, Fetched, fill_images, outcome

HERE = Fetched("a", None, None, 3, 2, "png", 70, "ab12", "media/ab/ab12.png")


@pytest.mark.parametrize(
    ("kinds", "status", "failure"),
    [
        ([], "missing", None),
        (["ok"], "ok", None),
        (["ok", "gone"], "ok", None),
        (["gone"], "missing", None),
        (["blocked", "malformed", "too_large", "unexpected"], "missing", None),
        (["disallowed"], "disallowed", None),
        (["disallowed", "disallowed"], "disallowed", None),
        (["disallowed", "gone"], "missing", None),
        (["ok", "timeout", "gone"], "failed", ("timeout", "1 of 3 images: no timeout")),
        (["server", "network"], "failed", ("server", "2 of 2 images: no server")),
        (["rate_limited"], "failed", ("rate_limited", "1 of 1 images: no rate_limited")),
        (["ok", "unknown"], "skipped", None),
        (["timeout", "unknown"], "skipped", None),
    ],
)
def test_what_becomes_of_the_layer(kinds: list[str], status: str, failure: tuple[str, str] | None) -> None:
    images = [{"url": str(number)} for number in range(len(kinds))]
    fetched = {
        str(number): HERE if kind == "ok" else Fetched(str(number), kind, f"no {kind}")
        for number, kind in enumerate(kinds)
        if kind != "unknown"
    }
    found = outcome(images, fetched)
    assert found.status == status
    assert (found.failure and (found.failure.kind, found.failure.reason)) == failure


def test_every_kind_is_either_for_good_or_due_again() -> None:
    again = {"rate_limited", "server", "network", "timeout", "store", "internal"}
    assert KINDS.keys() | {"disallowed"} == FOR_GOOD | again
    assert not FOR_GOOD & again


def test_images_are_filled_and_emptied() -> None:
    images: list[dict[str, Any]] = [{"url": "a", "alt": "x"}, {"url": "b", "width": 9}]
    fill_images(images, {"a": HERE})
    filled = {"width": 3, "height": 2, "format": "png", "bytes": 70, "sha256": "ab12", "path": "media/ab/ab12.png"}
    assert images[0] == {"url": "a", "alt": "x", **filled}
    assert images[1] == {"url": "b", **dict.fromkeys(filled)}
