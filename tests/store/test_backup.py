"""Backup, restore and move with real servers: what arrives, and what is refused and undone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import extensions, sql

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.store import backup as backup_module
from n8n_scraper.store import clients, transfer
from n8n_scraper.store.backup import move_store, restore_backup, write_backup
from n8n_scraper.store.clients import arguments_and_environment, client_program
from n8n_scraper.store.database import connect
from n8n_scraper.store.embedded import EmbeddedPostgres
from n8n_scraper.store.migrations import load_migrations, migrate, pending_migrations
from n8n_scraper.store.transfer import store_tables

FILL = r"""
insert into store_info (site_url, api_url) values ('https://n8n.io', 'https://api.n8n.io');
insert into observed (id, slug, crawl_status, layer1_status, layer2_status, layer3_status, media_status,
    transcripts_status, categories, first_seen_at, attempt_count, request_count, service_seconds, run_id)
select id, E'tab\t, \\N, "quoted", \\. and ' || chr(128512) || chr(8232), 'complete', 'ok', 'ok', 'ok', 'skipped',
    'skipped', array['a,b', null, '', '{}'], now() - id * interval '1 second', 1, 1, 0.1 + id, 'run'
from generate_series(1, 300) id;
insert into content (id, source, name, description, workflow, content_hash, changed_at)
select id, 'api', 'Sync everything', repeat('text ', 500), '{"big": 12345678901234567890123,  "b": 1, "a": 2}', 'hash', now()
from observed;
insert into derived (id, node_types, quality_score, parser_version) select id, array['x'], 66.6, '1' from observed;
insert into raw_answers select id, 'api', now(), decode('00ff5c2e0a', 'hex') from observed;
insert into observed_history (id, observed_at, views) select id, now(), id from observed;
insert into jobs (key, arguments) values ('/jobs/run1', '{"layers": "1,2"}'), (null, '{}');
insert into job_ids (job_id, id) select 2, id from observed;
insert into runs (run_id, job_id, arguments, settings, versions, started_at) values ('run', 2, '{}', '{}', '{}', now());
"""
LOSE_ONE = """
create function lose_one() returns trigger language plpgsql as
    'begin if new.id = 5 then return null; end if; return new; end';
