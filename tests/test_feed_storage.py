from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from scrapy.spiders import Spider

from n8n_scraper.exceptions import StartError
from n8n_scraper.feed_storage import AtomicFileFeedStorage

SPIDER = Spider("test")


def feed(path: Path, data: bytes, **options: Any) -> None:
    storage = AtomicFileFeedStorage(str(path), feed_options=options)
    file = storage.open(SPIDER)
    file.write(data)
    storage.store(file)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_feed_replaces_the_former_file_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "feed.json"
    storage = AtomicFileFeedStorage(path.as_uri(), feed_options={"format": "json", "overwrite": True})
    first = storage.open(SPIDER)
    first.write(b"first")
    assert not path.exists()
    storage.store(first)
    assert path.read_bytes() == b"first"
    second = storage.open(SPIDER)
    second.write(b"second")
    second.flush()
    assert path.read_bytes() == b"first"
    storage.store(second)
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["feed.json"]


@pytest.mark.parametrize("format_", ["jsonl", "jsonlines"])
def test_lines_are_appended_aside(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    feed(path, b"1\n", format=format_)
    storage = AtomicFileFeedStorage(str(path), feed_options={"format": format_, "overwrite": False})
    file = storage.open(SPIDER)
    file.write(b"2\n")
    file.flush()
    assert path.read_bytes() == b"1\n"
    storage.store(file)
    assert path.read_bytes() == b"1\n2\n"


@pytest.mark.parametrize("format_", ["json", "csv", "parquet", "xml"])
def test_nothing_is_appended_where_that_makes_the_file_invalid(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.touch()
    feed(path, b"[]", format=format_)
    with pytest.raises(
        StartError, match=f"rows appended to a {format_} file make it invalid; replace the file with -O"
    ):
        AtomicFileFeedStorage(str(path), feed_options={"format": format_})
    assert path.read_bytes() == b"[]"


def test_nothing_is_appended_to_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(b'{"id": 1}\n{"id"')
    with pytest.raises(StartError, match="its last line is not whole"):
        AtomicFileFeedStorage(str(path), feed_options={"format": "jsonl"})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"encoding": "latin-1"}, "encoding latin-1: files of this project are UTF-8"),
        ({"indent": 2}, "indent 2: files of this project have one row a line"),
        ({"fields": {"id": "number"}}, "fields must be a list of columns"),
        ({"fields": ["id", "titel"]}, "There is no column 'titel'"),
    ],
)
def test_options_that_contradict_the_contract_stop_the_start(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(StartError, match=sentence):
        AtomicFileFeedStorage(str(tmp_path / "feed"), feed_options={"format": "json", **options})
    AtomicFileFeedStorage(str(tmp_path / "feed"), feed_options={"format": "xml", **options})


def test_a_feed_that_could_not_be_written_keeps_its_former_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "feed.json"
    path.write_bytes(b"former")
    storage = AtomicFileFeedStorage(str(path), feed_options={"format": "json", "overwrite": True})
    file = storage.open(SPIDER)
    os.close(file.fileno())  # every write to the disk fails from here on
    for _ in range(3):
        file.write(b"x" * 2_000_000)
    assert len(caplog.records) == 1
    with pytest.raises(OSError, match="Bad file descriptor"):
        storage.store(file)
    assert path.read_bytes() == b"former"
    assert names(tmp_path) == ["feed.json"]


def test_what_is_no_regular_file_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        feed(pipe, b"row\n", format="jsonl", overwrite=True)
        assert os.read(reader, 100) == b"row\n"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_is_made_and_one_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    AtomicFileFeedStorage(str(tmp_path / "new" / "er" / "feed.json"), feed_options={"format": "json"})
    assert (tmp_path / "new" / "er").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="its folder cannot be made"):
        AtomicFileFeedStorage(str(tmp_path / "file" / "feed.json"), feed_options={"format": "json"})
    AtomicFileFeedStorage(str(tmp_path / "%(run_id)s" / "feed.json"), feed_options={"format": "json"})
    assert sorted(names(tmp_path)) == ["file", "new"], "the name of a pattern is not known yet"
