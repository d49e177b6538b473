from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StartError
from n8n_scraper.store import database
from n8n_scraper.store.database import connect, existing_store, open_database, reconnect
from n8n_scraper.store.database_url import public_url, read_database_url, refusal
from n8n_scraper.store.embedded import EmbeddedPostgres

from ..waiting import wait_until

SECRET = "s3cr3tpart"


def config(root: Path, **settings: Any) -> Config:
    return Config.from_settings(settings, root)


def ask(dsn: str, statement: str) -> Any:
    with closing(connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def test_an_empty_database_is_migrated_and_remembers_its_site(empty_database_url: str, tmp_path: Path) -> None:
    with open_database(config(tmp_path, DATABASE_URL=empty_database_url)) as dsn:
        assert ask(dsn, "select count(*) from workflow_rows") == 0
        assert ask(dsn, "select site_url || ' ' || api_url from store_info") == "https://n8n.io https://api.n8n.io"
    with open_database(config(tmp_path, DATABASE_URL=empty_database_url)) as dsn:
        assert ask(dsn, "select count(*) from store_info") == 1


def test_a_store_of_another_site_is_refused(database_url: str, tmp_path: Path) -> None:
    with open_database(config(tmp_path, DATABASE_URL=database_url)):
        pass
    other = config(
        tmp_path,
        DATABASE_URL=database_url,
        N8N_SCRAPER_SITE_URL="http://127.0.0.1:81",
        N8N_SCRAPER_API_URL="http://127.0.0.1:82",
    )
    refused = (
        r"made for https://n8n.io and https://api.n8n.io, but the settings say http://127.0.0.1:81 and "
        r"http://127.0.0.1:82: use another N8N_SCRAPER_DATA_DIR or DATABASE_URL"
    )
    with pytest.raises(StartError, match=refused), open_database(other):
        pass
    with open_database(other, check_site=False) as dsn:
        assert ask(dsn, "select site_url from store_info") == "https://n8n.io"


def test_the_site_is_not_recorded_unasked(database_url: str, tmp_path: Path) -> None:
    with open_database(config(tmp_path, DATABASE_URL=database_url), check_site=False) as dsn:
        assert ask(dsn, "select count(*) from store_info") == 0


def test_connections_speak_utc_and_utf8_and_compile_nothing(database_url: str) -> None:
    with closing(connect(database_url, application_name="a test")) as connection:
        connection.rollback()  # settings made in a transaction would be gone now
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "select current_setting('timezone'), current_setting('jit'), current_setting('application_name')"
            )
            assert cursor.fetchone() == ("UTC", "off", "a test")
        assert connection.encoding == "UTF8"
        assert connection.get_dsn_parameters()["keepalives_idle"] == "30"


def test_what_the_address_says_goes_first(database_url: str) -> None:
    with closing(connect(f"{database_url} application_name=mine keepalives_idle=7")) as connection:
        assert connection.get_dsn_parameters()["keepalives_idle"] == "7"
        assert connection.info.parameter_status("application_name") == "mine"


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://user:{SECRET}@host/db",
        f"postgresql+psycopg2://user:{SECRET}@host/db",
        f"postgresql://user:{SECRET}/x@host/db",
        f"postgresql://user:12/{SECRET}@host/db",
        f"postgresql://user:x@{SECRET}@host/db",
        f"postgresql://user:1%{SECRET}@host/db",
        f"{SECRET}",
        f"host=x password={SECRET} nonsense=1",
        "postgresql://",
    ],
)
def test_an_address_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises(StartError, match="DATABASE_URL cannot be read: write it like postgresql://") as refused:
        read_database_url(url)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://user:{SECRET}@127.0.0.1:1/db", "on 127.0.0.1 (port 1, database db) cannot be reached."),
        (
            f"postgresql://user:{SECRET}@no.invalid/db",
            "on no.invalid (database db) has a name that cannot be resolved.",
        ),
        (f"host=/nowhere dbname=db password={SECRET}", "on /nowhere (database db) cannot be reached."),
    ],
)
def test_a_server_that_cannot_be_reached(url: str, said: str) -> None:
    with pytest.raises(StartError) as refused:
        connect(url)
    assert str(refused.value) == f"The Postgres server {said}"


@pytest.fixture
def locked_url(postgres: EmbeddedPostgres, database_url: str) -> Iterator[str]:
    """A database whose user needs a password."""
    hba = Path(ask(postgres.dsn(), "show hba_file"))
    former = hba.read_text()
    hba.write_text(f"local all locked scram-sha-256\n{former}")
    ask(database_url, f"create role locked login password '{SECRET}'")
    loaded_at = ask(database_url, "select pg_conf_load_time()")
    ask(database_url, "select pg_reload_conf()")
    wait_until(lambda: ask(database_url, "select pg_conf_load_time()") != loaded_at)
    yield str(extensions.make_dsn(database_url, user="locked", password=SECRET))
    ask(database_url, "drop role locked")
    hba.write_text(former)
    ask(postgres.dsn(), "select pg_reload_conf()")


