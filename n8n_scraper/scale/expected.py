"""What must become of each workflow of a scale run, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from n8n_scraper.failures import KINDS
from n8n_scraper.items import LAYERS, STAGES
from n8n_scraper.scale.dataset import Dataset, Member
from n8n_scraper.scale.run_folder import Outcome

Row = Mapping[str, Any]
_NUMBERS = tuple(LAYERS)


def expected_layers(member: Member, numbers: Collection[int], stages: Collection[str]) -> dict[str, str]:
    """Status columns of the row, by name."""
    whole = dict.fromkeys(LAYERS.values(), "ok") | {
        "media_status": member.media,
        "transcripts_status": member.transcripts,
    }
    if member.error_kind:
        whole = dict.fromkeys(whole, KINDS[member.error_kind].layer_status)
    asked = {column for layer, column in LAYERS.items() if layer in numbers} | {STAGES[stage] for stage in stages}
    # Where an id is gone, that is so of every layer, asked for or not.
    return {
        column: status if column in asked or (status == "gone" and column in LAYERS.values()) else "skipped"
        for column, status in whole.items()
    }


def classify(
    members: Iterable[Member],
    rows: Mapping[int, Row],
    numbers: Collection[int] = _NUMBERS,
    stages: Collection[str] = (),
) -> dict[int, str]:
    """Members that did not become what was expected, each with what it became."""
    told = ((member.id, _differs(member, rows.get(member.id), numbers, stages)) for member in members)
    return {id: what for id, what in told if what}


def _differs(member: Member, row: Row | None, numbers: Collection[int], stages: Collection[str]) -> str | None:
    if row is None:
        return "no row"
    if (row["crawl_status"], row["error_kind"]) != (member.crawl_status, member.error_kind):
        wanted = f"{member.crawl_status} ({member.error_kind})" if member.error_kind else member.crawl_status
        return f"{row['crawl_status']} ({row['error_kind']}), expected {wanted}"
    for column, status in expected_layers(member, numbers, stages).items():
        if row[column] != status:
            return f"{column} {row[column]}, expected {status}"
    return None


def outcomes(
    dataset: Dataset, rows: Mapping[int, Row], numbers: Collection[int], stages: Collection[str]
) -> list[Outcome]:
    """By ascending id."""
    wrong = classify(dataset.members, rows, numbers, stages)
    return [_outcome(member, dataset, rows.get(member.id, {}), wrong.get(member.id)) for member in dataset.members]


def _outcome(member: Member, dataset: Dataset, row: Row, differs: str | None) -> Outcome:
    planned = dataset.plan.get(member.id)
    columns = (*LAYERS.values(), *STAGES.values())
    return Outcome(
        id=member.id,
        group=member.group,
        why=member.why,
        fault_kind=planned.kind if planned else None,
        category=member.category,
        expected_status=member.crawl_status,
        expected_error_kind=member.error_kind,
        crawl_status=row.get("crawl_status"),
        error_kind=row.get("error_kind"),
        error=row.get("error"),
        layers={column: row[column] for column in columns if column in row},
        quality_score=row.get("quality_score"),
        service_seconds=row.get("service_seconds"),
        attempt_count=row.get("attempt_count"),
        request_count=row.get("request_count"),
        is_as_expected=differs is None,
        differs=differs,
    )
