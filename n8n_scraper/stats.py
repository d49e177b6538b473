"""The names of our stats, in one place. Scrapy's own names are used where Scrapy counts already.

A name with ``{}`` takes a label from a closed set. Reports, checks and tests import these; the README lists STATS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from n8n_scraper.completeness import MUST_HAVE
from n8n_scraper.failures import KINDS
from n8n_scraper.items import CRAWL_STATUSES, LAYER_STATUSES, LAYERS, QUALITY_BANDS
from n8n_scraper.politeness.breaker import State
from n8n_scraper.transcripts.outcomes import STATUSES
from n8n_scraper.validation import CHECKED_COLUMNS

Labels = dict[str, tuple[str, ...]]
"""Names of labels in order, each with the closed set of its values."""
STATS: dict[str, str] = {}
"""Name → what it counts."""
LABELS: dict[str, Labels] = {}
"""Name with ``{}`` → its labels, where it is a Prometheus metric too (see metrics/names.py)."""


def _stat(name: str, meaning: str, **labels: Iterable[str]) -> str:
    STATS[name] = meaning
    if labels:
        LABELS[name] = {label: tuple(values) for label, values in labels.items()}
    return name


RUN_ID = _stat("run/run_id", "name of the run")
PLANNED_COUNT = _stat("run/planned_count", "ids of the job that were due when the run started")
FORGOTTEN_COUNT = _stat("run/forgotten_count", "ids that scrapy forget took down: given or listed, and not asked for")
SITEMAP_COUNT = _stat("run/sitemap_count", "ids in the sitemap where all of it is crawled, else 0")
LISTING_UNREAD_COUNT = _stat(
    "run/listing_unread_count", "pages of the listing that could not be read where it tells what changed, else 0"
)
LISTED_COUNT = _stat("run/listed_count", "workflows that the site was asked for and that its sitemap lists")
UNLISTED_COUNT = _stat(
    "run/unlisted_count", "workflows that the site was asked for without a sitemap, those gone before aside; else 0"
)
ITEM_COUNT = _stat("workflow/item_count", "workflows whose row was committed in this run")
ITEM_STATUS_COUNT = _stat(
    "workflow/item_count/{}", "the same, by what this run got, whatever the row keeps", crawl_status=CRAWL_STATUSES
)
LAYER_STATUS_COUNT = _stat(
    "workflow/layer_count/{}/{}",
    "the same, by layer and the status this run saw",
    layer=(f"layer{number}" for number in LAYERS),
    status=LAYER_STATUSES,
)
FAILURE_COUNT = _stat("workflow/failure_count/{}", "workflows whose crawl ended with a failure, by kind", kind=KINDS)
STAGE_FAILURE_COUNT = _stat(
    "workflow/stage_failure_count/{}", "workflows of which only an opt-in layer failed, by kind", kind=KINDS
)
MISMATCH_COUNT = _stat("workflow/page_mismatch_count/{}", "page and API disagreed and the API won, by column")
REJECTED_COUNT = _stat("inventory/rejected_count/{}", "images and videos that are none and were kept out, by reason")
REPAIR_COUNT = _stat("workflow/repaired_count", "answers with NUL or lone surrogates, replaced by U+FFFD")
VALIDATION_COUNT = _stat(
    "validation/nulled_count/{}", "values that cannot be true, put out of the row, by column", column=CHECKED_COLUMNS
)
REDACTION_COUNT = _stat("redaction/secret_count/{}", "secrets replaced by [REDACTED:<kind>], by kind")
REDACTED_WORKFLOW_COUNT = _stat("redaction/workflow_count", "workflows with such a secret")
QUALITY_BAND_COUNT = _stat("quality/band_count/{}", "scored workflows by quality_band", band=QUALITY_BANDS)
STORED_COUNT = _stat(
    "store/row_count/{}",
    "rows by what became of their content: new, changed, unchanged, none; or forgotten",
    outcome=("new", "changed", "unchanged", "none", "forgotten"),
)
STORE_BATCH_COUNT = _stat("store/batch_count", "transactions that wrote rows")
STORE_SECONDS = _stat("store/write_seconds", "time they took, added up")
STORE_QUERY_P95 = _stat("store/query_p95_seconds", "95th percentile of all transactions of the crawl, the rate's too")
PIPELINE_ERROR_COUNT = _stat(
    "pipeline/error_count", "workflows taken away by an exception, stored as failed (internal)"
)
ANSWER_COUNT = _stat("answer/{}_count", "answers by meaning: ok or a failure kind", kind=("ok", *KINDS))
RETRY_COUNT = _stat("answer/retry_count", "retries put off to their time")
PUT_OFF_COUNT = _stat("answer/put_off_count", "workflows left to a later run, because the site asked for a long wait")
RATE_WAIT_SECONDS = _stat("rate/wait_seconds", "time requests to the two hosts waited for their turn, added up")
RATE_REQUEST_COUNT = _stat(
    "rate/request_count", "requests to the two hosts, robots.txt, redirects and retries included"
)
RATE_MOST_IN_10_SECONDS = _stat("rate/most_in_10_seconds", "the most of them in any 10 s, sent by this process")
RATE_IN_FORCE = _stat("rate/per_second", "the rate in force at the last request")
RATE_LOWEST = _stat("rate/lowest_per_second", "the lowest rate that was in force")
RATE_LIMITED_COUNT = _stat("rate/limited_count", "answers with status 429")
TRANSCRIPT_COUNT = _stat(
    "transcripts/video_count/{}", "videos asked for in this run, by status of their transcript", status=STATUSES
)
TRANSCRIPT_REQUEST_COUNT = _stat("transcripts/request_count", "requests to YouTube, retries included")
BREAKER_STATE = _stat("breaker/state", "closed, open or half_open")
BREAKER_CHANGE_COUNT = _stat("breaker/change_count/{}", "changes of state, by the new one", state=get_args(State))
BREAKER_OPEN_SECONDS = _stat("breaker/open_seconds", "time it was not closed")
RENDERED_COUNT = _stat("render/page_count", "pages rendered in a browser")
RENDER_SECONDS = _stat("render/seconds", "time they took, without waits, added up")
RENDER_REQUEST_COUNT = _stat("render/request_count", "requests to the two hosts that their scripts caused")
RENDER_REUSED_COUNT = _stat("render/reused_count", "scripts handed to pages that were fetched for an earlier one")
RENDER_ABORTED_COUNT = _stat(
    "render/aborted_count/{}", "requests of pages that were aborted: host, kind, method, limit, robots, navigation"
)
MEDIA_DOWNLOAD_COUNT = _stat("media/download_count", "images downloaded")
MEDIA_BYTES = _stat("media/download_bytes", "their size, added up")
MEDIA_FORMAT_COUNT = _stat("media/format_count/{}", "the same, by format as their content has it")
MEDIA_KEPT_COUNT = _stat("media/kept_count", "images of workflows that were not asked for: what they are is known")
MEDIA_FAILURE_COUNT = _stat("media/failure_count/{}", "addresses without an image, by failure kind, or disallowed")
MEDIA_RETRY_COUNT = _stat("media/retry_count", "images asked for again after a back-off")
MEDIA_REFUSED_COUNT = _stat("media/refused_count", "addresses not asked for, because they are not public")
ROBOTS_RETRY_COUNT = _stat("robotstxt/retry_count", "retries of robots.txt (the rest of robotstxt/… is Scrapy's)")
ROBOTS_UNREACHABLE_COUNT = _stat("robotstxt/unreachable_count", "hosts whose robots.txt could not be read at all")
FIELD_THERE_COUNT = _stat("field/there_count/{}/{}", "answers that had the field, by source and field")
FIELD_MISSING_COUNT = _stat("field/missing_count/{}/{}", "stored answers that did not have it")
DRIFT_COUNT = _stat("drift/field_count", "fields that nearly all answers had before, and a row of answers has no more")
DRIFT_FIELDS = _stat("drift/fields", "their names")
DRIFT_WITHHELD_COUNT = _stat("drift/withheld_count", "workflows left to a later run because of them")
DRIFT_WITHHELD_IDS = _stat("drift/withheld_ids", "their ids")
COLUMN_ROW_COUNT = _stat("column/row_count", "rows whose content this run brought")
COLUMN_FILLED_COUNT = _stat("column/filled_count/{}", "of these, with a value that is not empty, by column")
COLUMN_EXPECTED_COUNT = _stat("column/expected_count/{}", "of these, those that must have one: their source has it")
COLUMN_MISSING_COUNT = _stat("column/missing_count/{}", "of those that must have one, those that have none")
COMPLETENESS = _stat("completeness/{}", "share of those that must have one and do, by column; so far", column=MUST_HAVE)
FAILED_SHARE = _stat("share/failed", "share of workflows that failed (neither gone nor blocked), opt-in layers apart")
BLOCKED_SHARE = _stat("share/blocked", "share of workflows that the site refused")
SITEMAP_SHARE = _stat("share/sitemap", "share of the ids in the sitemap that have a row in the store")
GONE_SHARE = _stat("share/gone", "share of run/listed_count that is gone")
UNLISTED_GONE_SHARE = _stat("share/gone_unlisted", "share of run/unlisted_count that is gone")
FAILED_CHECKS = _stat("check/failed", "names of the declared checks that failed")
LOAD_AVERAGE = _stat("machine/load_average", "processes that wanted the CPU, over the run's last minute")
LOAD_HIGHEST = _stat("machine/load_average_highest", "the most that was seen, once in 5 seconds")
CPU_COUNT = _stat("machine/cpu_count", "CPUs of the machine")
CPU_SECONDS = _stat("machine/cpu_seconds", "CPU time of the crawl's process, without Postgres")
STEAL_SHARE = _stat("machine/steal_share", "share of the CPUs' time that other virtual machines took")
