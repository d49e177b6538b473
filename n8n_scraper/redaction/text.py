"""A text → the secrets in it, and the text without them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from n8n_scraper.redaction.announced import announced
from n8n_scraper.redaction.frames import framed
from n8n_scraper.redaction.span import Span
from n8n_scraper.redaction.tokens import tokens

MIN_LENGTH = 12
"""No rule fits a shorter text."""
_IN_A_RUN = r"A-Za-z0-9_.+/=~:\\%-"
_RUN = re.compile(f"[^{_IN_A_RUN}]([{_IN_A_RUN}]{{16,}})")
"""A token is inside one; looking nowhere else takes half the time, and looking only where one begins half of that."""
_REST = re.compile(r"[\w-]*", re.ASCII)
_GROWS = "\u0130"
"""The one character that is two in lower case."""


def find_secrets(text: str) -> list[Span]:
    """Secrets in their order, apart from each other; where two rules overlap, the more certain one names the kind."""
    lowered = text.replace(_GROWS, "I").lower()
    runs = [(run.start(1) - 1, run.end() - 1) for run in _RUN.finditer(f" {text}")]
    found = [*tokens(text, runs), *framed(text, lowered), *announced(text, lowered, runs)]
    return apart(text, found) if found else found


def without(text: str, spans: Iterable[Span]) -> str:
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], f"[REDACTED:{span.kind}]"]
        end = span.end
    return "".join(parts) + text[end:]


def apart(text: str, found: list[Span]) -> list[Span]:
    """The spans in their order; ``found`` has the more certain ones first. What is glued to a secret goes with it."""
    kept: list[tuple[int, Span]] = []
    for rank, (start, end, kind) in sorted(enumerate(found), key=lambda ranked: ranked[1].start):
        if not kept or start >= kept[-1][1].end:
            kept.append((rank, Span(start, _end_of_run(text, end), kind)))
            continue
        other_rank, other = kept[-1]
        longer = other.end if end <= other.end else _end_of_run(text, end)
        kept[-1] = (min(rank, other_rank), Span(other.start, longer, other.kind if other_rank < rank else kind))
    return [span for _, span in kept]


def _end_of_run(text: str, end: int) -> int:
    rest = _REST.match(text, end)
    return rest.end() if rest else end
