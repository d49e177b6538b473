"""One row a video, with what is said in it and the workflows that show it: the files ``videos.*``.

For training and search; every row names the workflows with author and address, so that nobody is used without credit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from n8n_scraper.export.aside import locked
from n8n_scraper.export.file_set import FileSet
from n8n_scraper.export.layout import Layout
from n8n_scraper.export.selection import Selection
from n8n_scraper.export.snapshot import LOCK_NAME
from n8n_scraper.export.store_rows import reading
from n8n_scraper.items import Column
from n8n_scraper.layers.transcripts import PLATFORM

NAME = "videos"
FORMATS = ("jsonl", "parquet")
COLUMNS = (
    Column("platform", "text", "derived", "youtube · vimeo · loom · google_drive · file"),
    Column("video_id", "text", "key", "of the platform; null for a file"),
    Column("url", "text", "derived", "address of the video"),
    Column(
        "workflows",
        "list<{id int, name, url, author_name, author_username}>",
        "derived",
        "the workflows that show it, by id: whom to credit",
    ),
    Column("status", "text", "derived", "of the transcript; unsupported: not on YouTube; skipped: never asked for"),
    Column("language", "text", "derived", "of the transcript"),
    Column("is_generated", "bool", "derived", "written by a machine"),
    Column("text", "text", "derived", "what is said"),
)
_QUERY = """
    select v.platform, v.video_id, v.url,
        json_agg(json_build_object('id', r.id, 'name', r.name, 'url', r.url, 'author_name', r.author_name,
            'author_username', r.author_username) order by r.id)::text as workflows,
        case when v.platform = %(platform)s then coalesce(t.status, 'skipped') else 'unsupported' end as status,
        t.language, t.is_generated, t.text
    from workflow_rows r
    cross join lateral json_to_recordset(r.videos) as v (platform text, video_id text, url text)
    left join transcripts t on v.platform = %(platform)s and t.video_id = v.video_id
    where {condition}
    group by v.platform, v.video_id, v.url, t.video_id
    order by v.platform, v.video_id, v.url
"""


def write_videos(
    dsn: str, folder: Path, formats: Sequence[str], selection: Selection, *, csv_defuse: bool = True
) -> int:
    """Write ``videos.<format>`` into ``folder``, which is made when missing; returns the number of rows.

    The filters of ``selection`` choose workflows.

    Raises:
        StartError: the store cannot be reached.
        OSError: a file cannot be written: the former files stay.
    """
    condition, parameters = selection.condition()
    query = _QUERY.format(condition=condition), {**parameters, "platform": PLATFORM}
    names = {f"{NAME}.{format_}": format_ for format_ in formats}
    folder.mkdir(parents=True, exist_ok=True)
    with (
        locked(folder / LOCK_NAME),
        reading(dsn) as store,
        FileSet(folder, names, Layout(COLUMNS), defuse=csv_defuse) as files,
    ):
        for rows in store.rows(COLUMNS, query, lambda column: None):
            files.write(rows)
        files.finish()
        files.publish()
        return files.rows


def names_any(path: Path, ids: Collection[int]) -> bool:
    """Whether this is a file of videos, and names one of these workflows."""
    read = _READERS.get(path.suffix[1:]) if path.stem == NAME else None
    try:
        rows = read(path) if read else iter(())
        return any(workflow["id"] in ids for row in rows for workflow in row["workflows"] or ())
    except (ValueError, KeyError, TypeError):  # of somebody else: Arrow's and JSON's errors are ValueErrors
        return False


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from map(orjson.loads, file)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["workflows"]):
            yield from batch.to_pylist()


_READERS: dict[str, Callable[[Path], Iterator[dict[str, Any]]]] = {"jsonl": _json_lines, "parquet": _parquet}
