"""What held a run back: declared rules, each with what it measures, its bound and its advice. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from n8n_scraper.scale.analysis import bottleneck_measures as measures
from n8n_scraper.scale.analysis.bottleneck_measures import Seen
from n8n_scraper.scale.run_folder import RunFolder


class Rule(NamedTuple):
    """It is a bottleneck where the measure reaches the bound."""

    name: str
    meaning: str
    unit: str
    bound: float
    measure: Callable[[Seen], float | None]
    advice: str


class Finding(NamedTuple):
    rule: Rule
    value: float | None

    @property
    def holds(self) -> bool:
        return self.value is not None and self.value >= self.rule.bound

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "no data"
        return "bottleneck" if self.holds else "no"


RULES: tuple[Rule, ...] = (
    Rule(
        "rate",
        "requests sent, of those that the promised rate allows",
        "%",
        90,
        measures.of_the_rate,
        "Nothing in the crawler is worth making faster at this rate: more processes or a faster machine add nothing.",
    ),
    Rule(
        "crawler_cpu",
        "mean CPU of the crawler",
        "% of a core",
        90,
        measures.mean_of("crawler_cpu"),
        "The crawler's one thread is full: leave feeds out, ask for fewer layers, or start a second process.",
    ),
    Rule(
        "postgres_cpu",
        "mean CPU of Postgres",
        "% of a core",
        80,
        measures.mean_of("postgres_cpu"),
        "Give Postgres a core of its own, and look at its slowest statements.",
    ),
    Rule(
        "machine_cpu",
        "mean CPU of the machine",
        "% of all cores",
        90,
        measures.mean_of("machine_cpu"),
        "All cores are busy: a larger machine, or Postgres and the replica on another one.",
    ),
    Rule(
        "foreign",
        "seconds in which others used the machine",
        "%",
        10,
        measures.disturbed,
        "Repeat the run on a quiet machine before any figure of time is believed.",
    ),
    Rule(
        "steal",
        "mean CPU taken by other virtual machines",
        "% of all cores",
        5,
        measures.mean_of("steal"),
        "Ask for a machine with cores of its own.",
    ),
    Rule(
        "store",
        "95th percentile of the crawler's transactions",
        "ms",
        100,
        measures.query_p95,
        "Put the store on a faster disk, or look what locks its rows.",
    ),
    Rule(
        "waiting",
        "seconds without a request although ids were left",
        "%",
        10,
        measures.waiting,
        "Back-off, Retry-After, an open breaker or a restart held the crawl: look at the errors that caused it.",
    ),
    Rule(
        "requests_each",
        "mean requests of a good workflow",
        "requests",
        1.5,
        measures.requests_each,
        "Workflows without a planned fault were asked for again: look at what the site answered.",
    ),
    Rule(
        "slow_tail",
        "service time that the slowest twentieth of good workflows took",
        "%",
        50,
        measures.share_of_the_slow,
        "A few workflows take most of the time: ask for them again apart, scrapy scale run --again.",
    ),
    Rule(
        "disk",
        "mean written by Postgres",
        "MB/s",
        20,
        measures.mean_of("postgres_written"),
        "Put the store on a faster disk, and raise max_wal_size.",
    ),
    Rule(
        "memory",
        "growth of the crawler's memory",
        "MB per 10,000 workflows",
        5,
        measures.memory_slope,
        "Memory grows with the crawl: scrapy scale memory shows how, before a larger size is tried.",
    ),
    Rule(
        "threads",
        "threads of the crawler, last quarter to second",
        "times",
        1.5,
        measures.growth_of("crawler_threads"),
        "Threads pile up: something blocks one after another.",
    ),
    Rule(
        "files",
        "open files of the crawler, last quarter to second",
        "times",
        1.5,
        measures.growth_of("crawler_files"),
        "Files or sockets are left open.",
    ),
)


def look(found: RunFolder) -> Iterator[Finding]:
    """One finding a rule."""
    seen = Seen(found)
    return (Finding(rule, rule.measure(seen)) for rule in RULES)
