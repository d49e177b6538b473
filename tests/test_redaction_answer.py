"""Where secrets were, how many, and what is left of the answer."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n8n_scraper.redaction.answer import redact
from n8n_scraper.site.json_text import MAX_DEPTH, load_json

from .redaction_samples import HEX, TOKENS, some

OPENAI, GITHUB, APIFY = TOKENS["openai"][0], TOKENS["github"][0], TOKENS["apify"][0]
KEY = some(32, HEX)


def found(value: Any) -> list[tuple[str, str]]:
    return [tuple(finding) for finding in redact(value).findings]


def test_an_answer_without_secrets_is_given_back_as_it_is() -> None:
    answer = {"name": "task-list", "workflow": {"nodes": [{"id": 2**70, "x": None, "y": 1.5, "z": True}]}}
    redacted = redact(answer)
    assert redacted.value is answer
    assert redacted.findings == []


def test_nothing_but_the_secret_changes_and_the_given_answer_stays_as_it_is() -> None:
    answer = {
        "id": 7,
        "description": f"Use `{OPENAI}` or `{GITHUB}`.",
        "workflow": {"nodes": [{"parameters": {"url": f"https://x.io/?key={KEY}&a=1", "n": [1, None, 2**70]}}], "connections": {}},
    }  # fmt: skip
    before = copy.deepcopy(answer)
    redacted = redact(answer)
    assert redacted.value == {
        "id": 7,
        "description": "Use `[REDACTED:openai]` or `[REDACTED:github]`.",
        "workflow": {"nodes": [{"parameters": {"url": "https://x.io/?key=[REDACTED:api-key]&a=1", "n": [1, None, 2**70]}}], "connections": {}},
    }  # fmt: skip
    assert list(redacted.value) == list(answer)
    assert answer == before


@pytest.mark.parametrize(
    ("answer", "paths"),
    [
        ({"a": OPENAI}, ["$.a"]),
        ({"a": [0, {"b": [OPENAI]}]}, ["$.a[1].b[0]"]),
        ({"a": f"{OPENAI} {GITHUB}"}, ["$.a", "$.a"]),
        ({"pinData": {"My node 😀": [{"x-api-key": KEY}]}}, ['$.pinData["My node 😀"][0]["x-api-key"]']),
        ({'a"b': OPENAI, "": OPENAI}, ['$["a\\"b"]', '$[""]']),
        ({"a\x1b[31m\n\u202eb": OPENAI}, ['$["a\\\\x1b[31m\\\\n\\\\u202eb"]']),
        ({"k" * 5000: OPENAI}, [f'$["{"k" * 59}…"]']),
        ([OPENAI], ["$[0]"]),
        (f"<p>\n\n{OPENAI}</p>\n{GITHUB}", ["line 3", "line 4"]),
    ],
)
def test_paths(answer: Any, paths: list[str]) -> None:
    assert [path for path, _ in found(answer)] == paths
    assert all(path.isprintable() for path in paths)


def test_keys_are_redacted_and_none_is_lost() -> None:
    answer = {OPENAI: 1, TOKENS["openai"][1]: {"b": GITHUB}, "[REDACTED:openai] 2": 3}
    redacted = redact({"a": answer})
    assert redacted.value == {
        "a": {"[REDACTED:openai]": 1, "[REDACTED:openai] 2": {"b": "[REDACTED:github]"}, "[REDACTED:openai] 2 3": 3}
    }
    assert redacted.findings == [("$.a", "openai"), ("$.a", "openai"), ('$.a["[REDACTED:openai] 2"].b', "github")]


def test_many_secret_keys_of_one_object_take_no_longer_each() -> None:
    answer = {f"sk-{number:032x}{'a1b2c3d4'}": number for number in range(20_000)}
    assert sorted(redact(answer).value.values()) == list(range(20_000))


def test_a_secret_that_one_place_gives_away_is_replaced_in_all() -> None:
    answer = {"description": f"The one that ends in {KEY} is mine.", "apiKey": KEY, "other": some(32, HEX), KEY: 1}
    redacted = redact(answer)
    assert redacted.value == {
        "description": "The one that ends in [REDACTED:api-key] is mine.",
        "apiKey": "[REDACTED:api-key]",
        "other": answer["other"],
        "[REDACTED:api-key]": 1,
    }
    assert len(redacted.findings) == 3


def test_a_short_password_is_replaced_where_it_is_one_only() -> None:
    answer = {"url": "postgres://n8n:acme-1@db/app", "text": "We are acme-1."}
    assert redact(answer).value == {
        "url": "postgres://n8n:[REDACTED:connection-string]@db/app",
        "text": "We are acme-1.",
    }


@pytest.mark.parametrize("kind", ["private-key", "token", "password", "secret"])
def test_our_own_marker_announces_nothing(kind: str) -> None:
    assert redact({"a": f"[REDACTED:{kind}]='{KEY}'"}).findings == []
    assert redact({"a": f"https://[REDACTED:{kind}]@github.com/a/b.git"}).findings == []


def test_as_deep_as_answers_may_be() -> None:
    body = '{"a":' * (MAX_DEPTH - 1) + f'["{OPENAI}"]' + "}" * (MAX_DEPTH - 1)
    answer, _ = load_json(body.encode())
    assert found(answer) == [("$" + ".a" * (MAX_DEPTH - 1) + "[0]", "openai")]


def test_no_finding_holds_a_secret() -> None:
    secrets = [secret for kind in TOKENS for secret in TOKENS[kind]]
    redacted = redact({"a": secrets, "b": {secret: {"c": secret} for secret in secrets}})
    said = json.dumps([redacted.value, redacted.findings])
    assert not [secret for secret in secrets if secret in said]


PIECES = st.one_of(
    st.sampled_from([secret for kind in TOKENS for secret in TOKENS[kind]]),
    st.sampled_from(["api-key", "token", "password", "secret", "Bearer ", "Basic ", "://", ":", "=", '"', "'", "@", "\\n", "[", "]", " ", "."]),
    st.text(max_size=8),
    st.from_regex(r"[A-Za-z0-9+/_.~-]{8,40}", fullmatch=True),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=12).map("".join)
ANSWERS = st.recursive(
    st.one_of(st.none(), st.integers(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.sampled_from(["name", "value", "apiKey"]), TEXTS), inner, max_size=4)
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ANSWERS)
def test_a_redacted_answer_has_no_secrets(answer: Any) -> None:
    redacted = redact(answer)
    assert redact(redacted.value).findings == []
    assert (redacted.value is answer) == (redacted.findings == [])


@pytest.mark.parametrize("kind", TOKENS)
def test_no_secret_is_hidden_by_the_texts_around_it(kind: str) -> None:
    """An answer's texts are asked about all at once first; where one ends and the next begins must not matter."""
    around = ["password", "https://user", "AKIA", "Basic", "-----BEGIN PRIVATE KEY-----", "api", "key:", "a" * 20, "%"]
    for secret in TOKENS[kind]:
        answer = {"texts": [*around, secret, *around], "name": {f"{word}-{len(word):12}": word for word in around}}
        redacted, findings = redact(answer)
        assert [finding.path for finding in findings] == [f"$.texts[{len(around)}]"]
        assert secret not in redacted["texts"]
