"""What ``scrapy scale watch`` shows: storage, quality and performance of a trial that goes on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from n8n_scraper.live_view import labelled
from n8n_scraper.progress import duration
from n8n_scraper.scale.samples import FOREIGN_CPU, Sample
from n8n_scraper.scale.store_quality import SCORE_STEP, StoreQuality

_BAR = " ▁▂▃▄▅▆▇█"


class Seen(NamedTuple):
    """At one moment; what cannot be seen (any more, or not yet) is None or empty."""

    where: str
    seconds: float
    """Since the sampling began."""
    sample: Sample
    """The last one, empty before the first."""
    items: tuple[float, ...]
    """Rows a second of the last minute."""
    quality: StoreQuality | None
    nulled: Mapping[str, int]
    """Values that validation put out, by column."""


def view(seen: Seen) -> RenderableType:
    head = Text(f"{seen.where}  {duration(seen.seconds)}", style="bold")
    rows: list[tuple[str, RenderableType]] = []
    sample = seen.sample
    rows += [("storage", Text(_storage(sample)))]
    rows += [("quality", Text(_quality(seen.quality))), ("", Text(_layers(seen.quality)))]
    rows += [("", Text(_columns(seen.quality))), ("", Text(_errors(seen.quality, seen.nulled)))]
    rows += [("performance", Text(_speed(sample))), ("", Text(_processor(sample))), ("", Text(_store(sample)))]
    if seen.items:
        rows.append(("rows/s", Text(_sparks(seen.items))))
    if sample.get("foreign"):
        others = f"others use {sample['foreign_cpu']:.0f} % of a core (flagged above {FOREIGN_CPU:g} %)"
        rows.append(("foreign", Text(f"{others}: figures of time are not the crawler's own", style="red")))
    return Group(head, labelled(rows))


def line(seen: Seen) -> str:
    """The same in one line, for where no terminal is."""
    sample = seen.sample
    parts = [_storage(sample), _speed(sample), _processor(sample), _errors(seen.quality, seen.nulled)]
    if seen.quality and seen.quality.mean_score is not None:
        parts.append(f"quality {seen.quality.mean_score:.1f}")
    if sample.get("foreign"):
        parts.append("FOREIGN LOAD")
    return f"{duration(seen.seconds)} {' · '.join(parts)}"


def _storage(sample: Sample) -> str:
    rows, megabytes = sample.get("rows"), sample.get("database")
    density = f" · {_number(rows / megabytes)} rows/MB" if rows and megabytes else ""
    sizes = f"{_number(megabytes)} MB on disk{density} · WAL {_number(sample.get('wal'))} MB/s"
    return f"{_whole(rows)} rows · {_whole(sample.get('queue'))} waiting · {sizes}"


def _quality(quality: StoreQuality | None) -> str:
    if quality is None or quality.mean_score is None:
        return "scores: none yet"
    ranges = (f"{low}–{low + SCORE_STEP} {count:,}" for low, count in sorted(quality.scores.items()))
    return f"scores: mean {quality.mean_score:.1f} · {' · '.join(ranges)}"


def _layers(quality: StoreQuality | None) -> str:
    shares = quality.layers.items() if quality else ()
    return "layers ok: " + (" · ".join(f"{name} {_percent(share)}" for name, share in shares) or "not known")


def _columns(quality: StoreQuality | None) -> str:
    """Whole rows, and of the columns that every row should have the emptiest."""
    if quality is None:
        return "completeness: not known"
    counts = " · ".join(f"{name} {count:,}" for name, count in sorted(quality.statuses.items()))
    known = [(share, name) for name, share in quality.columns.items() if share is not None]
    emptiest = f" · emptiest column {min(known)[1]} {_percent(min(known)[0])} filled" if known else ""
    return f"completeness: {_percent(quality.completeness)} ({counts}){emptiest}"


def _errors(quality: StoreQuality | None, nulled: Mapping[str, int]) -> str:
    if quality is None:
        return "failures: not known"
    failures = quality.failures
    kinds = f" ({', '.join(f'{kind} {count:,}' for kind, count in failures.items())})" if failures else ""
    columns = f" ({', '.join(f'{name} {count:,}' for name, count in nulled.items())})" if nulled else ""
    return f"failures {sum(failures.values()):,}{kinds} · validation errors {sum(nulled.values()):,}{columns}"


def _speed(sample: Sample) -> str:
    requests, items, waited = (_number(sample.get(name)) for name in ("requests", "items", "limiter_wait"))
    return f"{requests} requests/s · {items} rows/s · limiter wait {waited} s/s"


def _processor(sample: Sample) -> str:
    crawler, postgres, load = (_number(sample.get(n)) for n in ("crawler_cpu", "postgres_cpu", "load_average"))
    memory, threads = _number(sample.get("crawler_memory")), _whole(sample.get("crawler_threads"))
    machine = f"load average {load} · steal {_number(sample.get('steal'))} %"
    return f"CPU crawler {crawler} %, Postgres {postgres} % · {memory} MB · {threads} threads · {machine}"


def _store(sample: Sample) -> str:
    queries, took = _number(sample.get("queries")), _number(sample.get("query_time"))
    inserts, connections = _number(sample.get("inserts")), _whole(sample.get("connections"))
    asked = f"{queries} queries/s of {took} ms · {inserts} inserts/s · {connections} connections"
    crawler, postgres, network = (_number(sample.get(n)) for n in ("crawler_written", "postgres_written", "network"))
    return f"store: {asked} · written {crawler} + {postgres} MB/s (crawler + Postgres) · network {network} MB/s"


def _sparks(values: tuple[float, ...]) -> str:
    top = max(values) or 1
    return "".join(_BAR[round(value / top * (len(_BAR) - 1))] for value in values) + f" {max(values):.3g} at most"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _whole(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:.1%}"
