"""No text takes long, whatever is in it: what one second of ours costs, an author could make us pay for each template."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n8n_scraper.redaction.answer import redact

from .redaction_samples import TOKENS, some

SMALL, LARGE = 100_000, 400_000
MAX_RATIO = 10.0
"""Four times the text takes four times as long; sixteen times would be the square. Seconds are for a benchmark."""
LEAST_SECONDS = 0.01
"""Below it a clock says nothing."""

PIECES = [
    *("sk-", "-sk-", "eyJ", "-eyJ", ".eyJ", "eyJaaaaaaaaaaaa.eyJ", "SG.", "sl.u.", "gh", "github_pat_", "1//0", "EAA", "AKIA"),
    *("://a:", "://:@", "postgres://", "postgres://a:b@", "postgres://a:b1c@", "hooks.slack.com/services/T", "IncomingWebhook/", "12345678:AA"),
    *("password=", 'password: "', "PASS", "pwd", "Bearer ", "Basic ", "Basic YTpi", "token=", "key ", "api key is ", "secret" * 3),
    *("-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 59 + "\n", "-----", "-"),
    *("a", "A1", "1", "\\", "\\_", "_", "%20", "\\n", "/", '"', "&quot;", "=", " ", "\n", "x", "é", "İ", "😀", "{{", "[REDACTED:a]"),
    *("secret: a1b2c3d4e5f6g7h8 ", "https://x.y/?token=a1b2c3d4e5f6g7h8&", "api_key=aaaaaaaaaaaaaaa1 ", "sk-a1b2c3d4e5f6g7h8i9j0k "),
    *("a" * 15 + " ", "0123456789abcdef", some(40) + "\n", "MTA", TOKENS["jwt"][0] + " ", "AKIAABCDEFGHIJKLMNOP " + some(39) + " "),
]  # fmt: skip


def seconds(text: str) -> float:
    """Of this process."""
    began = time.process_time()
    redact({"password": text})
    return time.process_time() - began


def is_linear(piece: str) -> bool:
    """The best of three tries of each size, so that others on the machine count little; of the larger one no more tries
    than tell."""
    small = min(seconds(piece * (SMALL // len(piece))) for _ in range(3))
    bound = MAX_RATIO * max(small, LEAST_SECONDS)
    return any(seconds(piece * (LARGE // len(piece))) < bound for _ in range(3))


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: repr(piece[:20]))
def test_much_of_it(piece: str) -> None:
    assert is_linear(piece)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(min_size=1, max_size=20)), min_size=1, max_size=6).map("".join)
)
def test_much_of_anything(piece: str) -> None:
    assert is_linear(piece)


def test_a_page_with_many_secrets() -> None:
    def spent(count: int) -> float:
        lines = "\n".join("token=" + sha256(b"%d" % number).hexdigest()[:32] for number in range(count))
        began = time.process_time()
        assert len(redact(lines).findings) == count
        return time.process_time() - began

    assert spent(8_000) < MAX_RATIO * spent(2_000)
