from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n8n_scraper.failures import KINDS
from n8n_scraper.politeness.backoff import LONGEST_SECONDS, parse_retry_after, retry_delay

NOW = datetime(2026, 11, 23, 6, 15, 0, tzinfo=timezone.utc)


def no_chance() -> float:
    return 0.0


def most_chance() -> float:
    return 0.999999


@pytest.mark.parametrize(
    ("kind", "attempt", "retry_after", "expected"),
    [
        ("server", 0, None, 1),
        ("server", 1, None, 1),
        ("server", 2, None, 2),
        ("server", 3, None, 4),
        ("server", 4, None, None),
        ("server", 100, None, None),
        ("network", 1, None, 1),
        ("timeout", 2, None, 2),
        ("malformed", 3, None, 4),
        ("rate_limited", 1, None, 1),
        ("rate_limited", 1, 10.0, 10),
        ("rate_limited", 3, 3.0, 4),
        ("rate_limited", 4, 10.0, None),
        ("rate_limited", 1, 301.0, 301),
        ("rate_limited", 1, 0.0, 1),
        ("server", 1, 1e12, LONGEST_SECONDS),
        ("blocked", 1, 10.0, None),
        ("gone", 1, None, None),
        ("too_large", 1, None, None),
        ("unexpected", 1, None, None),
        ("store", 1, None, None),
        ("internal", 1, None, None),
    ],
)
def test_retry_delay(kind: str, attempt: int, retry_after: float | None, expected: float | None) -> None:
    assert retry_delay(kind, attempt, retry_after, no_chance) == expected


@pytest.mark.parametrize("attempt", [1, 2, 3])
@pytest.mark.parametrize("retry_after", [None, 20.0, 80_000.0])
def test_chance_only_adds_and_at_most_a_fifth(attempt: int, retry_after: float | None) -> None:
    least = retry_delay("server", attempt, retry_after, no_chance)
    most = retry_delay("server", attempt, retry_after, most_chance)
    assert least is not None
    assert most is not None
    assert least < most <= min(least * 1.2, LONGEST_SECONDS)


def test_every_kind_has_a_policy_and_never_more_than_four_requests() -> None:
    for kind in KINDS.values():
        delays = [retry_delay(kind.name, attempt, None, no_chance) for attempt in range(1, 7)]
        assert delays == ([1, 2, 4, None, None, None] if kind.retried else [None] * 6), kind.name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        (b"10", 10),
        ("  120 ", 120),
        ("86400", 86_400),
        ("99999999999", 86_400),
        ("9" * 6000, 86_400),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("Mon, 23 Nov 2026 06:15:30 GMT", 30),
        (b"Mon, 23 Nov 2026 06:20:01 GMT", 301),
        ("Monday, 23-Nov-26 06:15:30 GMT", 30),
        ("Mon Nov 23 06:15:30 2026", 30),
        ("Mon, 23 Nov 2026 06:15:30 -0000", 30),
        ("Mon, 23 Nov 2026 07:15:30 +0100", 30),
        ("Mon, 23 Nov 2020 06:15:00 GMT", 0),
        ("Mon, 23 Nov 2099 06:15:00 GMT", 86_400),
        ("Mon, 99 Nov 2026 06:15:00 GMT", None),
        ("Mon, 23 Nov 2026 06:15:00 +9999", None),
        ("Mon, 23 Nov 99999 06:15:00 GMT", None),
        (b"\xff\xfe", None),
        (",", None),
    ],
)
def test_retry_after(value: bytes | str | None, expected: float | None) -> None:
    assert parse_retry_after(value, NOW) == expected


@given(st.one_of(st.text(max_size=70), st.binary(max_size=70), st.from_regex(r"[A-Z][a-z]{2}, \d+ \w+ \d+ [\d:]+ .*")))
def test_no_header_breaks_retry_after(value: bytes | str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
