"""No text takes long, whatever is in it: what one second of ours costs, an author could make us pay for each template."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n8n_scraper.redaction.answer import redact

from .redaction_samples import TOKENS, some

MEGABYTE = 1_000_000
MAX_SECONDS = 2.0
"""Half a second on a machine of its own; tests share theirs."""

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
    """Of this process, so that others on the machine count little."""
    began = time.process_time()
    redact({"password": text})
    return time.process_time() - began


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: repr(piece[:20]))
def test_a_megabyte_of_it(piece: str) -> None:
    assert seconds(piece * (MEGABYTE // len(piece))) < MAX_SECONDS


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(min_size=1, max_size=20)), min_size=1, max_size=6).map("".join)
)
def test_a_megabyte_of_anything(piece: str) -> None:
    assert seconds(piece * (MEGABYTE // len(piece))) < MAX_SECONDS


def test_a_page_with_many_secrets() -> None:
    lines = "\n".join("token=" + sha256(b"%d" % number).hexdigest()[:32] for number in range(MEGABYTE // 40))
    began = time.process_time()
    assert len(redact(lines).findings) == MEGABYTE // 40
    assert time.process_time() - began < 2 * MAX_SECONDS
