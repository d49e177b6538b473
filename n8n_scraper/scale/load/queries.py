"""Analysts' questions on a large store: how long each takes, and what every index is worth."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from psycopg2.extensions import connection as Connection

from n8n_scraper.scale.load import statements, timing
from n8n_scraper.scale.load.findings import Finding, is_passed, table, write
from n8n_scraper.scale.load.questions import EVERY_ROW
from n8n_scraper.scale.load.rows import fill, make_items
from n8n_scraper.scale.load.timing import Index, Timed
from n8n_scraper.store.batches import MAX_ROWS
from n8n_scraper.store.database import connect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.migrations import migrate

LEAST_RATIO = 2.0
"""An index earns its place when some statement takes so many times longer without it."""
MOST_USERS = 6
"""Statements that are tried without an index, the fastest, which have most to lose."""
TABLES = ("observed", "content", "derived")
"""What a new row is written into."""
Say = Callable[..., None]


def run(folder: Path, *, rows: int, rounds: int | None, seed: int, corpus: Path | None, out: Path, say: Say) -> bool:
    """Fill a store of its own in ``folder``, measure, and write ``queries.json`` into ``out``; the store goes after."""
    postgres = EmbeddedPostgres(folder / "postgres")
    try:
        with postgres, closing(connect(postgres.dsn())) as connection:
            migrate(connection)
            began = time.monotonic()
            fill(connection, rows, seed=seed, corpus=corpus)
            say(f"{rows} rows in {time.monotonic() - began:.0f} s")
            return _judge(connection, _measure(connection, rounds or timing.ROUNDS, seed, corpus), out, say)
    finally:
        postgres.remove()


def _measure(connection: Connection, rounds: int, seed: int, corpus: Path | None) -> list[Timed]:
    items = list(islice(make_items(MAX_ROWS, seed=seed, corpus=corpus), MAX_ROWS))
    with connection, connection.cursor() as cursor:
        asked = [*statements.questions(cursor), *statements.crawler(statements.read_known(cursor, items))]
    return [timing.timed(connection, statement, rounds) for statement in asked]


def _judge(connection: Connection, measured: Sequence[Timed], out: Path, say: Say) -> bool:
    about_statements = [_of_statement(one) for one in measured]
    uses = {index: _uses(connection, index, measured) for index in timing.indexes(connection)}
    prices = _prices(connection, measured, [one for one in uses if one.table in TABLES and not one.is_key])
    about_indexes = [_of_index(index, found, prices.get(index.name)) for index, found in uses.items()]
    details = {
        "statements": list(map(_details, measured)),
        "indexes": [{**index._asdict(), "uses": [use._asdict() for use in found]} for index, found in uses.items()],
    }
    findings = [*about_statements, *about_indexes]
    say("", *table(findings), "", *_goals(about_statements), f"load average {os.getloadavg()[0]:.1f}")
    write(out / "queries.json", findings, details)
    say(f"{out / 'queries.json'}")
    return is_passed(findings)


def _of_statement(one: Timed) -> Finding:
    statement = one.statement
    question = statement.question
    is_whole = question is not None and question.reads_every_row
    who = "crawler" if question is None else "whole-table question" if is_whole else "question"
    return Finding(
        name=f"{who} {statement.name}",
        figure=one.p95,
        unit="ms p95",
        threshold=statement.most_ms,
        goal=statement.goal_ms,
        note=f"{statement.does}; p50 {one.p50:.3g} ms{f'; {EVERY_ROW}' if is_whole else ''}",
    )


def _goals(findings: Sequence[Finding]) -> Iterator[str]:
    """How many reach their goal, those that read every row told apart."""
    for who in ("question", "whole-table question"):
        judged = [one for one in findings if one.name.startswith(f"{who} ")]
        missed = [one.name.removeprefix(f"{who} ") for one in judged if not one.reaches_goal]
        beyond = f", not: {', '.join(missed)}" if missed else ""
        yield f"{who}s: {len(judged) - len(missed)} of {len(judged)} reach their goal{beyond}"


class Use(NamedTuple):
    """A statement with an index and without, in milliseconds, the same rounds; None: it cannot do without."""

    name: str
    with_ms: float
    without_ms: float | None

    @property
    def ratio(self) -> float:
        return self.without_ms / self.with_ms if self.without_ms else 0.0


def _uses(connection: Connection, index: Index, measured: Sequence[Timed]) -> list[Use]:
    users = sorted((one for one in measured if index.name in one.indexes), key=lambda one: one.p50)[:MOST_USERS]
    return [
        Use(
            one.statement.name,
            timing.round_of(connection, one.statement) or 0.0,
            timing.round_of(connection, one.statement, without=index),
        )
        for one in users
    ]


def _prices(connection: Connection, measured: Sequence[Timed], indexes: Sequence[Index]) -> dict[str, float]:
    """Of each index, the bytes that a batch of new rows writes more with it than without: good to some 5 kB."""
    [new] = [one.statement for one in measured if one.statement.name == "write_new"]
    whole = timing.log_of(connection, new)
    return {index.name: whole - timing.log_of(connection, new, without=index) for index in indexes}


def _of_index(index: Index, uses: Sequence[Use], price: float | None) -> Finding:
    """A key is there for the sake of order, used or not; any other index has to earn its place."""
    most = max((use for use in uses if use.without_ms is not None), key=lambda use: use.ratio, default=None)
    told = [f"{use.name} cannot do without" for use in uses if use.without_ms is None][:1]
    if most:
        told.insert(0, f"{most.name}: {most.with_ms:.3g} ms with it, {most.without_ms:.4g} ms without")
    if price is not None:
        told.append(f"{MAX_ROWS} new rows write about {price / 1000:.0f} kB more")
    return Finding(
        name=f"index {index.name}",
        figure=most.ratio if most else None,
        unit="× faster",
        threshold=None if index.is_key else LEAST_RATIO,
        is_least=True,
        note="; ".join([*told, f"{index.bytes / 1e6:.1f} MB", *(["key of its table"] if index.is_key else [])]),
    )


def _details(one: Timed) -> dict[str, Any]:
    return {
        "name": one.statement.name,
        "asks": one.statement.does,
        "p50_ms": one.p50,
        "p95_ms": one.p95,
        "rounds": len(one.milliseconds),
        "indexes": one.indexes,
        "plan": one.plan,
    }
