"""Sections of a run's report: time, throughput, requests. Pure."""

from __future__ import annotations

import math

from n8n_scraper import stats
from n8n_scraper.failures import KINDS
from n8n_scraper.report.document import Bars, Block, Figure, Figures, Line, NoData, Part, Section, Table, columns
from n8n_scraper.report.measures import SERVICE_EDGES, classes, per_minute, percentile
from n8n_scraper.report.run_data import RunData
from n8n_scraper.report.run_sections import NO_ROWS

SLOWEST = 10
_SLOWEST_COLUMNS = columns(
    id="Id", name="Title", seconds=("Service time", "seconds"), requests=("Requests", "count"), status="Got"
)


def time_section(run: RunData) -> Section:
    waits = Figures("waiting", _waiting(run))
    if not run.asked:
        return Section("time", "Time", (NoData("service", "Service time", _why_none(run)), waits))
    times = [visit.service_seconds for visit in run.asked]
    figures = tuple(
        Figure(key, label, percentile(times, share), "seconds")
        for key, label, share in (
            ("p50", "p50", 0.5),
            ("p95", "p95", 0.95),
            ("p99", "p99", 0.99),
            ("max", "longest", 1),
        )
    )
    labels = [f"≤ {edge:g} s" for edge in SERVICE_EDGES] + [f"> {SERVICE_EDGES[-1]:g} s"]
    counts = classes(times, SERVICE_EDGES)
    parts = tuple(Part(label, count) for label, count in zip(labels, counts, strict=True))
    slowest = sorted(run.asked, key=lambda visit: (-visit.service_seconds, visit.id))[:SLOWEST]
    table = Table(
        "slowest",
        f"The {len(slowest)} slowest",
        _SLOWEST_COLUMNS,
        tuple((str(v.id), v.name, v.service_seconds, v.request_count, v.outcome.status) for v in slowest),
    )
    caption = "Workflows by service time: what their answers and their processing took, without waits and back-off"
    return Section(
        "time", "Time", (Figures("service", figures), Bars("classes", caption, "count", parts), waits, table)
    )


def _waiting(run: RunData) -> tuple[Figure, ...]:
    waited, requests = run.number(stats.RATE_WAIT_SECONDS), run.number(stats.RATE_REQUEST_COUNT)
    mean = waited / requests if waited is not None and requests else None
    return (
        Figure("rate_wait", "waiting for the rate", waited, "seconds", note="of all requests, added up"),
        Figure("rate_wait_mean", "per request", mean, "seconds"),
        Figure("breaker_open", "breaker not closed", run.number(stats.BREAKER_OPEN_SECONDS) or 0.0, "seconds"),
        Figure("store_write", "writing to the store", run.number(stats.STORE_SECONDS), "seconds"),
    )


def _why_none(run: RunData) -> str:
    return NO_ROWS if run.visits is None else "The run asked the site for no workflow."


def is_busy(run: RunData) -> bool | None:
    """Whether more processes wanted the CPU than there are CPUs; None where nothing is known."""
    highest, cpus = run.number(stats.LOAD_HIGHEST), run.number(stats.CPU_COUNT)
    return None if highest is None or cpus is None else highest > cpus


def throughput_section(run: RunData) -> Section:
    note = "more than there are CPUs: times are not comparable" if is_busy(run) else ""
    highest = run.number(stats.LOAD_HIGHEST)
    machine = (
        Figure("load_highest", "highest load average", highest, "number", "warn" if is_busy(run) else "plain", note),
        Figure("load_end", "load average at the end", run.number(stats.LOAD_AVERAGE), "number"),
        Figure("cpus", "CPUs", run.number(stats.CPU_COUNT)),
        Figure("steal", "CPU time stolen", run.number(stats.STEAL_SHARE), "share"),
        Figure("cpu_seconds", "CPU time of the crawl", run.number(stats.CPU_SECONDS), "seconds"),
    )
    return Section("throughput", "Throughput", (_throughput(run), Figures("machine", machine)))


def _throughput(run: RunData) -> Block:
    start, end = run.started_at, run.ended_at
    if run.visits and start and end is None:
        end = max(visit.committed_at for visit in run.visits)
    if not run.visits or start is None or end is None:
        return NoData("workflows_per_minute", "Throughput over time", _why_none(run))
    points = per_minute([visit.committed_at for visit in run.visits], start, end)
    promised = promised_rate(run)
    return Line(
        "workflows_per_minute",
        "Workflows stored a minute, over the run",
        "workflows a minute",
        tuple(points),
        promised * 60 if promised else None,
        f"the promise of {promised:g} requests a second: no more than this with one request each" if promised else "",
    )


def promised_rate(run: RunData) -> float | None:
    """Requests a second; None where there was no limit, or nothing is known."""
    try:
        return float(run.settings.get("N8N_SCRAPER_REQUESTS_PER_SECOND", "")) or None
    except ValueError:
        return None


def _most(run: RunData, promised: float | None) -> Figure:
    """The most requests in any 10 s, against what the promise lets through in a window that begins with a burst."""
    most, burst = run.number(stats.RATE_MOST_IN_10_SECONDS), int(run.settings.get("N8N_SCRAPER_BURST", 1))
    if promised is None:
        return Figure("most_in_10_seconds", "most in any 10 s", most)
    allowed = math.floor(10 * promised) + burst
    is_kept = most is None or most <= allowed
    note = f"the promise allows {allowed}"
    return Figure("most_in_10_seconds", "most in any 10 s", most, tone="plain" if is_kept else "bad", note=note)


def politeness_section(run: RunData) -> Section:
    requests, seconds, promised = run.number(stats.RATE_REQUEST_COUNT), run.seconds, promised_rate(run)
    mean = requests / seconds if requests is not None and seconds else None
    is_kept = mean is None or promised is None or mean <= promised * 1.01
    limited = run.number(stats.RATE_LIMITED_COUNT) or 0
    figures = (
        Figure("requests", "requests", requests, note="robots.txt and retries included"),
        Figure("mean_rate", "mean rate", mean, "rate", "plain" if is_kept else "bad"),
        Figure("promised_rate", "promised", promised, "rate", note="" if promised else "no limit, on a test site"),
        _most(run, promised),
        Figure("lowest_rate", "lowest in force", run.number(stats.RATE_LOWEST), "rate"),
        Figure("limited", "answers 429", limited, tone="warn" if limited else "plain"),
        Figure("retries", "retries", run.number(stats.RETRY_COUNT) or 0),
        Figure("put_off", "left to a later run", run.number(stats.PUT_OFF_COUNT) or 0),
        Figure("breaker_opened", "breaker opened", run.numbers(stats.BREAKER_CHANGE_COUNT).get("open", 0)),
    )
    answers = run.numbers(stats.ANSWER_COUNT)
    parts = tuple(
        Part(kind, answers[kind], "good" if kind == "ok" else "warn") for kind in answers if kind in {"ok", *KINDS}
    )
    chart: Block = Bars("answers", "Answers by what they mean", "count", parts)
    if not parts:
        chart = NoData("answers", "Answers", "The run's stats have none.")
    return Section("requests", "Requests and politeness", (Figures("rate", figures), chart))
