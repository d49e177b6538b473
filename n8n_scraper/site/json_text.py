"""Bytes from outside → a JSON value that every store and every exporter of ours takes. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from n8n_scraper.exceptions import UnusableAnswer

MAX_DEPTH = 200
"""Real answers are at most 16 deep; orjson refuses to write more than 254 levels."""
MAX_CONTAINERS = 500_000
"""Brackets and braces in one body. An empty list costs 3 bytes on the wire and 64 in memory."""

_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89abAB])")
_SPELLED_OTHERWISE = re.compile(rb"[:,\[]-?(?:[0-9.]+e|0\.0000)")
"""What looks like a very large or very small float in what orjson wrote."""
_CONTAINERS = frozenset((dict, list))
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def load_json(body: bytes) -> tuple[Any, bool]:
    """Parse a body; NUL characters and lone surrogates, which no database takes, become U+FFFD.

    Returns the value and whether anything was replaced. Integers stay exact however large; of two equal keys the
    last one counts, as in JavaScript; ``__proto__`` is a key like any other.

    Raises:
        UnusableAnswer: ``malformed`` for anything that is not JSON in UTF-8 (NaN and Infinity are not), or nested
            deeper than 200; ``too_large`` for more than half a million objects and lists.
    """
    if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
        raise UnusableAnswer("too_large", f"more than {MAX_CONTAINERS} objects and lists in one body")
    value = _parse(body)
    if _is_deeper(value, MAX_DEPTH):
        raise UnusableAnswer("malformed", f"JSON nested deeper than {MAX_DEPTH}")
    if b"\x00" not in body and not _SUSPICIOUS.search(body):
        return value, False
    repaired = _repair(value)
    return repaired, repaired != value


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value that is hashed: keys sorted, no blanks, UTF-8, integers exact, floats as Python
    writes them.
    """
    if isinstance(value, dict) and (quick := _quickly(value)):
        return quick
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def _quickly(value: dict[str, Any]) -> bytes | None:
    """The same in a tenth of the time, where orjson spells all that is in it likewise."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers beyond 64 bits, lone surrogates, more than 254 levels
        return None
    return None if _SPELLED_OTHERWISE.search(text) else text


def _parse(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnusableAnswer("malformed", f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnusableAnswer("malformed", f"not JSON, character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise UnusableAnswer("malformed", f"JSON nested deeper than {MAX_DEPTH}") from None
    except ValueError:  # an integer of more digits than Python converts (4,300)
        raise UnusableAnswer("malformed", "JSON with a number that cannot be read") from None


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is not a JSON number", "", 0)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise json.JSONDecodeError("a number too large for a float", "", 0)
    return number


# strict=False: control characters inside strings are no reason to lose a workflow; NUL among them is replaced.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)


def _is_deeper(value: Any, limit: int) -> bool:
    """Of what the decoder made: dict and list themselves, no classes of their kind."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(limit):
        if not level:
            return False
        children: list[Any] = []
        for parent in level:
            children += parent.values() if type(parent) is dict else parent
        level = [child for child in children if type(child) in _CONTAINERS]
    return bool(level)


def _repair(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub("�", value)
    if isinstance(value, list):
        return [_repair(item) for item in value]
    if isinstance(value, dict):
        return {_repair(key): _repair(item) for key, item in value.items()}
    return value
