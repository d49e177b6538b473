"""Secrets that are recognised by what they look like, wherever they stand. Pure; the table is the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from n8n_scraper.redaction.plausible import is_filled_in, is_random, names_a_user
from n8n_scraper.redaction.span import Span

_U = r"\\?_"
"""An underscore; Markdown may have a backslash before it."""
_W = rf"(?:[A-Za-z0-9-]|{_U})"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Token(NamedTuple):
    kind: str
    """As in ``[REDACTED:<kind>]``; words are joined by -, because Markdown made of a page has a \\ before _."""
    secret: str
    """What is replaced. Every quantifier has an upper bound, so that a scan stays linear in the length of the text."""
    before: str = ""
    """What must stand before it, and stays."""
    check: Callable[[str], bool] = is_filled_in


TOKENS = (
    Token("anthropic", rf"sk-ant-{_W}{{20,200}}"),
    Token("openrouter", rf"sk-or-{_W}{{20,200}}"),
    Token("openai", rf"sk-{_W}{{20,250}}", check=is_random),  # and those who write theirs like OpenAI
    Token("stripe", rf"[sr]k{_U}(?:live|test){_U}[A-Za-z0-9]{{16,250}}"),
    Token("stripe", rf"whsec{_U}[A-Za-z0-9+/]{{24,100}}={{0,2}}"),
    Token("elevenlabs", rf"sk{_U}[0-9a-f]{{48}}(?![0-9a-f])"),
    Token("airtable", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    Token("hubspot", rf"pat-[a-z]{{2}}[0-9]-{_UUID}"),
    Token("apify", rf"apify{_U}api{_U}[A-Za-z0-9]{{20,100}}"),
    Token("github", rf"gh[pousr]{_U}[A-Za-z0-9]{{30,255}}"),
    Token("github", rf"github{_U}pat{_U}[A-Za-z0-9]{{20,24}}{_U}[A-Za-z0-9]{{50,70}}"),
    Token("gitlab", rf"glpat-{_W}{{20,100}}", check=is_random),
    Token("google", rf"AIza{_W}{{35}}(?![A-Za-z0-9])"),
    Token("google", rf"ya29\.{_W}{{20,1000}}"),
    Token("google", rf"GOCSPX-{_W}{{20,40}}"),
    Token("google", rf"1//0{_W}{{40,200}}"),
    Token("slack", r"xox[abeoprs]-[A-Za-z0-9-]{20,400}", check=is_random),
    Token("slack", r"xapp-[0-9]-[A-Za-z0-9-]{20,400}"),
    Token("slack-webhook", rf"T{_W}{{6,16}}/[AB]?{_W}{{6,24}}/{_W}{{16,60}}", r"hooks\.slack\.com/[a-z]{1,20}/"),
    Token("discord-webhook", rf"{_W}{{50,100}}", r"discord(?:app)?\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{15,21}/"),
    Token("teams-webhook", rf"[0-9a-f]{{32}}/{_UUID}", r"IncomingWebhook/"),
    Token("discord-bot", rf"[MNO]{_W}{{23,27}}\.{_W}{{6}}\.{_W}{{27,45}}", check=names_a_user),
    Token("sendgrid", rf"SG\.{_W}{{16,32}}\.{_W}{{30,64}}"),
    Token("twilio", r"SK[0-9a-f]{32}(?![0-9a-f])"),
    Token("mailgun", r"key-[0-9a-f]{32}(?![0-9a-f])"),
    Token("npm", rf"npm{_U}[A-Za-z0-9]{{36}}(?![A-Za-z0-9])"),
    Token("huggingface", rf"hf{_U}[A-Za-z0-9]{{30,40}}"),
    Token("xai", r"xai-[A-Za-z0-9]{40,120}"),
    Token("groq", rf"gsk{_U}[A-Za-z0-9]{{40,80}}"),
    Token("perplexity", r"pplx-[A-Za-z0-9]{32,80}"),
    Token("tavily", r"tvly-(?:[a-z]{3,5}-)?[A-Za-z0-9]{20,60}"),
    Token("firecrawl", r"fc-[0-9a-f]{32}(?![0-9a-f])"),
    Token("replicate", rf"r8{_U}[A-Za-z0-9]{{37}}(?![A-Za-z0-9])"),
    Token("notion", rf"(?:ntn|secret){_U}[A-Za-z0-9]{{40,50}}"),
    Token("linear", rf"lin{_U}(?:api|oauth){_U}[A-Za-z0-9]{{32,64}}"),
    Token("supabase", rf"sb(?:p{_U}[0-9a-f]{{40}}|{_U}secret{_U}{_W}{{20,60}})"),
    Token("brevo", r"x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16}"),
    Token("shopify", rf"shp(?:at|ca|pa|ss){_U}[0-9a-fA-F]{{32}}"),
    Token("pinecone", rf"pcsk{_U}{_W}{{40,100}}"),
    Token("figma", rf"figd{_U}{_W}{{36,60}}"),
    Token("langsmith", rf"lsv2{_U}[a-z]{{2}}{_U}[0-9a-f]{{32}}{_U}[0-9a-f]{{10}}"),
    Token("n8n", rf"n8n{_U}api{_U}[A-Za-z0-9]{{32,100}}"),
    Token("jina", rf"jina{_U}{_W}{{50,80}}"),
    Token("cal-com", rf"cal{_U}(?:live{_U})?[0-9a-f]{{32}}(?![0-9a-f])"),
    Token("clickup", rf"pk{_U}[0-9]{{5,12}}{_U}[A-Z0-9]{{32}}"),
    Token("resend", rf"re{_U}[A-Za-z0-9]{{8}}{_U}[A-Za-z0-9]{{20,32}}", check=is_random),
    Token("postman", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    Token("digitalocean", rf"do[opr]{_U}v1{_U}[0-9a-f]{{64}}"),
    Token("atlassian", rf"ATATT3{_W}{{60,250}}(?:=[0-9A-F]{{8}})?"),
    Token("dropbox", rf"sl\.(?:u\.)?{_W}{{100,2000}}"),
    Token("facebook", r"EAA[A-Za-z0-9]{80,400}"),
    Token("databricks", r"dapi[0-9a-f]{32}(?![0-9a-f])"),
    Token("pypi", rf"pypi-AgE{_W}{{50,250}}"),
    Token("typeform", rf"tfp{_U}{_W}{{40,80}}"),
    Token("rapidapi", r"[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{6}jsn[0-9a-f]{12}"),
    Token("mailchimp", r"[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])"),
    Token("telegram", rf"[0-9]{{8,10}}:AA{_W}{{33}}(?![A-Za-z0-9])"),
    # A presigned address names the id of a key in X-Amz-Credential; the key's secret is not in it.
    Token("aws", r"(?<!X-Amz-Credential=)(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    Token("jwt", rf"(?<![_-])eyJ{_W}{{10,2000}}\.eyJ{_W}{{10,8000}}\.{_W}{{16,2000}}"),
)


_START = r"(?:(?<![A-Za-z0-9])|\\[nrt]|%[0-9A-Fa-f]{2}|/bot)"
"""Where a token may begin: not inside a word, but after an escape in JSON text, a URL escape, or Telegram's /bot."""
_ANY = re.compile(_START + "(" + "|".join(token.before + token.secret for token in TOKENS) + ")", re.ASCII)
_WHICH = re.compile("|".join(f"{token.before}({token.secret})" for token in TOKENS), re.ASCII)
"""The same with a group for each row. Groups make a search ten times slower, so it only looks where the other found."""


def tokens(text: str, runs: Iterable[tuple[int, int]]) -> Iterator[Span]:
    """Each token in these parts of the text, once, by the first row of the table that fits."""
    for start, end in runs:
        for found in _ANY.finditer(text, start, end):
            match = _WHICH.match(text, found.start(1))
            assert match is not None
            assert match.lastindex is not None
            token = TOKENS[match.lastindex - 1]
            if token.check(match[match.lastindex]):
                yield Span(*match.span(match.lastindex), token.kind)
