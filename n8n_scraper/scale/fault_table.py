"""One crawl against a plan with every kind of fault: what was planned, and what the crawl took it for."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from n8n_scraper import stats
from n8n_scraper.exceptions import StartError
from n8n_scraper.failures import KINDS
from n8n_scraper.replica.process import RunningReplica
from n8n_scraper.run_id import RUNS
from n8n_scraper.scale.fault_plan import DOWNLOAD_TIMEOUT, Planned, every_fault, fault_rules, make_plan
from n8n_scraper.scale.trial import Trial

NONE = "none"
SETTINGS = {"DOWNLOAD_TIMEOUT": DOWNLOAD_TIMEOUT, "N8N_SCRAPER_BREAKER_COOLDOWN": 1.0}


@dataclass(frozen=True)
class FaultTable:
    """``outcomes`` counts workflows by (planned, observed) failure kind of the row, ``none`` for complete ones;
    ``answers`` tells for each kind how many faults the replica sent and how many the crawl counted.
    """

    outcomes: Counter[tuple[str, str]]
    answers: dict[str, tuple[int, int]]
    lost: list[int]
    seconds: float

    @property
    def is_diagonal(self) -> bool:
        return not self.lost and all(planned == observed for planned, observed in self.outcomes)

    def lines(self) -> Iterator[str]:
        """As Markdown."""
        observed = [kind for kind in _names() if any(kind in pair for pair in self.outcomes)]
        yield "| planned \\ observed | " + " | ".join(observed) + " | faults sent | answers counted |"
        yield "|---" * (len(observed) + 3) + "|"
        for planned in observed:
            cells = [str(self.outcomes[planned, kind] or "·") for kind in observed]
            yield f"| {planned} | {' | '.join(cells)} | {' | '.join(map(str, self.answers.get(planned, ('', ''))))} |"


def run(replica: RunningReplica, folder: Path, *, faulty: float, seed: int) -> FaultTable:
    """Raises:
    StartError: the crawl did not end well.
    """
    ids = [entry["id"] for entry in replica.library() if entry["listed"] and entry["status"] == "published"]
    plan = make_plan(ids, faulty, seed)
    replica.set_faults(*fault_rules(plan))
    trial = Trial(folder, replica, SETTINGS)
    try:
        began = time.monotonic()
        code = trial.start().wait()
        seconds = time.monotonic() - began
        if code:
            raise StartError(f"The crawl ended with exit code {code}: {_last_lines(trial.log)}")
        kinds = {row["id"]: row["error_kind"] or NONE for row in trial.rows("select id, error_kind from observed")}
        outcomes = Counter((_planned(plan, id), kinds[id]) for id in ids if id in kinds)
        return FaultTable(outcomes, _answers(trial), [id for id in ids if id not in kinds], seconds)
    finally:
        trial.close()


def _names() -> list[str]:
    return [NONE, *KINDS]


def _planned(plan: Mapping[int, Planned], id: int) -> str:
    return (plan[id].error_kind or NONE) if id in plan else NONE


def _answers(trial: Trial) -> dict[str, tuple[int, int]]:
    kind_of = {planned.fault: planned.kind for planned in every_fault()}
    sent = Counter(kind_of[entry["fault"]] for entry in trial.replica.entries() if "fault" in entry)
    counted = _stats(trial)
    return {kind: (sent[kind], counted.get(stats.ANSWER_COUNT.format(kind), 0)) for kind in KINDS if sent[kind]}


def _stats(trial: Trial) -> dict[str, Any]:
    [file] = trial.exports.glob(f"{RUNS}/*/stats.json")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _last_lines(log: Path) -> str:
    return " / ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:])
