"""Whether a value that stands where a secret would is one, or a stand-in such as ``YOUR_API_KEY``. Pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, urlsafe_b64decode

_STAND_IN = re.compile(
    r"(?:^|[^a-z0-9])(?:your|insert|replace|example|sample|dummy|placeholder|here|goes|enter|paste)(?:[^a-z0-9]|$)"
    r"|x{4}|\*{3}|\.{3}|1234567|abcdefg|([a-z0-9])\1{5}|redacted",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(r"\{\{|\$\{|^\$|^%.*%$|^(?:<|&lt;).*(?:>|&gt;)$|^\[.*\]$|^\{.*\}$", re.DOTALL)
_WORDS_FOR_IT = re.compile(
    r"(?:[\W\d_]|my|new|the|a|is|db|your|some|strong|secure|super|very|pass(?:word|wort|wd|phrase|code)?|pwd|secret|admin"
    r"|user(?:name)?|root|guest|test|default|change(?:me|it)|postgres(?:ql)?|mysql|mongo(?:db)?|redis|rabbitmq|n8n|example"
    r"|none|null|true|false|string|value|here|x)*",
    re.IGNORECASE,
)
_FEW_DIGITS = re.compile(r"[\W\d_]{0,5}|0?123456\d*")
_MIN_DISTINCT = 8
_MIN_RANDOM_PIECE = 8
_LONGEST_PHRASE = 40


def is_filled_in(value: str) -> bool:
    """For values whose form alone tells that they are secrets: nobody's words and no ``xxxx``."""
    return len(set(value)) >= _MIN_DISTINCT and not _STAND_IN.search(value)


def is_random(value: str) -> bool:
    """Made by a machine: one piece of it, 8 letters and digits or more, has both."""
    return is_filled_in(value) and any(
        len(piece) >= _MIN_RANDOM_PIECE and not piece.isalpha() and not piece.isdigit()
        for piece in re.split(r"[^A-Za-z0-9]+", value)
    )


def is_password(value: str) -> bool:
    """Chosen by a person: no expression, no stand-in, and no word that is written where a password would stand."""
    if _EXPRESSION.search(value) or _STAND_IN.search(value):
        return False
    is_number = not any(c.isalpha() for c in value)
    return not (_FEW_DIGITS if is_number else _WORDS_FOR_IT).fullmatch(value[:_LONGEST_PHRASE])


def is_strong_password(value: str) -> bool:
    """A password that words do not look like: letters, and digits or signs among them."""
    is_mixed = any(c.isalpha() for c in value) and any(not c.isalpha() and c not in "-_. " for c in value)
    return is_mixed and is_password(value)


def names_a_user(value: str) -> bool:
    """A Discord token begins with the number of its bot, in base64."""
    try:
        return urlsafe_b64decode(value.partition(".")[0] + "==").isdigit() and is_filled_in(value)
    except (binascii.Error, ValueError):
        return False


def is_user_and_password(value: str) -> bool:
    """The value of ``Authorization: Basic``: base64 of ``user:password``."""
    try:
        user, colon, password = b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(colon) and user.isprintable() and is_password(password or user)
