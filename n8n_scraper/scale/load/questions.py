"""What analysts ask of the store, as data: each question with its SQL and what is promised for its answer.

The best first is asked for by ``quality_score is not null … order by quality_score desc``: so the index on it serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_MS, GOAL_MS, TEXT_GOAL_MS = 500.0, 20.0, 100.0
"""95th percentile of each question; the goal; and that of full text."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """``values`` fill the statement in turn; where they are a statement (``values_from``), its rows do."""

    name: str
    asks: str
    sql: str
    values: tuple[Mapping[str, Any], ...] = ({},)
    values_from: str | None = None
    goal_ms: float = GOAL_MS
    reads_every_row: bool = False
    """It is about all rows, and no index answers it: told apart, as its goal is beyond reach of a large store."""


EVERY_ROW = "reads every row: the Parquet export answers such questions faster"
_SOME_IDS = "select id from observed where crawl_status = 'complete' order by hashint8(id) limit 20"

QUESTIONS: tuple[Question, ...] = (
    Question(
        name="one_workflow",
        asks="One workflow with all its columns and its JSON",
        sql="select * from workflow_rows where id = %(id)s",
        values_from=_SOME_IDS,
    ),
    Question(
        name="newest",
        asks="The 20 newest workflows",
        sql="select id, name, author_name, created_at from workflow_rows"
        " where created_at is not null order by created_at desc limit 20",
    ),
    Question(
        name="published_in_a_week",
        asks="What was published in a certain week, and in which categories?",
        sql="select category, count(*) from observed, unnest(categories) category"
        " where created_at >= %(day)s::date and created_at < %(day)s::date + 7 group by 1 order by 2 desc",
        values=({"day": "2026-03-02"}, {"day": "2025-09-15"}, {"day": "2024-06-10"}),
    ),
    Question(
        name="failed_by_kind",
        asks="How many could not be had, and why?",
        sql="select error_kind, count(*) from observed where crawl_status = %(status)s group by 1 order by 2 desc",
        values=({"status": "failed"}, {"status": "partial"}),
    ),
    Question(
        name="gone",
        asks="Which workflows are gone, the latest first?",
        sql="select id, name, url, gone_at from workflow_rows where crawl_status = 'gone'"
        " order by gone_at desc limit 50",
    ),
    Question(
        name="best_of_a_category",
        asks="The 20 best of a category",
        sql="select id, name, quality_score from workflow_rows where categories @> array[%(category)s]"
        " and crawl_status = 'complete' and quality_score is not null order by quality_score desc limit 20",
        values_from="select unnest(categories) as category from observed group by 1 order by count(*) desc limit 5",
    ),
    Question(
        name="best_of_a_rare_category",
        asks="The 20 best of a category that few workflows are in",
        sql="select id, name, quality_score from workflow_rows where categories @> array[%(category)s]"
        " and crawl_status = 'complete' and quality_score is not null order by quality_score desc limit 20",
        values_from="select unnest(categories) as category from observed group by 1 order by count(*) limit 5",
    ),
    Question(
        name="in_two_categories",
        asks="What is in both of two categories, the newest first?",
        sql="select id, slug, created_at from observed where categories @> array[%(one)s, %(other)s]"
        " order by created_at desc nulls last limit 50",
        values_from="select categories[1] as one, categories[2] as other from observed"
        " where cardinality(categories) > 1 group by 1, 2 order by count(*), 1, 2 limit 10",
    ),
    Question(
        name="two_node_types",
        asks="Which workflows join two certain services, the best first?",
        sql="select id, name, quality_score from workflow_rows where node_types @> array[%(one)s, %(other)s]"
        " and quality_score is not null order by quality_score desc limit 20",
        values_from="select a as one, b as other from (select node_types[1] as a, node_types[3] as b from derived"
        " where cardinality(node_types) > 4 order by hashint8(id) limit 20) chosen",
    ),
    Question(
        name="uses_a_node_type",
        asks="How many workflows use a certain node?",
        sql="select count(*) from derived where node_types @> array[%(type)s]",
        values_from="select t as type from (select unnest(node_types) as t from derived where id % 50 = 0) chosen"
        " group by 1 order by count(*) desc offset 20 limit 10",
    ),
    Question(
        name="uses_a_rare_node_type",
        asks="Which workflows use a node that few use?",
        sql="select id, name, url from workflow_rows where node_types @> array[%(type)s] order by id limit 50",
        values_from="select t as type from derived, unnest(node_types) t group by 1 order by count(*), 1 limit 10",
    ),
    Question(
        name="excellent",
        asks="The 50 workflows of the highest quality",
        sql="select id, name, quality_score from workflow_rows where quality_score is not null"
        " order by quality_score desc limit 50",
    ),
    Question(
        name="how_many_excellent",
        asks="How many have a quality of 90 or more?",
        sql="select count(*) from derived where quality_score >= 90",
    ),
    Question(
        name="changed_lately",
        asks="What has changed in the last week?",
        sql="select id, name, changed_at from workflow_rows where changed_at > now() - interval '7 days'"
        " order by changed_at desc limit 50",
    ),
    Question(
        name="of_an_author",
        asks="All workflows of an author, the most viewed first",
        sql="select id, name, views, created_at from workflow_rows where author_username = %(author)s"
        " order by views desc nulls last",
        values_from="select author_username as author from observed where author_username is not null"
        " order by hashint8(id) limit 20",
    ),
    Question(
        name="text_two_words",
        asks="Full text: what is about two things, ranked?",
        sql="select id, name, ts_rank(search, query) as rank from content,"
        " websearch_to_tsquery('english', %(words)s) query where search @@ query order by rank desc limit 20",
        values=({"words": "invoice telegram"}, {"words": "calendar reminder"}, {"words": "github issue"}),
        goal_ms=TEXT_GOAL_MS,
    ),
    Question(
        name="text_phrase",
        asks="Full text: a phrase, the most viewed first",
        sql="select c.id, c.name, o.views from content c join observed o using (id)"
        " where c.search @@ websearch_to_tsquery('english', %(words)s) order by o.views desc nulls last limit 20",
        values=({"words": '"customer support"'}, {"words": '"error handling"'}, {"words": '"google drive" folder'}),
        goal_ms=TEXT_GOAL_MS,
    ),
    Question(
        name="text_common_word",
        asks="Full text: a word that most descriptions have, the best workflows first",
        sql="select d.id, c.name, d.quality_score from derived d join content c using (id)"
        " where c.search @@ websearch_to_tsquery('english', %(words)s)"
        " and d.quality_score is not null order by d.quality_score desc limit 20",
        values=({"words": "workflow"}, {"words": "api"}, {"words": "email"}),
        goal_ms=TEXT_GOAL_MS,
    ),
    Question(
        name="views_over_time",
        asks="How did the views of a workflow grow?",
        sql="select observed_at, views, recent_views from observed_history where id = %(id)s order by observed_at",
        values_from=_SOME_IDS,
    ),
    Question(
        name="most_viewed",
        asks="The 20 most viewed workflows",
        sql="select id, slug, views from observed order by views desc nulls last limit 20",
    ),
    Question(
        name="paid",
        asks="The dearest workflows",
        sql="select id, slug, author_name, price_usd from observed where is_paid"
        " order by price_usd desc, id limit 50",
    ),
    Question(
        name="published_by_month",
        asks="How many were published in each month?",
        sql="select date_trunc('month', created_at), count(*) from observed group by 1 order by 1",
        reads_every_row=True,
    ),
    Question(
        name="quality_by_category",
        asks="The mean quality of each category",
        sql="select category, count(*), avg(quality_score) from observed join derived using (id),"
        " unnest(categories) category group by 1 order by 2 desc",
        reads_every_row=True,
    ),
    Question(
        name="favourite_nodes",
        asks="The 20 nodes that most workflows use",
        sql="select node_type, count(*) from derived, unnest(node_types) node_type group by 1 order by 2 desc limit 20",
        reads_every_row=True,
    ),
)  # fmt: skip
