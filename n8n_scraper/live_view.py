"""The state of a run as lines for a terminal, the same for the live view and for ``scrapy status``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from n8n_scraper.items import CRAWL_STATUSES
from n8n_scraper.progress import Breaker, Checkpoint, Limiter, Outcomes, duration

_STYLES = {"complete": "green", "partial": "yellow", "gone": "dim", "failed": "red"}
_LABEL_WIDTH = 11
BAR_WIDTH = 50


def view(
    checkpoint: Checkpoint,
    head: str,
    saved: tuple[int, datetime] | None,
    now: datetime,
    *,
    is_running: bool = True,
    seconds: float | None = None,
) -> RenderableType:
    """``head`` says which run it is; ``saved`` is number and time of the last checkpoint that is in the store;
    ``seconds`` is how long a run took that is over.
    """
    bar = ProgressBar(total=max(1, checkpoint.total_workflows), completed=checkpoint.processed, width=BAR_WIDTH)
    rows: list[tuple[str, RenderableType]] = [
        ("workflows", _workflows(checkpoint, is_running=is_running)),
        ("", bar),
        ("outcomes", _outcomes(checkpoint)),
        ("rate", Text(_rate(checkpoint.limiter, None if is_running else seconds or 0.0))),
        ("waits", Text(_waits(checkpoint.limiter, is_running=is_running))),
        ("retries", Text(f"{checkpoint.limiter.retry_count:,} · put off {checkpoint.limiter.put_off_count:,}")),
        ("breaker", _breaker(checkpoint.breaker, is_running=is_running)),
        ("quality", Text(_quality(checkpoint.outcomes))),
        ("checkpoint", Text(_saved(checkpoint, saved, now))),
    ]
    return Group(Text(head, style="bold"), labelled(rows))


def labelled(rows: Iterable[tuple[str, RenderableType]]) -> Table:
    """Two columns: what it is, and what it says."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=_LABEL_WIDTH, style="bold")
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, Text(text) if isinstance(text, str) else text)  # a str would be read as markup
    return table


def line(checkpoint: Checkpoint) -> str:
    """The same in one line, for a log."""
    counts = " · ".join(f"{status} {checkpoint.outcomes.statuses[status]}" for status in CRAWL_STATUSES)
    eta = f" · about {duration(checkpoint.eta_seconds)} left" if checkpoint.eta_seconds else ""
    return f"{checkpoint.processed} of {checkpoint.total_workflows} workflows: {counts}{eta}"


def _workflows(checkpoint: Checkpoint, *, is_running: bool) -> Text:
    words = [f"{checkpoint.processed:,} of {checkpoint.total_workflows:,}", f"{checkpoint.remaining:,} remaining"]
    if checkpoint.eta_seconds and is_running:
        words.append(f"about {duration(checkpoint.eta_seconds)} left")
    elif checkpoint.remaining and is_running:
        words.append("time left unknown")
    return Text(" · ".join(words))


def _outcomes(checkpoint: Checkpoint) -> Text:
    statuses = checkpoint.outcomes.statuses
    text = Text(" · ").join(
        Text(f"{name} {statuses.get(name, 0):,}", style=_STYLES[name] if statuses.get(name) else "")
        for name in CRAWL_STATUSES
    )
    if failures := _counts(checkpoint.outcomes.failures):
        text.append(f"\nnot got: {failures}", style="red")
    return text


def _rate(limiter: Limiter, seconds: float | None) -> str:
    """``seconds``: what a run took that is over; too short a one has no rate at last."""
    now, when = limiter.measured, "now" if seconds is None else "at last"
    if now is None and seconds:
        now, when = limiter.request_count / seconds, "on average"
    measured = f"{_number(now)} requests/s {when}"
    if limiter.promised is None:
        return f"{measured} · no limit"
    return f"{measured} · {_number(limiter.in_force)} in force · {_number(limiter.promised)} promised"


def _waits(limiter: Limiter, *, is_running: bool) -> str:
    waited = f"{duration(limiter.wait_seconds)} added up over {limiter.request_count:,} turns"
    waiting = f" · {limiter.waiting} waiting" if is_running else ""
    return f"{waited}{waiting} · {limiter.limited_count:,} answers 429"


def _breaker(breaker: Breaker, *, is_running: bool) -> Text:
    times = "time" if breaker.open_count == 1 else "times"
    opened = f" · opened {breaker.open_count:,} {times}" if breaker.open_count else ""
    if breaker.state == "closed":
        return Text(f"closed{opened}")
    seconds = breaker.seconds_until_probe if is_running else 0
    probe = f" · next probe in {seconds:.0f} s" if seconds else ""
    name = breaker.state.replace("_", " ") if is_running else f"{breaker.state.replace('_', ' ')} at the end,"
    return Text(f"{name} for {duration(breaker.open_seconds)}{probe}{opened}", style="red")


def _quality(outcomes: Outcomes) -> str:
    if outcomes.quality_mean is None:
        return "none scored yet"
    return f"mean {outcomes.quality_mean:.1f} · {_counts(outcomes.quality_bands)}"


def _saved(checkpoint: Checkpoint, saved: tuple[int, datetime] | None, now: datetime) -> str:
    if saved is None:
        return "none yet"
    number, at = saved
    ago = max(0, round((now - at).total_seconds()))
    last = f" · last workflow {checkpoint.last_workflow_id}" if checkpoint.last_workflow_id else ""
    return f"{number} at {at.astimezone(timezone.utc):%H:%M:%S} UTC, {age(ago)} ago{last}"


def age(seconds: float) -> str:
    """Like ``3 s``, ``5 min``, ``2 h`` or ``4 days``."""
    for size, unit in ((172_800, "days"), (7200, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds // {'days': 86_400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{seconds:.0f} s"


def _counts(counts: Mapping[str, int]) -> str:
    def words() -> Iterator[str]:
        for name, count in sorted(counts.items(), key=lambda pair: -pair[1]):
            yield f"{name} {count:,}"

    return " · ".join(words())


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