create trigger lose_one before insert on observed_history for each row execute function lose_one();
"""


@pytest.fixture
def filled_url(database_url: str) -> str:
    execute(database_url, FILL)
    return database_url


@pytest.fixture
def config(empty_database_url: str, tmp_path: Path, scratch_root: Path) -> Config:
    """Of a store that is another, empty database."""
    return Config.from_settings(
        {"DATABASE_URL": empty_database_url, "N8N_SCRAPER_DATA_DIR": str(scratch_root)}, tmp_path
    )


@pytest.fixture(scope="module")
def scratch_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("data")
    yield root
    assert not EmbeddedPostgres(root / "postgres").is_running()
    EmbeddedPostgres(root / "postgres").remove()


def execute(dsn: str, statements: str) -> None:
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statements)


def contents(dsn: str) -> dict[str, list[Any]]:
    """Every table with every value as text, but how far the numbers of jobs have got too."""
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
        found = {}
        for table in store_tables():
            cursor.execute(sql.SQL("select t::text from {} t order by 1").format(sql.Identifier(table)))
            found[table] = cursor.fetchall()
        cursor.execute("select nextval(pg_get_serial_sequence('jobs', 'id'))")
        return found | {"next job": cursor.fetchall()}


@contextmanager
def open_connection(dsn: str) -> Iterator[extensions.connection]:
    with closing(connect(dsn)) as connection:
        yield connection


@contextmanager
def new_database(postgres: EmbeddedPostgres, name: str) -> Iterator[str]:
    with open_connection(postgres.dsn("postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"create database {name}")
            yield postgres.dsn(name)
            cursor.execute(f"drop database {name}")


def test_backup_and_restore_bring_back_every_value(filled_url: str, config: Config, tmp_path: Path) -> None:
    size = write_backup(filled_url, tmp_path / "store.dump")
    assert size == (tmp_path / "store.dump").stat().st_size
    assert (tmp_path / "store.dump").stat().st_mode & 0o777 == 0o600
    rows = restore_backup(config, tmp_path / "store.dump")
    assert rows["observed"] == rows["raw_answers"] == rows["job_ids"] == 300
    assert contents(config.database_url) == contents(filled_url)
    execute(config.database_url, "insert into jobs (arguments) values ('{}')")
    assert [path.name for path in tmp_path.iterdir()] == ["store.dump"]


def test_move_brings_every_value_to_the_other_server(filled_url: str, empty_database_url: str) -> None:
    before = contents(filled_url)
    rows = move_store(filled_url, empty_database_url)
    assert rows["observed"] == 300
    del before["next job"]
    moved = contents(empty_database_url)
    assert moved.pop("next job") == [(3,)]
    assert moved == before


def test_a_backup_of_an_older_store_is_migrated_on_its_way(
    postgres: EmbeddedPostgres, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "0001_store.sql").write_text(load_migrations()[0].sql, encoding="utf-8")
    with new_database(postgres, "older") as older:
        with open_connection(older) as connection:
            assert migrate(connection, tmp_path) == ["0001_store.sql"]
        execute(older, FILL)
        write_backup(older, tmp_path / "store.dump")
    assert restore_backup(config, tmp_path / "store.dump")["observed"] == 300
    with open_connection(config.database_url) as connection:
        assert pending_migrations(connection) == []


def test_a_backup_of_newer_code_is_refused(filled_url: str, config: Config, tmp_path: Path) -> None:
    execute(filled_url, "insert into schema_migrations values (9999, '9999_future.sql', 'x')")
    write_backup(filled_url, tmp_path / "store.dump")
    with pytest.raises(StartError, match="at migration 9999, newer than this code"):
        restore_backup(config, tmp_path / "store.dump")
    assert contents(config.database_url)["observed"] == []


def test_a_store_that_is_not_empty_is_not_overwritten(filled_url: str, config: Config, tmp_path: Path) -> None:
    write_backup(filled_url, tmp_path / "store.dump")
    restore_backup(config, tmp_path / "store.dump")
    execute(config.database_url, "delete from observed where id > 7")
    with pytest.raises(StartError, match="The store to fill is not empty"):
        restore_backup(config, tmp_path / "store.dump")
    with pytest.raises(StartError, match="The store to fill is not empty"):
        move_store(filled_url, config.database_url)
    assert len(contents(config.database_url)["observed"]) == 7


def test_a_store_in_use_is_not_moved(filled_url: str, empty_database_url: str) -> None:
    with open_connection(filled_url), pytest.raises(StartError, match="The store is in use"):
        move_store(filled_url, empty_database_url)
    assert contents(empty_database_url)["observed"] == []


@pytest.mark.parametrize("share", [0.2, 0.6, 0.999])
def test_a_backup_cut_short_changes_nothing(filled_url: str, config: Config, tmp_path: Path, share: float) -> None:
    file = tmp_path / "store.dump"
    os.truncate(file, int(write_backup(filled_url, file) * share))
    with pytest.raises(StartError, match=r"pg_restore failed.*; the store is as it was: give a whole backup"):
        restore_backup(config, file)
    assert contents(config.database_url)["observed"] == []


def test_what_is_no_backup_is_told_at_once(config: Config, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("PGD")
    with pytest.raises(StartError, match="is no backup: give a file that scrapy db backup wrote"):
        restore_backup(config, tmp_path / "notes.txt")
    with pytest.raises(StartError, match="cannot be read: No such file"):
        restore_backup(config, tmp_path / "missing")


def test_a_failed_backup_leaves_the_former_file(
    filled_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "store.dump"
    file.write_text("former")
    monkeypatch.setattr(backup_module, "_DUMP_OPTIONS", ("--format=custom", "--table=there_is_none"))
    with pytest.raises(StartError, match=r"pg_dump failed: .*no matching tables were found"):
        write_backup(filled_url, file)
    assert file.read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["store.dump"]
    with pytest.raises(StartError, match="cannot be written: No such file"):
        write_backup(filled_url, tmp_path / "missing" / "store.dump")


def test_a_copy_that_fails_half_way_is_undone(filled_url: str, empty_database_url: str) -> None:
    execute(filled_url, "alter table derived drop constraint derived_quality_score_check")
    execute(filled_url, "update derived set quality_score = 1000 where id = 300")
    with pytest.raises(StartError, match=r"The copy failed and was undone: .*quality_score_check"):
        move_store(filled_url, empty_database_url)
    assert contents(empty_database_url)["observed"] == []
    assert contents(empty_database_url)["store_info"] == []


def test_counts_that_differ_undo_the_copy(filled_url: str, empty_database_url: str) -> None:
    with open_connection(empty_database_url) as connection:
        migrate(connection)
    execute(empty_database_url, LOSE_ONE)
    with pytest.raises(StartError, match=r"The copy was undone: observed_history has 299 of 300 rows\."):
        move_store(filled_url, empty_database_url)
    assert contents(empty_database_url)["observed"] == []


def test_a_server_that_no_program_here_can_serve(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_major_version", lambda program: 17)
    with open_connection(database_url) as connection, pytest.raises(StartError, match="postgresql-client-18"):
        client_program("pg_dump", connection)


def test_a_password_is_no_argument_of_a_program() -> None:
    arguments, environment = arguments_and_environment("postgresql://user:s3cret@host/db")
    assert "s3cret" not in " ".join(arguments)
    assert environment["PGPASSWORD"] == "s3cret"


def test_a_client_that_has_just_ended_is_waited_for(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_connection(filled_url) as connection, closing(connect(filled_url)) as ending:
        monkeypatch.setattr(transfer.time, "sleep", lambda _: ending.close())
        assert transfer.others_using(connection) == 1
        transfer.wait_until_alone(connection)
        assert ending.closed
        assert transfer.others_using(connection) == 0
