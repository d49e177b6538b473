"""All that a scale run left, with what is made of it: what the report, the gate and the baseline look at. Pure but for
the reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from n8n_scraper.exceptions import StartError
from n8n_scraper.scale import storage
from n8n_scraper.scale.analysis import baseline, bottlenecks
from n8n_scraper.scale.analysis.baseline import Baseline, Compared, Conditions, SavedRun
from n8n_scraper.scale.analysis.bottlenecks import Finding
from n8n_scraper.scale.analysis.contradictions import contradictions, judged_again
from n8n_scraper.scale.analysis.decision import Decision, Evidence, Zone, decide
from n8n_scraper.scale.analysis.part_shapes import demand_part
from n8n_scraper.scale.run_folder import FILES, RunFolder, VerdictRow, read_folder

PARTS = {
    "storage": storage.FILE_NAME,
    "load": "load.json",
    "captions": "captions.json",
    "queries": "queries.json",
    "scaling": "scaling.json",
}
"""Files that only some runs have."""


@dataclass(frozen=True)
class Analysed:
    """``parts`` are by name of :data:`PARTS`; ``refusal`` says why the baseline that is there is not compared with."""

    found: RunFolder
    parts: Mapping[str, Any]
    baseline: Baseline | None = None
    refusal: str | None = None

    @property
    def run(self) -> Mapping[str, Any]:
        return self.found.run

    @property
    def has_run(self) -> bool:
        """False for a folder in which only scaling, load or queries left something."""
        return set(self.found.missing) != set(FILES)

    @property
    def is_disturbed(self) -> bool:
        return bool(self.run.get("is_disturbed"))

    @property
    def conditions(self) -> Conditions:
        return conditions(self.found)

    @cached_property
    def verdicts(self) -> tuple[VerdictRow, ...]:
        """By the declared criteria, whatever bounds and zones the file has."""
        return tuple(judged_again(self.found))

    @cached_property
    def contradictions(self) -> tuple[str, ...]:
        return tuple(contradictions(self.found)) if self.has_run else ()

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(bottlenecks.look(self.found))

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        if self.baseline is None or self.refusal:
            return ()
        return tuple(baseline.compare(self.baseline, figures(self.found), is_disturbed=self.is_disturbed))

    @cached_property
    def decision(self) -> Decision:
        run = self.run
        return decide(
            Evidence(
                zones={one["name"]: Zone(one["zone"], number(one["figure"])) for one in self.verdicts},
                size=self.conditions.size,
                has_ended=bool(run.get("ended_at")),
                exit_code=(run.get("exit_codes") or [None])[-1],
                is_disturbed=self.is_disturbed,
                is_again=bool(run.get("again")),
                contradictions=self.contradictions,
                is_compressed=not self.conditions.is_true,
                worse=baseline.named(self.compared, baseline.WORSE),
            )
        )


def conditions(found: RunFolder) -> Conditions:
    run = found.run
    return Conditions(run.get("size", 0), run.get("rate", 0.0), run.get("clock", 1.0), run.get("layers") or "")


def figures(found: RunFolder) -> dict[str, float | None]:
    """Those of the run, and what its bottlenecks are told by."""
    measured = {name: number(value) for name, value in found.figures.items()}
    return measured | {f"bottleneck/{one.rule.name}": one.value for one in bottlenecks.look(found)}


def saved(found: RunFolder) -> SavedRun:
    run = found.run
    return SavedRun(
        name=run.get("name") or found.path.name,
        begun_at=run.get("begun_at") or "",
        is_disturbed=bool(run.get("is_disturbed")),
        figures=figures(found),
    )


def number(value: object) -> float | None:
    """None for what is no number that a report could show."""
    return float(value) if isinstance(value, int | float) and isfinite(value) else None


def read(folder: Path) -> Analysed:
    """Raises:
    StartError: there is no run, or a file of it is broken.
    """
    parts = {name: _part(folder / file, name) for name, file in PARTS.items() if (folder / file).is_file()}
    has_run = any((folder / name).is_file() for name in FILES)
    found = _no_run(folder) if parts and not has_run else read_folder(folder)
    return Analysed(found, parts)


def _no_run(folder: Path) -> RunFolder:
    """Of a folder with nothing but parts."""
    return RunFolder(folder, {}, (), (), (), {}, FILES)


def _part(path: Path, name: str) -> Any:
    try:
        part = json.loads(path.read_bytes(), parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError) as error:
        raise StartError(f"{path}: cannot be read ({error}).") from None
    demand_part(str(path), name, part)
    return part
