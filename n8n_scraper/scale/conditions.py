"""Under which conditions a scale run crawls: at what rate, by which clock, which layers. Pure.

With the clock compressed N times, rates are N times higher; latencies, waits before retries, Retry-After and cool-downs
take an Nth. Everything happens in the same order, but figures of time are no longer those of the true clock: they are
never compared with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.scale.fault_plan import DOWNLOAD_TIMEOUT, Rule

TRUE_RATE = 2.0
MEDIA_RATE, TRANSCRIPT_RATE = 1.0, 0.2
NO_LIMIT = 10_000.0
COOLDOWN, COOLDOWN_AT_ONCE = 2.0, 0.02
"""Of the circuit breaker, in seconds: shorter than usual, for an outage that is short too; and where so many workflows
are asked for at once that several probes may fail."""
LEAST_TIMEOUT = 3.0
"""Seconds that the largest answer may take on a busy machine, which no clock makes faster."""
LEAST_RATE_SIDE_BY_SIDE = 10.0
"""Requests a second at which two may go out within 100 ms."""
_STRETCHED_FAULTS = frozenset({"slow", "drip"})
OUTAGE: Rule = {"route": ["detail", "page"], "kind": "503"}
"""The first requests of workflows fail. At the very start, because then no workflow has used up its attempts when the
breaker gives them back."""
FAILURES = 11
"""Ten in a row open the circuit breaker, the last is its first probe."""
FAILURES_AT_ONCE = 25
"""Workflows that can be asked for before ten of them have failed, where no rate, or a high one, holds them back: 16 at
once (CONCURRENT_REQUESTS), and one more for each that failed. Each fails once, so that no good answer comes between."""
HIGH_RATE = 20.0
SMALLEST_DISTURBED = 30
"""Workflows of a run with an outage and a kill; less would end before."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """``rate`` in requests a second of the true clock, 0 without a limit; ``clock`` 1 is the true one; ``layers`` as a
    crawl takes them; ``is_again``: of workflows of a former run, most of them faulty, and nothing else goes wrong.
    """

    rate: float = TRUE_RATE
    clock: float = 1.0
    layers: str = "1,2,3"
    is_again: bool = False

    def __post_init__(self) -> None:
        """Raises:
        StartError: there is no such rate.
        """
        if not 0 <= self.rate < math.inf:
            raise StartError(f"--rate {self.rate:g}: must be 0 (no limit) or more requests a second.")

    @property
    def stages(self) -> tuple[str, ...]:
        """Opt-in layers."""
        return tuple(name for name in STAGES if name in self._words)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Other layers; the opt-in ones need the third."""
        return tuple(layer for layer in LAYERS if str(layer) in self._words or (layer == 3 and self.stages))

    @property
    def _words(self) -> list[str]:
        return [word.strip() for word in self.layers.split(",")]

    @property
    def download_timeout(self) -> float:
        return max(DOWNLOAD_TIMEOUT / self.clock, LEAST_TIMEOUT)

    @property
    def site_rate(self) -> float:
        return self.rate * self.clock

    @property
    def media_rate(self) -> float:
        return self._rate_elsewhere(MEDIA_RATE)

    @property
    def transcript_rate(self) -> float:
        return self._rate_elsewhere(TRANSCRIPT_RATE)

    def _rate_elsewhere(self, usual: float) -> float:
        """Never above that of the site, whose DOWNLOAD_DELAY slows all."""
        return min(usual, self.rate) * self.clock if self.rate else NO_LIMIT

    @property
    def settings(self) -> dict[str, Any]:
        """Of the crawls."""
        return {
            "N8N_SCRAPER_REQUESTS_PER_SECOND": self.site_rate,
            "N8N_SCRAPER_MEDIA_REQUESTS_PER_SECOND": self.media_rate,
            "N8N_SCRAPER_TRANSCRIPT_REQUESTS_PER_SECOND": self.transcript_rate,
            "N8N_SCRAPER_TIME_FACTOR": self.clock,
            "N8N_SCRAPER_BREAKER_COOLDOWN": COOLDOWN_AT_ONCE if self.is_at_once else COOLDOWN,
            "DOWNLOAD_TIMEOUT": self.download_timeout,
        }

    def is_disturbed(self, size: int) -> bool:
        """An outage and a kill are planned."""
        return size >= SMALLEST_DISTURBED and not self.is_again

    def latency(self, text: str) -> str:
        """Of the replica, like ``0.05-0.2``, by the compressed clock."""
        return "-".join(str(float(seconds) / self.clock) for seconds in text.split("-"))

    def rules(self, rules: Iterable[Rule]) -> list[Rule]:
        """A fault plan by the compressed clock. Retry-After stays: whoever obeys it divides."""
        return [
            {**rule, "seconds": rule["seconds"] / self.clock} if rule["kind"] in _STRETCHED_FAULTS else rule
            for rule in rules
        ]

    def outage(self, ids: Sequence[int]) -> list[Rule]:
        """Rules that come before a fault plan of these workflows, in the order they are asked for."""
        if not self.is_disturbed(len(ids)):
            return []
        if self.is_at_once:
            return [{**OUTAGE, "id": list(ids[:FAILURES_AT_ONCE]), "times": 1}]
        return [{**OUTAGE, "at_most": FAILURES}]

    @property
    def is_at_once(self) -> bool:
        """The rate does not keep requests apart."""
        return not 0 < self.rate < HIGH_RATE

    def longest(self, size: int) -> float:
        """Seconds that a crawl of so many workflows may take before it is at fault."""
        each = 10.0 + (60.0 if "transcripts" in self.stages else 0.0)
        return 120.0 + size * each / self.clock

    def sentence(self) -> str:
        rate = f"{self.site_rate:g} requests a second" if self.rate else "no limit of the rate"
        if self.clock == 1:
            return f"layers {self.layers}, {rate}, true clock"
        return (
            f"layers {self.layers}, clock compressed {self.clock:g} times: {rate}; latencies, waits, Retry-After and"
            f" cool-downs 1/{self.clock:g}. Figures of time are not to be compared with those of the true clock"
        )

    def not_applicable(self, size: int) -> dict[str, str]:
        """Criteria that say nothing of such a run, by name with the reason."""
        reasons: dict[str, str] = {}
        if not self.is_disturbed(size):
            why = "workflows asked for again" if self.is_again else f"fewer than {SMALLEST_DISTURBED} workflows"
            reasons |= {"breaker": f"no outage was planned: {why}", "resumed": f"nothing was killed: {why}"}
        if reason := self._why_not_true_rate():
            reasons |= dict.fromkeys(("workflows_per_hour", "busiest_second", "busiest_ten_seconds"), reason)
        if self.clock != 1:
            reasons |= dict.fromkeys(("service_seconds", "stage_gap"), self._compressed())
        elif not self.may_be_side_by_side:
            reasons["stage_gap"] = f"{self.rate:g} requests a second allow no two of them within 100 ms"
        return reasons

    @property
    def may_be_side_by_side(self) -> bool:
        """The rates allow two requests of one workflow within 100 ms: to the site, or to hosts each at its own rate."""
        return not 0 < self.rate < LEAST_RATE_SIDE_BY_SIDE or len(self.stages) > 1

    def _why_not_true_rate(self) -> str:
        if self.clock != 1:
            return self._compressed()
        if not self.rate:
            return "there was no limit of the rate"
        return "" if self.rate == TRUE_RATE else f"the rate was {self.rate:g} a second, not the true {TRUE_RATE:g}"

    def _compressed(self) -> str:
        return f"the clock was compressed {self.clock:g} times"
