"""The queue's connections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="the extra work is not installed: pip install -e '.[work]'")
from n8n_scraper.work.engine import PatientConnector

_ENDED_ONCE = """
do $$ begin
    if nextval('tries') = 1 then raise exception 'terminating connection' using errcode = '25P03'; end if;
end $$
"""


def test_a_transaction_that_the_server_ended_is_asked_again(database_url: str) -> None:
    async def ask() -> dict[str, Any]:
        connector = PatientConnector(database_url, patience=20, connections=1)
        await connector.open_async()
        try:
            await connector.execute_query_async("create schema if not exists procrastinate")
            await connector.execute_query_async("create sequence tries")
            await connector.execute_query_async(_ENDED_ONCE)
            return await connector.execute_query_one_async(
                "select last_value, current_setting('idle_in_transaction_session_timeout') as idle from tries"
            )
        finally:
            await connector.close_async()

    assert asyncio.run(ask()) == {"last_value": 2, "idle": "5s"}
