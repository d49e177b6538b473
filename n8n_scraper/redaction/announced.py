"""Secrets that are recognised by the name before them: of a field, a header, a variable, a parameter. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from n8n_scraper.redaction.frames import QUOTE, VALUE
from n8n_scraper.redaction.plausible import is_random, is_strong_password
from n8n_scraper.redaction.span import Span

MAX_SECRET = 4000
"""Characters of the longest value that is one secret because of its name."""
MAX_NAME = 80
"""Characters at the end of a field's name that tell what it holds."""
_MIN_RANDOM, MIN_PASSWORD = 16, 6

# Names are looked for in lower case.
_NAMES = {  # kind → names, without groups
    "api-key": r"key|[?&]app_?id",
    "token": r"token|[?&]sig",
    "secret": r"secret",
    "password": r"pass(?:word|wd|phrase)|pwd",
    "authorization": r"authori[sz]ation",
    "session": r"phpsessid|jsessionid|connect\.sid|li_at",
}
_ANY_NAME = "|".join(_NAMES.values())
_WHICH_NAME = re.compile("|".join(f"({name})" for name in _NAMES.values()))
_SECRET_KEY = re.compile(
    r"(?:[?&]|(?:api|access|secret|private|auth|subscription|license|master|account|service|encryption|signing|consumer"
    r"|client|app)[\s_.-]{0,2})key\Z"
)
_TOKEN_THAT_OPENS_NOTHING = re.compile(
    r"(?:page|next|reply|quote|sync|cart|postman|continuation|cursor|invite|idempotency|max|total|prompt|completion"
    r"|input|output)[\s_.-]?token\Z"
)
_LONGEST_QUALIFIER = 15
_IN_MARKER = re.compile(r"\[redacted:[a-z0-9-]{0,20}\Z")
"""What we put in place of a secret announces nothing."""
_ENDING = r"[\])*_]{0,3}"
_VALUE_OF = rf"(?:\s{{0,3}},\s{{0,9}}{QUOTE}value{QUOTE})?"
_IS = r"\s{0,3}(?:[:=|]{1,2}>?|%3[ad]|\sis:?\s)\s{0,3}"
_SCHEME = r"(?:(?:bearer|token|key|apikey|basic)(?:\s|%20){1,3})?"
_ANNOUNCEMENT = re.compile(
    rf"(?:{_ANY_NAME}){_ENDING}{QUOTE}?{_VALUE_OF}{_IS}{QUOTE}{{0,2}}=?{_SCHEME}(?=[a-z0-9_+/.~-]{{16}})"
)
_LOOK_BACK = 80
_DIGIT = re.compile("[0-9]")
_FIELD = re.compile(rf"(?:{_ANY_NAME}){_ENDING}\Z")
_CONTENT = re.compile(rf"=?\s{{0,3}}{_SCHEME}(?P<secret>\S{{{MIN_PASSWORD},{MAX_SECRET}}})\s*", re.IGNORECASE)


def announced(text: str, lowered: str, runs: Iterable[tuple[int, int]]) -> Iterator[Span]:
    """Random-looking values after a name, as in ``api_key=…`` or ``"token": "…"``; they are inside one of the runs.

    ``lowered`` is the text in lower case, character by character.
    """
    seen = 0
    for start, end in runs:
        if not _DIGIT.search(text, start, end):
            continue
        for match in _ANNOUNCEMENT.finditer(lowered, max(seen, start - _LOOK_BACK), end):
            seen = match.end()
            kind = _kind(lowered, match.start())
            value = VALUE.match(text, match.end()) if kind else None
            if kind and value and is_random(value[0]):
                yield Span(value.start(), value.start() + len(value[0].rstrip(".")), kind)


def named(name: str, content: str) -> Span | None:
    """The secret that is all of a field's content, by the field's name; a scheme such as ``Bearer`` stays."""
    kind = _kind_of_field(name[-MAX_NAME:])
    match = _CONTENT.fullmatch(content) if kind else None
    if kind is None or match is None or "{{" in content or "://" in content:
        return None
    secret = match["secret"]
    is_secret = is_strong_password(secret) if kind == "password" else len(secret) >= _MIN_RANDOM and is_random(secret)
    return Span(*match.span("secret"), kind) if is_secret else None


@lru_cache(maxsize=4096)
def _kind_of_field(name: str) -> str | None:
    lowered = name.lower()
    match = _FIELD.search(lowered)
    return _kind(lowered, match.start()) if match else None


def _kind(lowered: str, at: int) -> str | None:
    """Of the name at this place; None when what stands before it says that it names no secret."""
    name = _WHICH_NAME.match(lowered, at)
    assert name is not None
    if _IN_MARKER.search(lowered, max(0, at - 30), at):
        return None
    if name[0] == "key" and not _SECRET_KEY.search(lowered, max(0, at - _LONGEST_QUALIFIER), name.end()):
        return None
    if name[0] == "token" and _TOKEN_THAT_OPENS_NOTHING.search(lowered, max(0, at - _LONGEST_QUALIFIER), name.end()):
        return None
    assert name.lastindex is not None
    return list(_NAMES)[name.lastindex - 1]
