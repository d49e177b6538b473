"""What the text of a setting means: functions that read a value or say in words what is allowed. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T", int, float)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def read_text(value: Any) -> str:
    text = str(value).strip()
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def read_flag(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError("must be True or False")


def _convert(type_: type[T], value: Any, name: str) -> T:
    try:
        return type_(value)
    except (TypeError, ValueError):
        raise ValueError(f"must be {name}") from None


def number(low: float, high: float = math.inf) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        number = _convert(float, value, "a number")
        if not low <= number <= high or math.isinf(number):
            raise ValueError(
                f"must be between {low:g} and {high:g}" if high < math.inf else f"must be at least {low:g}"
            )
        return number

    return parse


def whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = _convert(int, str(value), "a whole number")
        if not low <= number <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return number

    return parse


def read_address(value: Any) -> str:
    address = read_text(value).rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("must be an address like https://n8n.io, without a path")
    return address


def read_gateway(value: Any) -> str:
    """As prometheus_client takes it: the scheme may be missing."""
    text = read_text(value)
    return read_address(text if "://" in text else f"http://{text}") if text else ""


def read_textfile(value: Any) -> str:
    text = read_text(value)
    if text and not text.endswith(".prom"):
        raise ValueError("must end with .prom, for a node exporter reads no other files")
    return text


def read_words(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else str(value).split(",")
    return tuple(word.strip() for word in items if word.strip())


def read_weights(value: Any) -> tuple[float, ...]:
    numbers = tuple(_convert(float, word, "four numbers") for word in read_words(value))
    if len(numbers) != 4 or any(n < 0 or math.isinf(n) or math.isnan(n) for n in numbers) or not sum(numbers):
        raise ValueError("must be four numbers of 0 or more, for layers 1, 2, 3 and consistency")
    return numbers


def read_languages(value: Any) -> tuple[str, ...]:
    words = read_words(value)
    if not words or not all(_LANGUAGE.fullmatch(word) for word in words):
        raise ValueError("must be codes of languages like en, de or pt-BR, separated by commas")
    return words


def read_proxy(value: Any) -> str:
    address = read_text(value)
    if address and (urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname):
        raise ValueError("must be an address like http://name:password@host:port")
    return address
