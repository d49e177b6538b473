"""What a worker that ends says of what is not done."""

from __future__ import annotations

from contextlib import closing

import pytest

from n8n_scraper.commands.work import _judge
from n8n_scraper.store.database import connect
from n8n_scraper.work.workers import Undone, count_undone, read_now

TASKS = """
insert into work_batches (words, shard_size) values ('{}', 1);
insert into work_tasks (batch_id, kind, finished_at, set_aside_at) values
    (1, 'crawl', now(), null), (1, 'crawl', null, now() - interval '1 hour'), (1, 'crawl', null, now()),
    (1, 'crawl', null, now()), (1, 'export', null, null)
"""


def test_what_was_set_aside_before_it_began_is_not_told_again(database_url: str) -> None:
    with closing(connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(TASKS)
        assert count_undone(cursor, read_now(cursor)) == Undone(set_aside=2, left=1)


@pytest.mark.parametrize(("undone", "code"), [(Undone(0, 0), 0), (Undone(1, 0), 4), (Undone(0, 2), 4)])
def test_it_ends_with_the_exit_code_of_what_is_undone(
    undone: Undone, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _judge(undone) == code
    assert ("scrapy work retry puts them back" in capsys.readouterr().err) == bool(code)