def test_a_refused_password(locked_url: str) -> None:
    assert ask(locked_url, "select 1") == 1
    with pytest.raises(StartError, match=r"refused user or password\.$") as refused:
        connect(str(extensions.make_dsn(locked_url, password=f"not {SECRET}")))
    assert SECRET not in str(refused.value)
    without = {name: value for name, value in extensions.parse_dsn(locked_url).items() if name != "password"}
    with pytest.raises(StartError, match=r"wants a password and none was given\.$"):
        connect(str(extensions.make_dsn(**without)))


def test_a_missing_database_and_a_missing_user(database_url: str) -> None:
    with pytest.raises(StartError, match=r"database missing\) has no such database: make it with createdb\.$"):
        connect(str(extensions.make_dsn(database_url, dbname="missing")))
    with pytest.raises(StartError, match=r"knows no such user\.$"):
        connect(str(extensions.make_dsn(database_url, user="nobody_at_all")))


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("FATAL:  sorry, too many clients already", "has no free connection"),
        ("FATAL:  the database system is starting up", "is starting or stopping: try again"),
        ("SSL error: certificate verify failed", "agree on no TLS connection"),
        ("FATAL:  no pg_hba.conf entry for host", "admits no such user from this machine"),
        ("timeout expired", "does not answer in time"),
        (f"something new with {SECRET}", "refused the connection"),
    ],
)
def test_reasons_are_told_in_our_own_words(message: str, said: str) -> None:
    sentence = refusal({"host": "h", "port": "1", "dbname": "d", "password": SECRET}, message)
    assert said in sentence
    assert SECRET not in sentence


def refusal_of(url: str, tmp_path: Path) -> str:
    with pytest.raises(StartError) as refused, open_database(config(tmp_path, DATABASE_URL=url)):
        pass
    return str(refused.value)


def test_a_read_only_database(empty_database_url: str, tmp_path: Path) -> None:
    name = extensions.parse_dsn(empty_database_url)["dbname"]
    ask(empty_database_url, f"alter database {name} set default_transaction_read_only = on")
    assert "is read-only: DATABASE_URL must name the primary server" in refusal_of(empty_database_url, tmp_path)


def test_a_database_that_is_not_in_utf8(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with closing(psycopg2.connect(postgres.dsn())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("create database ascii encoding 'SQL_ASCII' locale 'C' template template0")
            assert "'ascii' is not in UTF8" in refusal_of(postgres.dsn("ascii"), tmp_path)
            cursor.execute("drop database ascii")


def test_a_server_that_is_too_old(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_SERVER", 99)
    assert "runs on PostgreSQL 18: version 99 or later is needed" in refusal_of(database_url, tmp_path)


def test_without_a_database_url_the_embedded_one_below_data_dir(tmp_path: Path) -> None:
    embedded = EmbeddedPostgres(tmp_path / ".n8n_scraper" / "postgres")
    refused = r"There is no store in .* yet: the first crawl makes it"
    with pytest.raises(StartError, match=refused), existing_store(config(tmp_path)):
        pass
    assert not (tmp_path / ".n8n_scraper").exists()
    with open_database(config(tmp_path)) as dsn:
        assert ask(dsn, "select count(*) from workflow_rows") == 0
        assert embedded.is_running()
    assert not embedded.is_running()
    embedded.remove()


def test_the_public_address_has_no_password_and_leads_to_the_same_database(locked_url: str) -> None:
    url = public_url(locked_url)
    assert url.startswith("postgresql:///test_")
    assert SECRET not in url
    parts = extensions.parse_dsn(locked_url)
    assert extensions.parse_dsn(url) == {name: parts[name] for name in ("host", "port", "user", "dbname", "sslmode")}


def test_a_crawl_that_is_stopped_in_a_transaction_loses_its_locks(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_CRAWL_SESSION", database._CRAWL_SESSION.replace("'5s'", "'300ms'"))
    row = "insert into store_info (site_url, api_url) values ('https://a.example', 'https://b.example')"
    settings = config(tmp_path, DATABASE_URL=database_url)
    with closing(reconnect(settings, database_url)) as stopped, closing(connect(database_url)) as other:
        with stopped.cursor() as cursor:
            cursor.execute(row)  # and no word any more
        with other, other.cursor() as cursor:
            cursor.execute(row)
        assert ask(database_url, "select count(*) from store_info") == 1


def test_a_lock_that_nobody_lets_go_of_is_one_sentence(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_SESSION", database._SESSION.replace("'30s'", "'300ms'"))
    with closing(psycopg2.connect(database_url)) as holder, holder.cursor() as cursor:
        cursor.execute("lock table store_info in access exclusive mode")
        opening = open_database(config(tmp_path, DATABASE_URL=database_url))
        with pytest.raises(StartError, match="has held a lock of the store for half a minute"), opening:
            pass
