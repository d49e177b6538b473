"""Rules of a fault plan: which requests go wrong, and how. Pure.

A plan is ``{"seed": 1, "rules": [RULE, …]}``; the first rule that fits a request decides. A rule has

- where: ``host`` (site, api, youtube) · ``route`` (detail, page, listing, robots …: a name of ``routes``, or a list) ·
  ``id`` (a number or a list) · ``video`` (of YouTube: an id or a list) · ``path`` (a pattern like ``/api/*``) ·
  ``client`` (the address that it comes from)
- when: ``requests`` [first, last], numbers of requests since the plan was set, from 1 · ``between`` [from, to], seconds
  since then · ``above``, requests per second: only those beyond this rate · ``allowance`` [count, seconds]: only those
  beyond so many in each window of so many seconds; a 429 then says by Retry-After when the next one begins · ``share``
  0 to 1, drawn from the seed, the rule, the id (or path) and how often it was asked for, so it does not depend on the
  order of requests
- how often: ``times`` for each id (or path, where there is no id) · ``at_most`` in all
- what: ``kind``, or ``mix`` {kind: weight} · ``retry_after`` (seconds or a date, as sent) · ``seconds`` (of slow, drip,
  no_answer) · ``bytes`` (of huge, gzip_bomb) · ``to`` (the id of wrong_id, the address of redirect) · ``field`` (of
  without, like ``workflow.user.username``; of a page ``/workflows/categories/``, say)

Kinds are statuses, ``204`` and ``400`` to ``599`` (403 comes with a block page), and the names in :data:`NAMED_KINDS`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.routes import HOSTS, KINDS
from n8n_scraper.replica.youtube import TROUBLES

NAMED_KINDS: dict[str, str] = {
    "no_answer": "nothing is sent for `seconds` (3600), then the connection is reset",
    "slow": "the answer begins after `seconds` (5)",
    "drip": "the body comes in pieces over `seconds` (5)",
    "reset": "the connection is reset",
    "reset_kept_alive": "the connection is reset, if it has carried an answer before",
    "truncated": "the body ends in the middle, before its Content-Length",
    "truncated_chunked": "the body ends in the middle of a chunked answer",
    "malformed": "a whole body that is not what it should be: broken JSON, HTML or XML",
    "html": "status 200 with a page that asks for patience in place of the answer",
    "empty": "status 200 without a body",
    "huge": "a body of `bytes` (50 million)",
    "gzip_bomb": "a small body that unpacks to `bytes` (200 million)",
    "bad_gzip": "a body that says it is gzip and is not",
    "wrong_id": "the answer for `to`, or for the next id there is",
    "redirect": "status 302 to `to`, or off the site",
    "without": "the JSON answer without its member `field`, or the page with these characters replaced, as if the site"
    " had dropped or renamed it",
    "wrong_type": "the answer, called text/plain",
    "image_bomb": "a picture whose header claims 60,000 by 60,000 pixels",
    "unpublished": "the answer with a status that is not `published`",
    **{kind: f"of YouTube: {meaning}" for kind, (_, _, meaning) in TROUBLES.items()},
}


@dataclass(frozen=True)
class Asked:
    """What a rule looks at; ``kept_alive``: the connection has carried an answer before."""

    host: str
    route: str
    path: str
    id: int | None = None
    kept_alive: bool = False
    video: str | None = None
    client: str | None = None

    @property
    def key(self) -> str:
        """What ``times`` counts by: the id of the workflow or video wherever there is one."""
        return self.video or (self.path if self.id is None else str(self.id))


@dataclass(frozen=True)
class Fault:
    """One thing to go wrong; see the module for the fields."""

    kind: str
    retry_after: str | None = None
    seconds: float | None = None
    bytes: int | None = None
    to: str | None = None
    field: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    mix: Mapping[str, float]
    host: str | None = None
    route: tuple[str, ...] = ()
    id: frozenset[int] = frozenset()
    video: frozenset[str] = frozenset()
    path: str | None = None
    client: str | None = None
    requests: tuple[float, float] | None = None
    between: tuple[float, float] | None = None
    above: float | None = None
    allowance: tuple[float, float] | None = None
    share: float = 1.0
    times: int | None = None
    at_most: int | None = None
    retry_after: str | None = None
    seconds: float | None = None
    bytes: int | None = None
    to: str | None = None
    field: str | None = None
    source: Mapping[str, Any] = dataclasses.field(default_factory=dict, compare=False)

    def fits_place(self, asked: Asked) -> bool:
        return (
            self.host in {None, asked.host}
            and (not self.route or asked.route in self.route)
            and (not self.id or asked.id in self.id)
            and (not self.video or asked.video in self.video)
            and (self.path is None or fnmatchcase(asked.path, self.path))
            and self.client in {None, asked.client}
        )

    def fits_moment(self, number: int, seconds: float) -> bool:
        return _inside(number, self.requests) and _inside(seconds, self.between)

    def fault(self, kind: str) -> Fault:
        return Fault(kind, self.retry_after, self.seconds, self.bytes, self.to, self.field)


def _inside(value: float, limits: tuple[float, float] | None) -> bool:
    return limits is None or limits[0] <= value <= limits[1]


def parse_rule(value: Any, number: int) -> Rule:
    """StartError names the rule by its number, the field and what is allowed."""
    where = f"Fault rule {number}"
    if not isinstance(value, dict):
        raise StartError(f"{where}: must be an object, like {{'kind': '500', 'share': 0.05}}.")
    if unknown := value.keys() - _PARSERS.keys() - {"kind"}:
        raise StartError(f"{where}: unknown field {min(unknown)!r}; there are {', '.join(sorted(_PARSERS))} and kind.")
    if ("kind" in value) == ("mix" in value):
        raise StartError(f"{where}: needs either 'kind' or 'mix'.")
    if value.get("kind") == "wrong_id" and not str(value.get("to", 0)).isdecimal():
        raise StartError(f"{where}: to = {value['to']!r}: must be the id whose answer is sent.")
    if value.get("kind") == "without" and "field" not in value:
        raise StartError(f"{where}: needs 'field', the member that is missing, like 'workflow.categories'.")
    given = {("mix" if name == "kind" else name): _checked(name, member, where) for name, member in value.items()}
    if routes := {TROUBLES[kind][0] for kind in given["mix"] if kind in TROUBLES}:
        given = {"host": "youtube", "route": tuple(routes), **given}
    return Rule(**given, source=dict(value))


def _checked(name: str, value: Any, where: str) -> Any:
    try:
        return _PARSERS["mix" if name == "kind" else name](value)
    except (TypeError, ValueError) as error:
        raise StartError(f"{where}: {name} = {value!r}: {error}.") from None


def _kinds(value: Any) -> dict[str, float]:
    weights = value if isinstance(value, dict) else {value: 1}
    mix = {str(kind): _positive(weight) for kind, weight in weights.items()}
    for kind in mix:
        if kind not in NAMED_KINDS and kind != "204" and not (kind.isdecimal() and 400 <= int(kind) <= 599):
            raise ValueError(f"no such kind; there are 204, 400 to 599, {', '.join(NAMED_KINDS)}")
    if not mix:
        raise ValueError("needs at least one kind")
    return mix


def _positive(value: Any) -> float:
    number = float(value)
    if isinstance(value, (bool, str)) or not 0 <= number < float("inf"):
        raise ValueError("must be a number of 0 or more")
    return number


def _share(value: Any) -> float:
    if _positive(value) > 1:
        raise ValueError("must be between 0 and 1")
    return float(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("must be a whole number of 0 or more")
    return value


def _limits(value: Any) -> tuple[float, float]:
    first, last = (_positive(number) for number in value)
    return first, last


def _allowance(value: Any) -> tuple[float, float]:
    count, seconds = _limits(value)
    if not seconds:
        raise ValueError("must be a count, and seconds of more than 0")
    return count, seconds


def _hosts(value: Any) -> str:
    if value not in HOSTS:
        raise ValueError(f"must be one of {', '.join(HOSTS)}")
    return str(value)


def _routes(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    if unknown := set(names) - set(KINDS):
        raise ValueError(f"no such route as {min(unknown)}; there are {', '.join(KINDS)}")
    return names


def _ids(value: Any) -> frozenset[int]:
    return frozenset(_count(number) for number in (value if isinstance(value, list) else [value]))


_PARSERS: dict[str, Any] = {
    "mix": _kinds,
    "host": _hosts,
    "route": _routes,
    "id": _ids,
    "video": lambda value: frozenset([value] if isinstance(value, str) else value),
    "path": str,
    "client": str,
    "requests": _limits,
    "between": _limits,
    "above": _positive,
    "allowance": _allowance,
    "share": _share,
    "times": _count,
    "at_most": _count,
    "retry_after": str,
    "seconds": _positive,
    "bytes": _count,
    "to": str,
    "field": str,
}
