"""The fault plan: decides, request by request, what goes wrong. Pure; the clock is the caller's."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.replica.fault_rules import Asked, Fault, Rule, parse_rule
from n8n_scraper.replica.seeds import seeded


@dataclass
class _Bucket:
    """Tokens of an ``above`` rule: a second's worth, so that a steady stream at the rate never runs dry."""

    rate: float
    tokens: float = field(init=False)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = max(1.0, self.rate)

    def take(self, seconds: float) -> bool:
        self.tokens = min(max(1.0, self.rate), self.tokens + (seconds - self.seconds) * self.rate)
        self.seconds = seconds
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class _Allowance:
    """So many requests in each window of so many seconds, counted from when the plan was set."""

    count: float
    window: float
    number: int = -1
    """Of the window that the last request was in."""
    taken: int = 0

    def take(self, seconds: float) -> bool:
        number = int(seconds // self.window)
        if number != self.number:
            self.number, self.taken = number, 0
        if self.taken >= self.count:
            return False
        self.taken += 1
        return True

    def wait(self, seconds: float) -> int:
        """Until the next window, in whole seconds, as Retry-After has them."""
        return max(1, math.ceil((self.number + 1) * self.window - seconds))


class FaultPlan:
    """``started`` is the moment that ``between`` counts from, on the clock that :meth:`pick` is given."""

    def __init__(self, rules: tuple[Rule, ...] = (), *, seed: int = 1, started: float = 0.0) -> None:
        self._rules = rules
        self._seed = seed
        self._started = started
        self._requests = 0
        self._visits: Counter[tuple[int, str]] = Counter()
        self._fired_for: Counter[tuple[int, str]] = Counter()
        self._fired: Counter[int] = Counter()
        self._buckets = {n: _Bucket(rule.above) for n, rule in enumerate(rules) if rule.above is not None}
        self._allowances = {n: _Allowance(*rule.allowance) for n, rule in enumerate(rules) if rule.allowance}

    @classmethod
    def parse(cls, plan: Any, *, started: float) -> FaultPlan:
        """StartError says what is wrong with a plan that is not like ``{"seed": 1, "rules": […]}``."""
        if not isinstance(plan, dict) or not isinstance(plan.get("rules"), list) or plan.keys() - {"seed", "rules"}:
            raise StartError("Fault plan: must be an object with 'rules', a list, and perhaps 'seed'.")
        seed = plan.get("seed", 1)
        if not isinstance(seed, int):
            raise StartError(f"Fault plan: seed = {seed!r}: must be a whole number.")
        rules = tuple(parse_rule(rule, number) for number, rule in enumerate(plan["rules"], 1))
        return cls(rules, seed=seed, started=started)

    @classmethod
    def read(cls, path: Path, *, started: float) -> FaultPlan:
        try:
            plan = json.loads(path.read_bytes())
        except OSError as error:
            raise StartError(f"Fault plan {path}: {error.strerror}.") from None
        except ValueError as error:
            raise StartError(f"Fault plan {path}: not JSON ({error}).") from None
        return cls.parse(plan, started=started)

    def as_dict(self) -> dict[str, Any]:
        """The plan as it was given, with how often each rule has ``fired``."""
        rules = [{**rule.source, "fired": self._fired[n]} for n, rule in enumerate(self._rules)]
        return {"seed": self._seed, "rules": rules, "requests": self._requests}

    def pick(self, asked: Asked, now: float) -> Fault | None:
        """What is to go wrong with this request, if anything; to be called once a request."""
        self._requests += 1
        for number, rule in enumerate(self._rules):
            if rule.fits_place(asked) and rule.fits_moment(self._requests, now - self._started):
                kind = self._drawn(number, rule, asked, now)
                if kind is not None:
                    self._fired[number] += 1
                    self._fired_for[number, asked.key] += 1
                    return self._timed(number, rule.fault(kind), now)
        return None

    def _timed(self, number: int, fault: Fault, now: float) -> Fault:
        """A 429 beyond an allowance says when there is a new one, unless the rule says something else."""
        if number not in self._allowances or fault.kind != "429" or fault.retry_after is not None:
            return fault
        return replace(fault, retry_after=str(self._allowances[number].wait(now - self._started)))

    def _drawn(self, number: int, rule: Rule, asked: Asked, now: float) -> str | None:
        self._visits[number, asked.key] += 1
        if rule.times is not None and self._fired_for[number, asked.key] >= rule.times:
            return None
        if rule.at_most is not None and self._fired[number] >= rule.at_most:
            return None
        if number in self._buckets and self._buckets[number].take(now):
            return None
        if number in self._allowances and self._allowances[number].take(now - self._started):
            return None
        rng = seeded(self._seed, number, asked.key, self._visits[number, asked.key])
        if rng.random() >= rule.share:
            return None
        kind = rng.choices(tuple(rule.mix), weights=tuple(rule.mix.values()))[0]
        return kind if asked.kept_alive or kind != "reset_kept_alive" else None
