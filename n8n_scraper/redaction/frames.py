"""Secrets that are recognised by the frame they stand in: a connection string, a key file, an assignment. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from n8n_scraper.redaction.plausible import (
    is_filled_in,
    is_password,
    is_random,
    is_strong_password,
    is_user_and_password,
)
from n8n_scraper.redaction.span import Span

QUOTE = r"""(?:\\{0,3}["'`]|&quot;|&#(?:34|39|x27);)"""
"""As written in code, in JSON inside of JSON, and in HTML."""
VALUE = re.compile(r"(?:[A-Za-z0-9+/.~-]|\\?_|%[0-9A-F]{2}){16,2000}={0,2}(?::[A-Za-z0-9_-]{16,200})?")
"""A token of unknown make; some are two with a colon between them."""


_DATABASES = tuple(
    f"{name}://"
    for name in (
        *("postgres", "postgresql", "mysql", "mariadb", "mssql"),
        *("mongodb", "mongodb+srv", "redis", "rediss", "amqp", "amqps"),
    )
)


class Frame(NamedTuple):
    kind: str
    beginnings: tuple[str, ...]
    """In lower case: one of them is at the start of every match."""
    pattern: re.Pattern[str]
    """Group 1 is the secret. Every quantifier has an upper bound."""
    check: Callable[[str], bool]


FRAMES = (
    Frame(
        "private-key",
        ("-----begin ",),
        re.compile(
            r"(-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----)[A-Za-z0-9+/=\s\\:,.()-]){60,20000}(?:-----END [A-Z0-9 ]{1,50}-----)?)"
        ),
        is_filled_in,
    ),
    Frame(
        "connection-string",
        ("://",),
        re.compile(r"""://[^\s:/@"'<>`{}[]{0,100}:([^\s/"'<>`]{3,200})@(?=[A-Za-z0-9.\[-])"""),
        is_password,
    ),
    Frame(  # in the address of a database a password may have a / in it
        "connection-string",
        _DATABASES,
        re.compile(
            r"(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql)"
            r"""://[^\s:/@"'<>`{}[]{0,100}:([^\s"'<>`]{3,200})@(?=[A-Za-z0-9.\[-])"""
        ),
        is_password,
    ),
    Frame(
        "basic-auth",
        ("basic",),
        re.compile(r"[Bb]asic(?:\s|%20){1,3}([A-Za-z0-9+/]{8,400}={0,2})"),
        is_user_and_password,
    ),
    Frame("bearer", ("bearer",), re.compile(rf"[Bb]earer(?:\s|%20){{1,3}}({VALUE.pattern})"), is_random),
    Frame(
        "twilio",  # the token of an account beside its id
        ("ac",),
        re.compile(r"AC[0-9a-f]{32}[^A-Za-z0-9]{1,10}([0-9a-f]{32})(?![0-9a-f])"),
        is_filled_in,
    ),
    *(
        Frame(  # the secret key beside its id
            "aws",
            (id_.lower(),),
            re.compile(id_ + r"[A-Z2-7]{16}[^A-Za-z0-9]{1,20}?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"),
            is_random,
        )
        for id_ in ("AKIA", "ASIA")
    ),
    *(
        Frame(
            "password",
            (beginning,),
            re.compile(
                rf"(?<!REDACTED:)(?:{name})[\])*_]{{0,3}}{QUOTE}?\s{{0,2}}(?:=|:(?=\s{{0,2}}{QUOTE}))\s{{0,2}}{QUOTE}?"
                r"""([^\s"'`<>\\&,;]{6,128})"""
            ),
            is_strong_password,
        )
        for beginning, name in (
            ("pass", r"[Pp]ass(?:[Ww]ord|wd|phrase)|PASS(?:WORD|WD|PHRASE)?"),
            ("pwd", r"[Pp]wd|PWD"),
        )
    ),
)


def framed(text: str, lowered: str) -> Iterator[Span]:
    """In the order of the frames, without the end of the sentence; ``lowered`` is the text in lower case."""
    for frame in FRAMES:
        for match in _matches(frame, text, lowered):
            if frame.check(match[1]):
                yield Span(match.start(1), match.start(1) + len(match[1].rstrip(".")), frame.kind)


def _matches(frame: Frame, text: str, lowered: str) -> Iterator[re.Match[str]]:
    """As ``finditer``, and tried only where one may begin: most texts have no such place."""
    end = 0
    for at in sorted(at for beginning in frame.beginnings for at in _places(beginning, lowered)):
        if at >= end and (match := frame.pattern.match(text, at)):
            end = match.end()
            yield match


def _places(beginning: str, lowered: str) -> Iterator[int]:
    at = lowered.find(beginning)
    while at >= 0:
        yield at
        at = lowered.find(beginning, at + 1)
