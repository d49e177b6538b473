from __future__ import annotations

import pytest

from n8n_scraper.layers.transcripts import MAX_TEXT, Transcript, join_lines, layer_status, video_ids


def test_videos_that_may_have_a_transcript_come_once_and_in_order() -> None:
    videos = [
        {"platform": "youtube", "video_id": "b" * 11},
        {"platform": "loom", "video_id": "0" * 32},
        {"platform": "youtube", "video_id": "a" * 11},
        {"platform": "youtube", "video_id": "b" * 11},
        {"platform": "file", "video_id": None},
    ]
    assert video_ids(videos) == ["b" * 11, "a" * 11]


def test_captions_become_one_running_text() -> None:
    lines = ["so today", "we build\na workflow ", "", " with n8n"]
    assert join_lines(lines, redact=True) == "so today we build a workflow with n8n"


def test_what_no_store_takes_is_replaced_and_a_text_is_bounded() -> None:
    assert join_lines(["a\x00b\ud800c"], redact=True) == "a\ufffdb\ufffdc"
    assert len(join_lines(["word "] * MAX_TEXT, redact=False)) == MAX_TEXT


def test_secrets_that_are_read_out_are_redacted() -> None:
    token = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cE3gI5"
    assert token not in join_lines(["your token", token], redact=True)
    assert token in join_lines(["your token", token], redact=False)


@pytest.mark.parametrize(
    ("statuses", "layer"),
    [
        (["ok"], "ok"),
        (["ok", "disabled"], "ok"),
        (["disabled", "no_language", "unavailable", "unplayable", "age_restricted", "empty"], "missing"),
        (["ok", "failed"], "failed"),
        (["ok", "failed", "blocked"], "blocked"),
        ([], "missing"),
    ],
)
def test_the_layer_is_ok_only_where_nothing_is_still_due(statuses: list[str], layer: str) -> None:
    assert layer_status([Transcript("x" * 11, status) for status in statuses]) == layer
