"""A job that is taken away from whoever holds it: what that one was about to commit is not committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from n8n_scraper.config import Config
from n8n_scraper.exceptions import StoreUnavailable
from n8n_scraper.store import jobs
from n8n_scraper.store.database import connect
from n8n_scraper.store.session import Session


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    opened = Session.open(Config(database_url=database_url))
    yield opened
    opened.close()


def test_whoever_had_it_can_write_nothing_more(session: Session, database_url: str) -> None:
    job = session.take_job("work/1", {})
    session.call(partial(jobs.prepare, job_id=job.id, ids=[jobs.JobId(1), jobs.JobId(2)]))
    session.call(partial(jobs.acknowledge, job_id=job.id, ids=[1]))
    with closing(connect(database_url)) as connection:
        with connection, connection.cursor() as cursor:
            jobs.take_away(cursor, "work/1")
        with connection, connection.cursor() as cursor:
            assert jobs.end_holders(cursor, "work/1") == 1
        with pytest.raises(StoreUnavailable, match="work/1 was taken over by another worker"):
            session.call(partial(jobs.acknowledge, job_id=job.id, ids=[2]))
        with connection, connection.cursor() as cursor:
            assert jobs.open_job(cursor, "work/1", {}).epoch == job.epoch + 1
            assert [entry.id for entry in jobs.read_pending(cursor, job.id)] == [2]


def test_a_lost_connection_alone_takes_nothing_away(session: Session, database_url: str) -> None:
    job = session.take_job("work/1", {})
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        assert jobs.end_holders(cursor, "work/1") == 1
    session.call(partial(jobs.prepare, job_id=job.id, ids=[jobs.JobId(1)]))
