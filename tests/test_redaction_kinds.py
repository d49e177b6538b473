"""What is a secret and what is none, as two tables."""

from __future__ import annotations

import base64
import re
import sys

import pytest

from n8n_scraper.redaction import tokens
from n8n_scraper.redaction.answer import redact
from n8n_scraper.redaction.frames import FRAMES
from n8n_scraper.redaction.text import find_secrets, without

from .redaction_samples import HEX, TOKENS, key_file, some, some_uuid

SURROUNDINGS = {
    "prose": "Use {} for this.",
    "end of a sentence": "It is {}.",
    "alone": "{}",
    "JavaScript": "const a = '{}';",
    "an expression": '={{{{ $json.x + "{}" }}}}',
    "JSON in a text": '{{"a": "{}"}}',
    "JSON in JSON": '{{\\"a\\": \\"{}\\"}}',
    "after a line end in JSON": '{{"a": "b\\n{}\\n"}}',
    "a parameter": "https://example.com/?a={}&b=1",
    "a parameter that is escaped": "https://example.com/?a%3D{}%26b",
    "Markdown": "**Key:** `{}`\n",
    "HTML": "<code>&quot;{}&quot;</code>",
    "emoji": "🔑{}🔑",
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize(("kind", "secret"), [(kind, secret) for kind in TOKENS for secret in TOKENS[kind]])
def test_a_token_is_recognised_wherever_it_stands(kind: str, secret: str, surroundings: str) -> None:
    text = surroundings.format(secret)
    assert without(text, find_secrets(text)) == surroundings.format(f"[REDACTED:{kind}]")


def test_every_row_of_the_table_is_in_the_samples() -> None:
    rows = {token.kind for token in tokens.TOKENS if not token.before}
    assert rows <= TOKENS.keys()


@pytest.mark.parametrize("secret", [secret for kind in TOKENS for secret in TOKENS[kind] if "_" in secret])
def test_markdown_may_have_escaped_the_underscores(secret: str) -> None:
    text = f"Use {secret} now"
    assert without(text.replace("_", r"\_"), find_secrets(text.replace("_", r"\_"))) == without(
        text, find_secrets(text)
    )


RANDOM, HEX32, PASSWORD, UUID = some(40), some(32, HEX), "Gr7!kd82#qLz", some_uuid()
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
IN_CONTEXT = {
    # kind, text with the secret between « and »
    "slack webhook": ("slack-webhook", f"https://hooks.slack.com/services/«T0{some(8)}/B0{some(8)}/{some(24)}»"),
    "slack workflow": ("slack-webhook", f"https://hooks.slack.com/triggers/«T0{some(8)}/{some(13)}/{some(32, HEX)}»"),
    "discord webhook": ("discord-webhook", f"https://discord.com/api/webhooks/123456789012345678/«{some(68)}»"),
    "teams webhook": ("teams-webhook", f"https://a.webhook.office.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/«{HEX32}/{UUID}»"),
    "telegram address": ("telegram", f"https://api.telegram.org/bot«6174093852:AA{some(33)}»/sendMessage"),
    "twilio": ("twilio", f"curl -u AC{some(32, HEX)}:«{HEX32}» https://api.twilio.com"),
    "id and secret": ("aws", f"«{'AK'}IA{some(16, 'ABCDEFGH234567')}» / «{some(40)}»"),
    "postgres": ("connection-string", "postgres://svc:«s3cr-et»@db.acme.io:5432/app"),
    "mongo": ("connection-string", f"mongodb+srv://svc:«{some(16)}»@cluster0.ab1cd.mongodb.net/app?w=1"),
    "redis without a user": ("connection-string", f"redis://:«{some(16)}»@10.0.0.5:6379/0"),
    "an @ in it": ("connection-string", "mysql://root:«p@ssw0/rd7»@db/app"),
    "https": ("connection-string", f"git clone https://ada:«{some(20)}»@git.acme.io/x.git"),
    "bearer": ("bearer", f"Authorization: Bearer «{RANDOM}»"),
    "bearer in an expression": ("bearer", f"={{{{ 'Bearer «{RANDOM}»' }}}}"),
    "bearer in curl": ("bearer", f"curl -H 'authorization: bearer «{RANDOM}»' https://x.io"),
    "bearer in a text": ("bearer", f"send Bearer «{RANDOM}»."),
    "authorization without a scheme": ("authorization", f'"Authorization": "«{RANDOM}»"'),
    "two with a colon": ("authorization", f"Authorization: Key «{UUID}:{HEX32}»"),
    "basic": ("basic-auth", f"Authorization: Basic «{BASIC}»"),
    "api key in code": ("api-key", f"const API_KEY = '«{HEX32}»';"),
    "api key in JSON": ("api-key", f'{{"apiKey": "«{HEX32}»"}}'),
    "api key in JSON in JSON": ("api-key", f'{{\\"api_key\\": \\"«{HEX32}»\\"}}'),
    "api key in HTML": ("api-key", f"apiKey: &quot;«{HEX32}»&quot;"),
    "api key in an address": ("api-key", f"https://x.io/?a=1&apikey=«{HEX32}»&b=2"),
    "key in an address": ("api-key", f"https://maps.x.io/geo?key=«{HEX32}»"),
    "appid": ("api-key", f"https://x.io/data?q=Rome&appid=«{HEX32}»"),
    "header": ("api-key", f"xi-api-key: «{HEX32}»"),
    "name and value in a text": ("api-key", f'{{"name": "x-api-key", "value": "«{HEX32}»"}}'),
    "Markdown": ("api-key", f"**API Key**: `«{HEX32}»`"),
    "prose": ("api-key", f"Your API key is «{HEX32}»."),
    "table": ("token", f"| Token | «{RANDOM}» |"),
    "arrow": ("token", f"'token' => '«{RANDOM}»'"),
    "query": ("token", f"https://x.io/hook?access_token=«{RANDOM}»"),
    "signature of an address": ("token", f"https://x.azure.com/run?sp=r&sig=«{some(40)}%3D»"),
    "environment": ("secret", f"CLIENT_SECRET=«{RANDOM}»"),
    "secret key": ("api-key", f"aws_secret_access_key = «{some(40)}»"),
    "cookie": ("session", f"theme=dark; PHPSESSID=«{some(26)}»; lang=en"),
    "password in JSON": ("password", f'{{"password": "«{PASSWORD}»"}}'),
    "password in JSON in JSON": ("password", f'{{\\"password\\": \\"«{PASSWORD}»\\"}}'),
    "password in code": ("password", f"DB_PASSWORD='«{PASSWORD}»'"),
    "password in an address": ("password", f"https://zoom.us/j/86579738722?pwd=«{some(32)}.1»"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "marked"), IN_CONTEXT.values(), ids=IN_CONTEXT)
def test_a_secret_is_recognised_by_what_stands_around_it(kind: str, marked: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    assert without(text, find_secrets(text)) == re.sub("«.*?»", f"[REDACTED:{kind}]", marked)


def test_every_frame_is_in_the_table() -> None:
    assert {frame.kind for frame in FRAMES} - {"private-key"} <= {kind for kind, _ in IN_CONTEXT.values()}


FIELDS = [
    ("api-key", {"apiKey": HEX32}, "apiKey"),
    ("api-key", {"key": "X-Api-Key", "value": HEX32}, "value"),
    ("api-key", {"name": "openai_api_key", "stringValue": f"={HEX32}"}, "stringValue"),
    ("token", {"data[AUTH][access_token]": some(70, HEX)}, "data[AUTH][access_token]"),
    ("secret", {"clientSecret": some(20) + "~Q=" + some(9)}, "clientSecret"),
    ("authorization", {"name": "Authorization", "value": f"Key {UUID}:{HEX32}"}, "value"),
    ("password", {"password": PASSWORD}, "password"),
    ("password", {"name": "db.password", "value": "tr0ub4dor&3"}, "value"),
]


@pytest.mark.parametrize(("kind", "holder", "field"), FIELDS)
def test_a_secret_is_recognised_by_the_name_of_its_field(kind: str, holder: dict[str, str], field: str) -> None:
    redacted = redact(holder)
    assert [finding.kind for finding in redacted.findings] == [kind]
    assert redacted.value[field].endswith(f"[REDACTED:{kind}]")
    assert {**redacted.value, field: holder[field]} == holder


STAYS = [
    *("task-list", "risk-free", "disk-usage-report-2024-final-version", "sk-learn", "desk-research-for-2024-q3-report"),
    *("ask-me-anything-about-n8n-workflows", "sk-cube-grid-loader-animation", "patient.record", "key-value store"),
    *("hf_transfer", "github_pat_", "re_open_the_issue", "SG.de", "AC/DC", "EAA", "eyJ", "Bearer", "Basic", "fc-barcelona"),
    *("basic understanding of JavaScript", "Basic authentication", "a bearer of bad news about the situation"),
    # ids
    UUID,
    f'"webhookId": "{UUID}"',
    f'{{"credentials": {{"openAiApi": {{"id": "{some(16)}", "name": "OpenAi account 2"}}}}}}',
    f"https://docs.google.com/spreadsheets/d/{some(44)}/edit#gid=0",
    f"https://airtable.com/app{some(14)}/tbl{some(14)}",
    f"sha256:{some(64, HEX)}",
    f"commit {some(40, HEX)}",
    f"integrity='sha384-{some(64)}'",
    f"AC{some(32, HEX)}",
    f"data:image/png;base64,{some(4000)}==",
    f"https://x.s3.amazonaws.com/a.png?X-Amz-Credential={'AS'}IA{some(16, 'ABCDEFGH234567')}%2F20260101&X-Amz-Expires=3600",
    # expressions
    "={{ $json.token }}",
    "Bearer {{ $json.access_token }}",
    "=Bearer {{$node['Get token'].json['access_token']}}",
    "https://api.telegram.org/bot{{ $json.telegram_token }}/sendMessage",
    "https://x.io/?api_key={{ $vars.SERP_API_KEY_2024 }}",
    "token: ${process.env.SLACK_BOT_TOKEN}",
    "const token = process.env.SLACK_BOT_TOKEN_V2;",
    "postgres://{{ $json.user }}:{{ $json.password }}@db.acme.io/app",
    "postgres://user:${DB_PASSWORD}@db/app",
    # stand-ins
    *("Bearer YOUR_TOKEN_HERE", "Bearer <token>", "Bearer sk-xxxxxxxxxxxxxxxxxxxxxxxx", "Basic YOUR_WORDPRESS_AUTH_CODE"),
    *("sk-your-openai-api-key-goes-here-2024", "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-...abcd", "sk_live_XXXXXXXXXXXXXXXXXXXXXXXX"),
    *("xoxb-your-slack-bot-token-1234", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"),
    "ghp_" + "1234567890abcdefghijklmnopqrstuvwxyz",
    "123456789:" + "AAabcdefghijklmnopqrstuvwxyz1234567",
    *("apikey=YOUR_API_KEY_HERE_1234", "api_key: <YOUR_API_KEY_2024>", "x-api-key: super-secret-key", "api_key=REDACTED"),
    "token: " + "eyJhbGciOiJSUzI1...",
    *('"password": "yourpassword"', '"password": "password123"', "password='changeme'", '"password": "********"', "password: required field"),
    *("postgres://user:password@localhost/db", "https://user:pass@example.com", "mongodb+srv://<username>:<password>@cluster0.mongodb.net"),
    "mongodb+srv://&lt;username&gt;:&lt;password&gt;@cluster0.mongodb.net",
    *("https://n8n.io:443/a@b", "mailto:ada@example.com", "git@github.com:n8n-io/n8n.git"),
    # tokens that open nothing, and names of what is no secret
    *(f'"nextPageToken": "{some(40)}"', f"postman-token: {UUID}", f"https://x.io/join?inviteToken={HEX32}"),
    *("maxTokens: 4096", '"token_type": "bearer"', '"authentication": "genericCredentialType"', "primaryKey: customer_id_2024_01_01"),
    "-----BEGIN PRIVATE KEY-----\nYOUR_KEY_HERE\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + some(64) + "\n-----END PUBLIC KEY-----",
]  # fmt: skip


@pytest.mark.parametrize("text", STAYS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact({"text": text, "list": [text]}).findings == []


FIELDS_THAT_STAY = [
    {"name": "Authorization", "value": "Bearer YOUR_TOKEN_HERE"},
    {"name": "token", "value": "={{ $json.token }}"},
    {"apiKey": ""},
    {"apiKey": "your-api-key-here"},
    {"secret": "https://vault.acme.io/v1/secret2024"},
    {"password": "={{ $json.password1 }}"},
    {"password": "secret"},
    {"password": 754637},
    {"replyToken": "9b1deb4d3b7d4bad9bdd2b0d7b3dcb6d"},
    {"authentication": "predefinedCredentialType2"},
    {"nodeCredentialType": "googleCloudNaturalLanguageOAuth2Api"},
    {"id": some(16), "sessionId": HEX32, "webhookId": UUID},
]


@pytest.mark.parametrize("holder", FIELDS_THAT_STAY)
def test_a_field_without_a_secret_stays(holder: dict[str, object]) -> None:
    redacted = redact(holder)
    assert redacted.findings == []
    assert redacted.value is holder


def test_a_cut_off_key_file_is_a_secret_too() -> None:
    whole = key_file()
    text = "key:\n" + whole[: len(whole) // 2]
    assert without(text, find_secrets(text)) == "key:\n[REDACTED:private-key]"


def test_lower_case_keeps_every_place() -> None:
    text = "İ" * 30 + f" Api-Key: {HEX32}"
    [span] = find_secrets(text)
    assert text[span.start : span.end] == HEX32
    assert [chr(code) for code in range(sys.maxunicode + 1) if len(chr(code).lower()) > 1] == ["İ"]
