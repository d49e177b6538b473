"""``README.md`` of an export folder: the dataset card. Pure but for :func:`is_ours`.

The Python in it is run by the tests, against the files it stands beside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from n8n_scraper.export.format_names import FORMATS, file_name
from n8n_scraper.export.manifest import Manifest
from n8n_scraper.items import COLUMNS, Column

FILE_NAME = "README.md"
HowToRead = Callable[[str, Sequence[Column], bool], str]
"""Format, columns, whether formulas are defused → its part: :func:`n8n_scraper.export.format.how_to_read`."""
_MARK = "<!-- Written by n8n_scraper with every export; changes are overwritten. -->"


def is_ours(folder: Path) -> bool:
    """Whether a card may be written there: there is none, or one of ours."""
    path = folder / FILE_NAME
    if not path.exists():
        return True
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK.encode()


def text(manifest: Manifest, how_to_read: HowToRead) -> str:
    columns = [column for column in COLUMNS if column.name in manifest.columns]
    parts = [
        _MARK,
        "# n8n workflow templates",
        _what(manifest),
        "## Files\n\n" + _files(manifest),
        "## Rows\n\n" + _rows(manifest),
        "## Columns\n\n" + _columns(columns),
        "## Reading\n\n" + _reading(manifest, columns, how_to_read),
        _rights(manifest),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _what(manifest: Manifest) -> str:
    scope = "everything in the store" if not manifest.filters else f"a part of the store: {_options(manifest.filters)}"
    run = f", last run {manifest.run_id}" if manifest.run_id else ""
    return (
        f"Workflow templates of {manifest.site}, collected by {manifest.generator}; "
        f"written {manifest.created_at}{run}.\n"
        f"{manifest.rows:,} rows, one per workflow, by ascending id: {scope}."
    )


def _options(filters: dict[str, object]) -> str:
    words = ((name, ",".join(map(str, value)) if isinstance(value, list) else value) for name, value in filters.items())
    return " ".join(f"`--{name}`" if value is True else f"`--{name} {value}`" for name, value in words)


def _files(manifest: Manifest) -> str:
    lines = ["| file | bytes | sha256 |", "|---|---:|---|"]
    lines += [f"| {name} | {entry.bytes:,} | `{entry.sha256}` |" for name, entry in manifest.files.items()]
    return (
        "\n".join(lines)
        + "\n\nAll hold the same rows in the same columns; `scrapy export --check` re-reads and compares them. "
        + f"`manifest.json` says the same for programs (schema version {manifest.schema_version})."
    )


def _rows(manifest: Manifest) -> str:
    lines = ["| crawl_status | rows |", "|---|---:|"]
    lines += [f"| {status} | {rows:,} |" for status, rows in manifest.rows_by_status.items()]
    repaired = ", ".join(f"{name} {count:,}" for name, count in manifest.repaired.items())
    note = f"\n\nValues that had to be changed to be written, by column: {repaired}." if repaired else ""
    return "\n".join(lines) + note


def _columns(columns: list[Column]) -> str:
    lines = ["| name | type | meaning |", "|---|---|---|"]
    lines += [f"| {c.name} | `{c.type}` | {c.meaning} |" for c in columns]
    return (
        "\n".join(lines)
        + "\n\n`int` is a 64-bit integer, `number` a 64-bit float, `timestamp` is in UTC with microseconds "
        + "(ISO 8601 with Z in text). A field of `{…}` without a type is text.\n\n"
        + "**null means unknown or not there, never 0 or empty.** A workflow that is gone, or that failed, keeps "
        + "what was collected before; what was never collected is null. An empty list or text: the source has none."
    )


def _reading(manifest: Manifest, columns: list[Column], how_to_read: HowToRead) -> str:
    parts = [
        how_to_read(name, columns, manifest.csv_defuse_formulas)
        for name in FORMATS
        if file_name(name) in manifest.files
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _rights(manifest: Manifest) -> str:
    paid = (
        "The JSON of paid workflows is in this export: do not pass it on."
        if manifest.include_paid
        else "`workflow` is null for paid workflows and for those whose price is unknown."
    )
    return f"""
## Attribution and rights

The templates belong to their creators, and no licence is stated for them. Collecting them gives no right to publish
them: keep `author_name` and `url` with every row that you show or pass on, and ask where you do more.

{paid}

## Personal data

Names and usernames of authors are personal data, and descriptions and workflows may hold names, addresses and e-mail
addresses that people left in them. Known forms of secrets are replaced by `[REDACTED:<kind>]` when they are stored,
unless that was turned off (`redaction_count`); what has no known form is still there. To have a workflow or a name
taken out, write to the operator of this collection: whoever gave you these files. Copies made before keep it, so tell
those you gave them to.

## Limits

- A row says what the source said at `scraped_at`; what changed since is not in it.
- Views and prices are those of the last crawl. `updated_at` is null where the source gives none.
- `is_listed` is of the last sitemap seen. A workflow that was never crawled has no row.
- Counts are of the workflow's JSON as published, disabled nodes included.
"""
