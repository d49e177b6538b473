from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings

from n8n_scraper.commands.export import Command
from n8n_scraper.export.check import check_folder
from n8n_scraper.export.manifest import read_manifest

Run = Callable[..., int]
ROWS = """
insert into observed (id, crawl_status, layer1_status, layer2_status, layer3_status, media_status, transcripts_status,
                      categories, is_paid, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, case when id < 10 then 'complete' else 'gone' end, 'ok', 'ok', 'ok', 'skipped', 'skipped',
       array['AI'], id % 2 = 0, now(), 1, 1, 0.5, 'r'
from generate_series(1, 12) id;
insert into content (id, source, name, workflow, content_hash, changed_at)
select id, 'api', 'name ' || id, '{"nodes": []}', 'h', now() - id * interval '1 day' from observed;
"""

NODES = "insert into derived (id, node_types, parser_version) values (12, array['n8n-nodes-base.slack'], '1')"


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    return tmp_path / "exports"


@pytest.fixture
def run(database_url: str, exports: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """``scrapy export`` with these words, in a folder of its own, over twelve rows; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(ROWS)

    def run(*words: str, **settings: str) -> int:
        paths = {"N8N_SCRAPER_DATA_DIR": str(tmp_path / "data"), "N8N_SCRAPER_EXPORT_DIR": str(exports)}
        command = Command()
        command.settings = Settings({"DATABASE_URL": database_url, **paths, **settings})
        parser = argparse.ArgumentParser(conflict_handler="resolve")
        command.add_options(parser)
        options, rest = parser.parse_known_args(words)
        command.process_options(rest, options)
        command.run(rest, options)
        return command.exitcode

    return run


def read(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((folder / "workflows.json").read_bytes())
    return rows


def test_the_snapshot(run: Run, exports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert re.fullmatch(
        rf"12 rows written to {exports} in \d+\.\d s: workflows.json, workflows.jsonl, workflows.csv, workflows.parquet.\n",
        capsys.readouterr().out,
    )
    assert run() == 0
    assert capsys.readouterr().out.startswith("Nothing changed since 2")
    assert [row["id"] for row in read(exports)] == list(range(1, 13))


def test_a_part_goes_to_a_folder_of_its_own(run: Run, exports: Path, tmp_path: Path) -> None:
    run()
    assert run("--free", "--status", "complete") == 0
    [part] = (exports / "filtered").iterdir()
    assert [row["id"] for row in read(part)] == [1, 3, 5, 7, 9]
    assert run("--free", "-o", "mine") == 0
    assert [row["id"] for row in read(tmp_path / "mine")] == [1, 3, 5, 7, 9, 11]
    assert len(read(exports)) == 12


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["--status", "gone,failed"], [10, 11, 12]),
        (["--status", "gone", "--status", "complete", "--changed-since", "3d"], [1, 2]),
        (["--category", "ai", "--min-quality", "0"], []),
        (["--node-type", "slack"], []),
        (["--changed-since", "2000-01-01"], list(range(1, 13))),
    ],
)
def test_filters(words: list[str], ids: list[int], run: Run, tmp_path: Path) -> None:
    assert run(*words, "-o", "part", "--check") == 0
    assert [row["id"] for row in read(tmp_path / "part")] == ids


def test_columns_and_formats(run: Run, tmp_path: Path) -> None:
    assert run("--columns", "name, is_paid", "--format", "csv,json", "-o", "part") == 0
    manifest = read_manifest(tmp_path / "part")
    assert manifest.columns == ["id", "name", "is_paid"]
    assert sorted(manifest.files) == ["workflows.csv", "workflows.json"]
    assert run("--without", "workflow", "-o", "rest") == 0
    assert "workflow" not in read_manifest(tmp_path / "rest").columns


def test_formats_that_were_there_are_told(run: Run, exports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("--format", "csv,json")
    capsys.readouterr()
    run("--format", "json")
    assert capsys.readouterr().out.endswith(f": {exports} has all 12 rows in workflows.json, workflows.csv.\n")
    run("--format", "jsonl")
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(": workflows.json, workflows.jsonl, workflows.csv.")
    assert said[1:] == [
        "workflows.json, workflows.csv had been there before: the files of a folder are renewed together."
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--category", "ai"], ""),
        (["--category", "aj,AI"], "12 rows: no row has category 'aj'; near: 'AI'.\n"),
        (["--category", "Marketing"], "0 rows: no row has category 'Marketing'.\n"),
        (["--node-type", "Slack", "--status", "gone"], ""),
        (["--node-type", "slak"], "0 rows: no row has node type 'slak'; near: 'slack'.\n"),
    ],
)
def test_a_filter_that_no_row_has_is_told(
    words: list[str], told: str, run: Run, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(NODES)
    assert run(*words, "-o", "part") == 0
    assert capsys.readouterr().err == told


def test_the_json_of_paid_workflows(run: Run, exports: Path, tmp_path: Path) -> None:
    assert run() == 0
    assert [row["workflow"] is None for row in read(exports)][:4] == [False, True, False, True]
    assert run("--include-paid", "-o", "paid") == 0
    assert [row["workflow"] for row in read(tmp_path / "paid")] == [{"nodes": []}] * 12
    assert read_manifest(tmp_path / "paid").include_paid
    assert run(N8N_SCRAPER_EXPORT_PAID="1") == 0
    assert [row["workflow"] for row in read(exports)] == [{"nodes": []}] * 12


def test_check_alone_only_reads(run: Run, exports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--check") == 1
    assert not exports.exists()
    assert capsys.readouterr().err == f"n8n_scraper: There is no folder {exports}: scrapy export writes one.\n"
    exports.mkdir()
    assert run("--check") == 1
    assert f"there is no manifest.json in {exports}." in capsys.readouterr().out
    run()
    assert run("--check", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none") == 0
    assert "all files are whole and equal row by row" in capsys.readouterr().out
    path = exports / "workflows.jsonl"
    path.write_bytes(path.read_bytes().replace(b"name 7", b"nome 7"))
    assert run("--check") == 1
    assert "workflows.jsonl: row 7 differs from workflows.json in name.\n" in capsys.readouterr().out
    assert run("--format", "jsonl", "--check") == 0
    assert list(check_folder(exports)) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "xml"], "There is no format 'xml': there are json, jsonl, csv, parquet."),
        (["--format", "jsn"], "There is no format 'jsn': did you mean json?"),
        (["--columns", "titel"], "There is no column 'titel'"),
        (["--status="], "--status was given without a value: leave it out, or say which."),
        (["--status", "done"], "There is no status 'done'"),
        (["--min-quality", "good"], "--min-quality good: must be a number from 0 to 100."),
        (["--changed-since", "soon"], "--changed-since soon: must be a date"),
        (["--free", "-o", "exports"], "-o exports: the snapshot lives there, and a part must not replace it"),
        (["-o", "file.txt"], "-o file.txt: this is no folder."),
        (["-s", "N8N_SCRAPER_EXPORT_PAID=maybe"], "Setting N8N_SCRAPER_EXPORT_PAID = 'maybe': must be True or False."),
    ],
)
def test_bad_arguments_stop_with_a_sentence(
    words: list[str], sentence: str, run: Run, exports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file.txt").write_text("")
    assert run(*words) == 1
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not exports.exists()


def test_words_that_mean_nothing_are_refused(run: Run) -> None:
    with pytest.raises(UsageError, match="no option --formt"):
        run("--formt", "json")
    with pytest.raises(UsageError, match="takes no words; got: json"):
        run("json")


def test_a_store_that_cannot_be_reached_is_told_without_its_address(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(DATABASE_URL="postgresql://me:secret@127.0.0.1:1/none") == 1
    said = capsys.readouterr().err
    assert said.startswith("n8n_scraper: ")
    assert "secret" not in said


def test_as_a_user_runs_it(run: Run, database_url: str, exports: Path) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "N8N_SCRAPER_EXPORT_DIR": str(exports)}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", "export", "--check", "--format", "parquet"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"12 rows written to {exports} in" in done.stdout
    assert f"{exports}: all files are whole and equal row by row." in done.stdout


def test_a_disk_that_is_full_is_told_with_its_folder(run: Run, database_url: str, exports: Path) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "PYTHONDONTWRITEBYTECODE": "1"}
    export = [sys.executable, "-m", "scrapy", "export", "-o", str(exports)]
    command = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", *export]  # no file larger than one block
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"n8n_scraper: {exports}: File too large. The former files are as they were.\n"


def test_files_for_n8n(run: Run, exports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as", "n8n", str(tmp_path / "n8n"), "--status", "complete") == 0
    assert capsys.readouterr().out == (
        f"{tmp_path}/n8n: 5 workflow files, 5 of them new or changed; 4 left out, not known to be free.\n"
    )
    assert run("--as", "n8n", "--include-paid") == 0
    assert len(list((exports / "n8n").glob("*.json"))) == 12


@pytest.mark.parametrize("words", [("--check",), ("--format", "csv"), ("--columns", "id"), ("-o", "x")])
def test_files_for_n8n_take_filters_only(run: Run, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--as", "n8n", *words) == 1
    assert "--as n8n takes a folder and filters" in capsys.readouterr().err


def test_a_word_is_a_folder_for_n8n_only(run: Run) -> None:
    with pytest.raises(UsageError):
        run("folder")
    with pytest.raises(UsageError):
        run("--as", "n8n", "one", "two")
